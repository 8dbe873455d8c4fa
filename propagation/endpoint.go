package propagation

import (
	"strings"

	"go.opentelemetry.io/otel/attribute"
)

// Endpoint is what the spans of one client on one topic or subscription have in common. Empty fields are left out of the
// spans.
type Endpoint struct {
	// ClientID is the MQTT client identifier.
	ClientID string
	// ServerAddress and ServerPort are the broker's host and port as the client was told them.
	ServerAddress string
	ServerPort    int
	// ProtocolVersion is "5.0" unless set, as "3.1.1".
	ProtocolVersion string
	// Topic is the topic of all messages, if it is the same; a [Message] with another topic overrules it.
	Topic string
	// Template is the pattern topics are made from, such as "plant/{line}/telemetry". It names the spans. Without it the
	// topic does, which is right only where topics are few.
	Template string
	// Subscription is a consumer's topic filter as it was subscribed. Of "$share/group/filter" both parts are recorded.
	Subscription string
	// BodySize turns on the recording of payload sizes, which the conventions leave to choice.
	BodySize bool
	// Relation is that of a consumer's spans to the creation context of their messages.
	Relation Relation
}

// Relation is how the span that processes a message refers to the message's creation context. The conventions ask for a link and
// allow a parent.
type Relation uint8

const (
	// ChildAndLink makes the span a child of the creation context, and links to it: one message is one trace, and tools that
	// look for links find them.
	ChildAndLink Relation = iota
	// ChildOnly leaves the link out.
	ChildOnly
	// LinkOnly makes the span the first of a trace of its own, or a child of what goes on at the receiver.
	LinkOnly
)

// Message is what the span of one message says besides its [Endpoint]. A Message that sets nothing but QoS and the flags
// costs no allocation.
type Message struct {
	// Topic is the topic of the PUBLISH. Needed only if it is not the endpoint's.
	Topic string
	QoS   byte
	// Retain and Duplicate are the flags of the PUBLISH. A producer has no use for Duplicate.
	Retain, Duplicate bool
	// BodySize is the length of the payload in bytes, recorded if the endpoint says so.
	BodySize int
	// ID identifies the message, as a CloudEvent's id does; MQTT itself has none.
	ID string
	// ConversationID is the correlation data as text.
	ConversationID string
}

// attributes returns the fixed attributes of an operation, the ones that samplers ask for first.
func (e Endpoint) attributes(operation string, kind attribute.KeyValue) []attribute.KeyValue {
	as := []attribute.KeyValue{SystemKey.String(System), OperationNameKey.String(operation), kind}
	text := func(key attribute.Key, value string) {
		if value != "" {
			as = append(as, key.String(value))
		}
	}
	text(TemplateKey, e.Template)
	text(ServerAddressKey, e.ServerAddress)
	if e.ServerPort != 0 {
		as = append(as, ServerPortKey.Int(e.ServerPort))
	}
	text(ClientIDKey, e.ClientID)
	group, filter := splitShare(e.Subscription)
	text(SubscriptionKey, filter)
	text(ShareNameKey, group)
	return append(as, ProtocolKey.String(System), ProtocolVersionKey.String(e.protocolVersion()))
}

func (e Endpoint) protocolVersion() string {
	if e.ProtocolVersion == "" {
		return "5.0"
	}
	return e.ProtocolVersion
}

// splitShare takes the share name off a shared subscription.
func splitShare(subscription string) (group, filter string) {
	if shared, ok := strings.CutPrefix(subscription, "$share/"); ok {
		group, filter, _ = strings.Cut(shared, "/")
		return group, filter
	}
	return "", subscription
}

// extra returns the attributes of one message that could not be prepared, nil in the common case.
func (e *Endpoint) extra(m *Message) []attribute.KeyValue {
	if (m.Topic == "" || m.Topic == e.Topic) && !e.BodySize && m.ID == "" && m.ConversationID == "" {
		return nil
	}
	as := make([]attribute.KeyValue, 0, 4)
	if m.Topic != "" && m.Topic != e.Topic {
		as = append(as, TopicKey.String(m.Topic))
	}
	if e.BodySize {
		as = append(as, BodySizeKey.Int(m.BodySize))
	}
	if m.ID != "" {
		as = append(as, MessageIDKey.String(m.ID))
	}
	if m.ConversationID != "" {
		as = append(as, ConversationIDKey.String(m.ConversationID))
	}
	return as
}

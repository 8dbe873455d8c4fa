package scenarios

import (
	"fmt"
	"strings"
)

// ConnectOptions are properties of each client's CONNECT packet (MQTT 5 section 3.1). The zero value is a keep alive of 60 s, and no
// limits.
type ConnectOptions struct {
	// KeepAlive is the keep alive interval in whole seconds, up to 18h12m15s; 0 s turns it off. Default: 60s.
	KeepAlive *Duration `json:"keep_alive,omitempty"`
	// CleanStart makes the first connection begin a session of its own; without it the broker may have one from before. A connection that
	// is made again resumes the session as long as session_expiry keeps it. Default: true, and false with session_expiry.
	CleanStart *bool `json:"clean_start,omitempty"`
	// MaximumPacketSize is the size in bytes above which the broker must not send the client a packet. A broker drops larger messages
	// without a word, so they are lost. Default: no limit.
	MaximumPacketSize int `json:"maximum_packet_size,omitempty"`
}

// Will is the message that the broker publishes when a client's connection ends without a DISCONNECT (MQTT 5 section 3.1.2.5).
// Receivers count wills by themselves.
type Will struct {
	// Topic is published to; {group} and {sender} stand for the sender's group and index. Required.
	Topic string `json:"topic" jsonschema:"required,minLength=1"`
	// Payload is text, with the same placeholders. Default: empty.
	Payload string `json:"payload,omitempty"`
	// QoS is 0, 1 or 2. Default: 0.
	QoS byte `json:"qos,omitempty" jsonschema:"enum=0,enum=1,enum=2,default=0"`
	// Retain sets the RETAIN flag of the will. Default: false.
	Retain bool `json:"retain,omitempty" jsonschema:"default=false"`
	// Delay is for how long the broker waits for the client to come back before it publishes the will, in whole seconds: no longer
	// than the session lasts. Default: 0 s.
	Delay Duration `json:"delay,omitempty"`
}

// Text is one of the will's texts as client i of group s, counted from 0, has it.
func (s Sender) Text(template string, i int) string {
	return expand(template, s.Name, senderPlaceholder, i)
}

// RetainHandling says which retained messages a broker sends when a client subscribes.
type RetainHandling string

const (
	// SendRetained sends them with every SUBSCRIBE.
	SendRetained RetainHandling = "send"
	// SendIfNew sends them if the client had no such subscription yet.
	SendIfNew RetainHandling = "send_if_new"
	// DontSend sends none.
	DontSend RetainHandling = "dont_send"
)

// maxSubscriptionIdentifier is what four bytes of seven bits hold.
const maxSubscriptionIdentifier = 268_435_455

// minPacketSize leaves room for a CONNACK, a SUBACK and probes.
const minPacketSize = 64

func (d *decoder) connectFields(to *ConnectOptions) []field {
	return []field{
		optional("keep_alive", d.keepAlive(&to.KeepAlive)),
		optional("clean_start", func(n *node) {
			var clean bool
			if d.boolean(&clean)(n); !n.bad {
				to.CleanStart = &clean
			}
		}),
		optional("maximum_packet_size", d.packetSize(&to.MaximumPacketSize)),
	}
}

func (d *decoder) keepAlive(to **Duration) func(*node) {
	return func(n *node) {
		var v Duration
		d.wholeSeconds(&v, 0, 65535)(n)
		if !n.bad {
			*to = &v
		}
	}
}

// wholeSeconds reads a duration that MQTT counts in seconds.
func (d *decoder) wholeSeconds(to *Duration, low, high int64) func(*node) {
	return func(n *node) {
		v, ok := d.readDuration(n)
		switch {
		case !ok:
		case v%seconds(1) != 0 || v < Duration(low)*seconds(1) || v > Duration(high)*seconds(1):
			d.report(n, n.text+" cannot be sent", fmt.Sprintf("whole seconds from %ds to %ds", low, high))
		default:
			*to = v
		}
	}
}

func (d *decoder) packetSize(to *int) func(*node) {
	return func(n *node) {
		if d.size(to, MaxPayload)(n); !n.bad && *to < minPacketSize {
			d.report(n, n.text+" leaves no room for a CONNACK", fmt.Sprintf("at least %d bytes", minPacketSize))
		}
	}
}

func (d *decoder) will(s *Sender) func(*node) {
	return func(n *node) {
		w := &Will{}
		d.mapping(n,
			required("topic", "what the will is published to, such as bench/{sender}/status", d.text(&w.Topic)),
			optional("payload", d.text(&w.Payload)),
			optional("qos", d.qos(&w.QoS)),
			optional("retain", d.boolean(&w.Retain)),
			optional("delay", d.wholeSeconds(&w.Delay, 0, maxExpiry)),
		)
		s.Will = w
		d.willTexts(n, *s)
	}
}

func (d *decoder) willTexts(n *node, s Sender) {
	one := s
	one.Topic = Topics{}
	if at := n.get("topic"); at.sound() {
		if what, want := badTopic(one, s.Will.Topic); what != "" {
			d.report(at, what, want)
		}
	}
	if at := n.get("payload"); at.sound() {
		if what, want := badPlaceholder(s.Will.Payload, groupPlaceholder, senderPlaceholder); what != "" {
			d.report(at, what, want)
		}
	}
}

// subscriptionFields are the keys of a receiver's subscriptions and of what it takes.
func (d *decoder) subscriptionFields(r *Receiver) []field {
	return []field{
		optional("retain_handling", oneOf(d, &r.RetainHandling, SendRetained, SendIfNew, DontSend)),
		optional("retain_as_published", d.boolean(&r.RetainAsPublished)),
		optional("no_local", d.boolean(&r.NoLocal)),
		optional("subscription_identifier", d.whole(&r.SubscriptionIdentifier, 1, maxSubscriptionIdentifier)),
		optional("receive_maximum", d.whole(&r.ReceiveMaximum, 1, 65535)),
		optional("topic_alias_maximum", d.whole(&r.TopicAliasMaximum, 1, 65535)),
	}
}

// badSubscription checks what a subscription may not be together.
func (d *decoder) badSubscription(n *node, r Receiver) {
	local := n.get("no_local")
	if local.sound() && r.NoLocal && len(r.Filter) > 0 && strings.HasPrefix(r.Filter[0], "$share/") {
		d.report(local, "a shared subscription with no_local is a protocol error (MQTT 5 section 3.8.3.1)", "one of them")
	}
}

package observe

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	respb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"mqttrace/load/otlp"
	"mqttrace/load/result"
	"mqttrace/propagation"
)

// spanKey names a span for good: span ids by themselves are unique in their trace alone.
type spanKey struct {
	trace [16]byte
	span  [8]byte
}

// hash is enough to remember a span by: ids are random.
func (k *spanKey) hash() uint64 {
	return binary.LittleEndian.Uint64(k.span[:]) ^ binary.LittleEndian.Uint64(k.trace[8:])
}

// role is what a span is in a message's way.
type role uint8

const (
	bystander role = iota // of no message, or of something that happens to one besides
	producer
	consumer
)

// span is what is kept of a span while it waits for others.
type span struct {
	key        spanKey
	parent     spanKey // zeros if it has none
	links      []spanKey
	service    *service
	host       string
	name       string
	topic      string // or a pattern of topics
	exact      string // the topic alone; empty if the span does not tell
	start, end int64  // ns since 1970
	arrived    int64  // in the observer's time

	role       role
	isClient   bool // its kind is CLIENT
	isRetained bool // the message is a replay of a retained one

	received   int       // of a producer: how many consumer spans are paired with it
	isPaired   bool      // of a consumer: it is with a producer
	isInner    bool      // of a consumer: it descends from another consumer span of the message
	isWaiting  bool      // of a consumer: its trace counts it as not paired
	awaits     []spanKey // of a consumer: spans that may lead to its producer and have not arrived
	slot       int       // of a producer: index in its trace
	isReprieve bool      // of a producer: it is waiting for a second time
}

const (
	// mostLinks bounds the links of one span that are looked at.
	mostLinks = 128
	// longestName is where a name that is kept is cut.
	longestName = 256
)

// read takes over what identifies and times a span; ok is false if something of that is missing.
func read(p *tracepb.Span) (s *span, ok bool) {
	s = &span{name: cut(p.GetName()), start: int64(p.GetStartTimeUnixNano()), end: int64(p.GetEndTimeUnixNano())}
	if !id(s.key.trace[:], p.GetTraceId()) || !id(s.key.span[:], p.GetSpanId()) {
		return nil, false
	}
	// A span that ends before it starts was timed by a clock that was set meanwhile; its start is as good as any.
	if s.start <= 0 || s.end <= 0 || p.GetStartTimeUnixNano() > math.MaxInt64 || p.GetEndTimeUnixNano() > math.MaxInt64 {
		return nil, false
	}
	s.isClient = p.GetKind() == tracepb.Span_SPAN_KIND_CLIENT
	if parent := p.GetParentSpanId(); len(parent) != 0 {
		s.parent.trace = s.key.trace
		if !id(s.parent.span[:], parent) {
			s.parent = spanKey{} // protocol: an id of zeros is none
		}
	}
	for _, l := range p.GetLinks() {
		var k spanKey
		if len(s.links) < mostLinks && id(k.trace[:], l.GetTraceId()) && id(k.span[:], l.GetSpanId()) {
			s.links = append(s.links, k)
		}
	}
	return s, true
}

// id copies an id; ok is false for one that the protocol does not allow.
func id(to, from []byte) (ok bool) {
	if copy(to, from) != len(to) || len(from) != len(to) {
		return false
	}
	for _, b := range to {
		if b != 0 {
			return true
		}
	}
	return false
}

// cut shortens what may be of any length.
func cut(s string) string {
	if len(s) <= longestName {
		return s
	}
	s = s[:longestName]
	for len(s) > 0 && !utf8.RuneStart(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s[:max(0, len(s)-1)] + "…"
}

// Attributes that have other names today and that spans are still understood by.
const (
	oldOperation   = "messaging.operation"
	oldDestination = "messaging.destination"
)

// attributes are those of a span that say what it is.
type attributes struct {
	system, operation, operationType, oldOperation string
	template, subscription, topic                  string
	errorType                                      string
	isMessaging, isRetained                        bool
}

func readAttributes(all []*common.KeyValue) (a attributes) {
	for _, kv := range all {
		if kv == nil {
			continue
		}
		text := kv.GetValue().GetStringValue()
		switch kv.GetKey() {
		case string(propagation.SystemKey):
			a.system = text
		case string(propagation.OperationNameKey):
			a.operation = text
		case string(propagation.OperationTypeKey):
			a.operationType = text
		case oldOperation:
			a.oldOperation = text
		case string(propagation.TemplateKey):
			a.template = text
		case string(propagation.SubscriptionKey):
			a.subscription = filter(text)
		case string(propagation.TopicKey):
			a.topic = text
		case oldDestination:
			if a.topic == "" {
				a.topic = text
			}
		case string(propagation.ErrorTypeKey):
			a.errorType = text
		case string(propagation.RetainKey):
			a.isRetained = kv.GetValue().GetBoolValue()
		}
		a.isMessaging = a.isMessaging || strings.HasPrefix(kv.GetKey(), "messaging.")
	}
	return a
}

// filter is the topic filter of a subscription, shared or not.
func filter(subscription string) string {
	rest, isShared := strings.CutPrefix(subscription, "$share/")
	if !isShared {
		return subscription
	}
	_, rest, _ = strings.Cut(rest, "/")
	return rest
}

// destination is what messages are told apart by: the topic's template if there is one, else the filter of the subscription if
// it stands for topics of one form, else the topic.
func (a *attributes) destination() string {
	switch {
	case a.template != "":
		return cut(a.template)
	case strings.Contains(a.subscription, "+") && !strings.Contains(a.subscription, "#"):
		return cut(a.subscription)
	default:
		return cut(a.topic)
	}
}

// does is the type of the operation, in the words of today.
func (a *attributes) does() string {
	for _, s := range []string{a.operationType, a.oldOperation, a.operation} {
		switch strings.ToLower(s) {
		case "create", "send", "publish":
			return "send"
		case "process", "deliver", "consume":
			return "process"
		case "receive":
			return "receive"
		case "settle", "ack", "nack":
			return "settle"
		}
	}
	return ""
}

// roleOf goes by the kind where it is decisive, else by the operation.
func roleOf(kind tracepb.Span_SpanKind, a *attributes) role {
	does := a.does()
	switch {
	case kind == tracepb.Span_SPAN_KIND_PRODUCER:
		return producer
	case kind == tracepb.Span_SPAN_KIND_CONSUMER && does != "settle":
		return consumer
	case does == "send":
		return producer
	case does == "process" || does == "receive":
		return consumer
	}
	return bystander
}

// unknownHost stands for one that a resource does not name.
const unknownHost = "(unknown)"

// hostOf names the machine whose clock a resource's spans were timed by, as well as the resource tells.
func hostOf(r *respb.Resource) string {
	for _, key := range []string{"k8s.node.name", "host.name", "host.id"} {
		if name := otlp.StringAttribute(r.GetAttributes(), key); name != "" {
			return cut(name)
		}
	}
	return unknownHost
}

// example is what the result file says of a span.
func (s *span) example() result.Example {
	return result.Example{
		TraceID: hex.EncodeToString(s.key.trace[:]), SpanID: hex.EncodeToString(s.key.span[:]),
		Service: s.service.name, Name: s.name, At: time.Unix(0, s.start).UTC(),
	}
}

package observe

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	respb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"mqttrace/load/result"
)

// Kinds of spans, for short.
const (
	kindInternal = tracepb.Span_SPAN_KIND_INTERNAL
	kindClient   = tracepb.Span_SPAN_KIND_CLIENT
	kindProducer = tracepb.Span_SPAN_KIND_PRODUCER
	kindConsumer = tracepb.Span_SPAN_KIND_CONSUMER
)

// began is when the observations of these tests begin.
var began = time.Date(2026, 10, 2, 12, 0, 0, 0, time.UTC)

// made is a span made by hand: trace and span ids are small numbers, instants are counted from began.
type made struct {
	service, host string
	trace, id     uint64
	parent        uint64
	links         [][2]uint64
	kind          tracepb.Span_SpanKind
	name          string
	at, took      time.Duration
	attributes    map[string]any
	isFailed      bool
}

func traceID(n uint64) []byte {
	if n == 0 {
		return nil
	}
	return binary.BigEndian.AppendUint64(make([]byte, 8), n)
}

func spanID(n uint64) []byte {
	if n == 0 {
		return nil
	}
	return binary.BigEndian.AppendUint64(nil, n)
}

func (m made) proto() *tracepb.Span {
	s := &tracepb.Span{
		TraceId: traceID(m.trace), SpanId: spanID(m.id), ParentSpanId: spanID(m.parent), Kind: m.kind, Name: m.name,
		StartTimeUnixNano: uint64(began.Add(m.at).UnixNano()), EndTimeUnixNano: uint64(began.Add(m.at + m.took).UnixNano()),
		Attributes: keyValues(m.attributes),
	}
	for _, l := range m.links {
		s.Links = append(s.Links, &tracepb.Span_Link{TraceId: traceID(l[0]), SpanId: spanID(l[1])})
	}
	if m.isFailed {
		s.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR}
	}
	return s
}

func keyValues(all map[string]any) (list []*common.KeyValue) {
	for k, v := range all {
		value := &common.AnyValue{}
		switch v := v.(type) {
		case string:
			value.Value = &common.AnyValue_StringValue{StringValue: v}
		case bool:
			value.Value = &common.AnyValue_BoolValue{BoolValue: v}
		case int:
			value.Value = &common.AnyValue_IntValue{IntValue: int64(v)}
		default:
			panic(fmt.Sprintf("%T", v))
		}
		list = append(list, &common.KeyValue{Key: k, Value: value})
	}
	return list
}

// request is what exporters of several services would send of these spans, one after the other, each by itself.
func request(all ...made) *collectorpb.ExportTraceServiceRequest {
	q := &collectorpb.ExportTraceServiceRequest{}
	for _, m := range all {
		attributes := map[string]any{}
		if m.service != "" {
			attributes["service.name"] = m.service
		}
		if m.host != "" {
			attributes["host.name"] = m.host
		}
		q.ResourceSpans = append(q.ResourceSpans, &tracepb.ResourceSpans{
			Resource:   &respb.Resource{Attributes: keyValues(attributes)},
			ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{m.proto()}}},
		})
	}
	return q
}

// publish and process are spans as the conventions have them; more is done to them by each of the functions.
func publish(trace, id uint64, more ...func(*made)) made {
	m := made{service: "sender", host: "h1", trace: trace, id: id, kind: kindProducer, name: "publish a/b", at: time.Second, took: 5 * time.Millisecond,
		attributes: map[string]any{"messaging.system": "mqtt", "messaging.operation.name": "publish", "messaging.operation.type": "send", "messaging.destination.name": "a/b"}}
	return m.with(more)
}

func process(trace, id uint64, more ...func(*made)) made {
	m := made{service: "receiver", host: "h2", trace: trace, id: id, kind: kindConsumer, name: "process a/b", at: time.Second + 2*time.Millisecond, took: time.Millisecond,
		attributes: map[string]any{"messaging.system": "mqtt", "messaging.operation.name": "process", "messaging.operation.type": "process", "messaging.destination.name": "a/b"}}
	return m.with(more)
}

func (m made) with(more []func(*made)) made {
	for _, f := range more {
		f(&m)
	}
	return m
}

func childOf(id uint64) func(*made) { return func(m *made) { m.parent = id } }
func linkTo(trace, id uint64) func(*made) {
	return func(m *made) { m.links = append(m.links, [2]uint64{trace, id}) }
}
func from(service, host string) func(*made) {
	return func(m *made) { m.service, m.host = service, host }
}
func at(d time.Duration) func(*made)           { return func(m *made) { m.at = d } }
func kind(k tracepb.Span_SpanKind) func(*made) { return func(m *made) { m.kind = k } }
func attr(key string, value any) func(*made)   { return func(m *made) { m.attributes[key] = value } }

// inner is a span of no message.
func inner(trace, id uint64, more ...func(*made)) made {
	m := made{service: "receiver", host: "h2", trace: trace, id: id, kind: kindInternal, name: "work", at: time.Second, took: time.Second}
	return m.with(more)
}

// recorded observes spans as files would have them, each in a request of its own, and returns what it comes to.
func recorded(t *testing.T, all ...made) *result.Result {
	t.Helper()
	o := New(Config{Recorded: true})
	for _, m := range all {
		require.NoError(t, o.Traces(t.Context(), request(m)))
	}
	return finish(t, o)
}

// finish ends an observation and checks that nothing is left of it.
func finish(t *testing.T, o *Observer) *result.Result {
	t.Helper()
	r, err := o.Finish(About{Version: "test"})
	require.NoError(t, err)
	require.Empty(t, o.held)
	require.Empty(t, o.awaiting)
	require.Empty(t, o.traces)
	require.Nil(t, o.queue.peek())
	return r
}

// clock is a clock that is set by hand.
type clock struct{ now time.Time }

func (c *clock) read() time.Time { return c.now }

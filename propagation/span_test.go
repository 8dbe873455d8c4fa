package propagation

import (
	"context"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// recorder returns a tracer and the spans it has ended.
func recorder(t *testing.T, opts ...sdktrace.TracerProviderOption) (trace.Tracer, func() tracetest.SpanStubs) {
	t.Helper()
	exporter := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(append(opts, sdktrace.WithSyncer(exporter))...)
	t.Cleanup(func() { assert.NoError(t, provider.Shutdown(context.Background())) })
	return provider.Tracer("test"), exporter.GetSpans
}

// only returns the one span ended.
func only(t *testing.T, spans func() tracetest.SpanStubs) tracetest.SpanStub {
	t.Helper()
	require.Len(t, spans(), 1)
	return spans()[0]
}

func attributesOf(s tracetest.SpanStub) map[string]any {
	m := map[string]any{}
	for _, a := range s.Attributes {
		m[string(a.Key)] = a.Value.AsInterface()
	}
	return m
}

func TestProducer(t *testing.T) {
	endpoint := Endpoint{
		ClientID: "c1", ServerAddress: "broker.example", ServerPort: 1883,
		Topic: "plant/7/telemetry", Template: "plant/{line}/telemetry",
	}
	fixed := map[string]any{
		"messaging.system": "mqtt", "messaging.operation.name": "publish", "messaging.operation.type": "send",
		"messaging.destination.name": "plant/7/telemetry", "messaging.destination.template": "plant/{line}/telemetry",
		"messaging.client.id": "c1", "server.address": "broker.example", "server.port": int64(1883),
		"network.protocol.name": "mqtt", "network.protocol.version": "5.0",
		"messaging.mqtt.qos": int64(0), "messaging.mqtt.retain": false,
	}
	sized, bare := endpoint, Endpoint{ProtocolVersion: "3.1.1"}
	sized.BodySize = true
	cases := []struct {
		name     string
		endpoint Endpoint
		message  Message
		span     string
		want     map[string]any // over fixed; nil takes away
	}{
		{"fixed", endpoint, Message{}, "publish plant/{line}/telemetry", nil},
		{"flags", endpoint, Message{QoS: 2, Retain: true, Duplicate: true}, "publish plant/{line}/telemetry",
			map[string]any{"messaging.mqtt.qos": int64(2), "messaging.mqtt.retain": true}},
		{"own topic", endpoint, Message{QoS: 1, Topic: "plant/8/telemetry"}, "publish plant/{line}/telemetry",
			map[string]any{"messaging.mqtt.qos": int64(1), "messaging.destination.name": "plant/8/telemetry"}},
		{"ids, size not asked for", endpoint, Message{ID: "m", ConversationID: "r", BodySize: 5}, "publish plant/{line}/telemetry",
			map[string]any{"messaging.message.id": "m", "messaging.message.conversation_id": "r"}},
		{"size", sized, Message{BodySize: 5}, "publish plant/{line}/telemetry", map[string]any{"messaging.message.body.size": int64(5)}},
		{"size of nothing", sized, Message{}, "publish plant/{line}/telemetry", map[string]any{"messaging.message.body.size": int64(0)}},
		{"nothing known", bare, Message{}, "publish", map[string]any{
			"messaging.destination.name": nil, "messaging.destination.template": nil, "messaging.client.id": nil,
			"server.address": nil, "server.port": nil, "network.protocol.version": "3.1.1",
		}},
		{"topic only of the message", bare, Message{Topic: "t"}, "publish t", map[string]any{
			"messaging.destination.name": "t", "messaging.destination.template": nil, "messaging.client.id": nil,
			"server.address": nil, "server.port": nil, "network.protocol.version": "3.1.1",
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tracer, spans := recorder(t)
			ctx, span := NewProducer(tracer, c.endpoint).Start(t.Context(), c.message)
			assert.Equal(t, span, trace.SpanFromContext(ctx))
			span.End()

			got := only(t, spans)
			assert.Equal(t, c.span, got.Name)
			assert.Equal(t, trace.SpanKindProducer, got.SpanKind)
			want := map[string]any{}
			for _, m := range []map[string]any{fixed, c.want} {
				for k, v := range m {
					want[k] = v
				}
			}
			for k, v := range want {
				if v == nil {
					delete(want, k)
				}
			}
			assert.Equal(t, want, attributesOf(got))
		})
	}
}

func TestConsumer(t *testing.T) {
	remote := mustParse(t, sampleTraceparent)
	local := mustParse(t, otherTraceparent[:53]+"01").WithRemote(false)
	inLocal := trace.ContextWithSpanContext(t.Context(), local)
	cases := []struct {
		name    string
		ctx     context.Context
		remote  trace.SpanContext
		message Message
		parent  trace.SpanContext
		linked  bool
	}{
		{"child and link", t.Context(), remote, Message{QoS: 1}, remote, true},
		{"not a child of what runs here", inLocal, remote, Message{}, remote, true},
		{"retained replay links only", t.Context(), remote, Message{Retain: true}, trace.SpanContext{}, true},
		{"retained replay belongs to what runs here", inLocal, remote, Message{Retain: true}, local, true},
		{"retained replay with more to say", inLocal, remote, Message{Retain: true, ID: "m"}, local, true},
		{"untraced message", t.Context(), trace.SpanContext{}, Message{}, trace.SpanContext{}, false},
		{"untraced message belongs to what runs here", inLocal, trace.SpanContext{}, Message{}, local, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tracer, spans := recorder(t)
			consumer := NewConsumer(tracer, Endpoint{Template: "plant/{line}/telemetry"})
			_, span := consumer.Start(c.ctx, c.remote, c.message)
			span.End()

			got := only(t, spans)
			assert.Equal(t, "process plant/{line}/telemetry", got.Name)
			assert.Equal(t, trace.SpanKindConsumer, got.SpanKind)
			assert.Equal(t, c.parent.SpanID(), got.Parent.SpanID())
			if c.parent.IsValid() {
				assert.Equal(t, c.parent.TraceID(), got.SpanContext.TraceID())
			} else {
				assert.NotEqual(t, c.remote.TraceID(), got.SpanContext.TraceID())
			}
			if !c.linked {
				assert.Empty(t, got.Links)
				return
			}
			require.Len(t, got.Links, 1)
			assert.Equal(t, c.remote, got.Links[0].SpanContext)
		})
	}
}

func TestConsumerAttributes(t *testing.T) {
	cases := []struct {
		subscription  string
		filter, group any
	}{
		{"plant/+/telemetry", "plant/+/telemetry", nil},
		{"$share/backend/plant/+/telemetry", "plant/+/telemetry", "backend"},
		{"", nil, nil},
	}
	for _, c := range cases {
		t.Run(c.subscription, func(t *testing.T) {
			tracer, spans := recorder(t)
			consumer := NewConsumer(tracer, Endpoint{Subscription: c.subscription})
			_, span := consumer.Start(t.Context(), trace.SpanContext{}, Message{Topic: "plant/7/telemetry", QoS: 1, Duplicate: true})
			span.End()

			got := only(t, spans)
			assert.Equal(t, "process plant/7/telemetry", got.Name)
			as := attributesOf(got)
			assert.Equal(t, c.filter, as["messaging.destination.subscription.name"])
			assert.Equal(t, c.group, as["messaging.consumer.group.name"])
			assert.Equal(t, "process", as["messaging.operation.name"])
			assert.Equal(t, "process", as["messaging.operation.type"])
			assert.Equal(t, int64(1), as["messaging.mqtt.qos"])
			assert.Equal(t, true, as["messaging.mqtt.duplicate"])
			assert.Equal(t, false, as["messaging.mqtt.retain"])
		})
	}
}

// samplerFunc decides by what a sampler is shown.
type samplerFunc func(sdktrace.SamplingParameters) sdktrace.SamplingResult

func (f samplerFunc) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult { return f(p) }
func (f samplerFunc) Description() string                                                { return "test" }

// A sampler must see at the start what the conventions mark for it, and a replay's origin.
func TestSamplerSees(t *testing.T) {
	var seen sdktrace.SamplingParameters
	tracer, _ := recorder(t, sdktrace.WithSampler(samplerFunc(func(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
		seen = p
		return sdktrace.SamplingResult{Decision: sdktrace.Drop}
	})))
	remote := mustParse(t, sampleTraceparent)
	consumer := NewConsumer(tracer, Endpoint{Topic: "t", Template: "{t}", ServerAddress: "s", ServerPort: 1})
	_, span := consumer.Start(t.Context(), remote, Message{Retain: true})
	span.End()

	keys := map[attribute.Key]bool{}
	for _, a := range seen.Attributes {
		keys[a.Key] = true
	}
	for _, k := range []attribute.Key{SystemKey, OperationNameKey, OperationTypeKey, TopicKey, TemplateKey, ServerAddressKey, ServerPortKey} {
		assert.True(t, keys[k], "%s", k)
	}
	assert.Equal(t, []trace.Link{{SpanContext: remote}}, seen.Links)
}

func TestStartOptions(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	tracer, spans := recorder(t)
	_, span := NewProducer(tracer, Endpoint{Topic: "t"}).Start(t.Context(), Message{}, trace.WithTimestamp(at))
	span.End()
	got := only(t, spans)
	assert.Equal(t, at, got.StartTime)
	assert.Equal(t, "publish t", got.Name)
	assert.Equal(t, "t", attributesOf(got)["messaging.destination.name"])
}

func TestSetReasonCode(t *testing.T) {
	cases := []struct {
		name   string
		code   byte
		failed bool
	}{
		{"success", 0x00, false},
		{"no matching subscribers", 0x10, false},
		{"not authorized", 0x87, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tracer, spans := recorder(t)
			_, span := NewProducer(tracer, Endpoint{}).Start(t.Context(), Message{})
			SetReasonCode(span, c.code)
			span.End()
			got := only(t, spans)
			as := attributesOf(got)
			assert.Equal(t, int64(c.code), as["messaging.mqtt.reason_code"])
			if !c.failed {
				assert.Nil(t, as["error.type"])
				assert.Equal(t, codes.Unset, got.Status.Code)
				return
			}
			assert.Equal(t, "mqtt.0x87", as["error.type"])
			assert.Equal(t, codes.Error, got.Status.Code)
		})
	}
}

func TestSetReasonCodeOfUnsampled(t *testing.T) {
	assert.NotPanics(t, func() { SetReasonCode(noop.Span{}, 0x87) })
}

// The suite's advanced tests: what is sent on from one message is one trace of as many spans as messages (A1), and without a
// usable context as many traces, none of which has the unusable ids (A2, A3).
func TestAdvancedVectors(t *testing.T) {
	cases := []struct {
		id     string
		in     paho.UserProperties
		traces int
	}{
		{"A1", pairs("traceparent", sampleTraceparent), 1},
		{"A2", nil, 3},
		{"A3", pairs("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333.-01"), 3},
	}
	for _, c := range cases {
		t.Run(c.id, func(t *testing.T) {
			tracer, _ := recorder(t)
			consumer, producer := NewConsumer(tracer, Endpoint{}), NewProducer(tracer, Endpoint{})
			traces, spans := map[trace.TraceID]bool{}, map[trace.SpanID]bool{}
			for range 3 {
				remote, _ := Extract(c.in)
				ctx, processing := consumer.Start(t.Context(), remote, Message{})
				_, sending := producer.Start(ctx, Message{})
				var out paho.UserProperties
				Inject(sending.SpanContext(), &out)
				sending.End()
				processing.End()

				got, err := Extract(out)
				require.NoError(t, err)
				traces[got.TraceID()], spans[got.SpanID()] = true, true
				if c.id != "A1" {
					assert.NotEqual(t, "0af7651916cd43dd8448eb211c80319c", got.TraceID().String())
				}
			}
			assert.Len(t, traces, c.traces)
			assert.Len(t, spans, 3)
		})
	}
}

// Without an SDK a producer passes on the context it is in.
func TestProducerWithoutSDK(t *testing.T) {
	remote := mustParse(t, sampleTraceparent)
	producer := NewProducer(noop.NewTracerProvider().Tracer(""), Endpoint{Topic: "t"})
	_, span := producer.Start(trace.ContextWithRemoteSpanContext(t.Context(), remote), Message{})
	assert.Equal(t, remote, span.SpanContext())
}

func TestConsumerRelation(t *testing.T) {
	remote := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled, Remote: true})
	cases := []struct {
		name         string
		relation     Relation
		child, links bool
	}{
		{"child and link", ChildAndLink, true, true},
		{"child", ChildOnly, true, false},
		{"link", LinkOnly, false, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tracer, spans := recorder(t)
			_, span := NewConsumer(tracer, Endpoint{Relation: c.relation}).Start(context.Background(), remote, Message{})
			span.End()
			got := only(t, spans)
			assert.Equal(t, c.child, got.Parent.Equal(remote))
			assert.Equal(t, c.child, got.SpanContext.TraceID() == remote.TraceID())
			assert.Equal(t, c.links, len(got.Links) == 1 && got.Links[0].SpanContext.Equal(remote))
		})
	}
}

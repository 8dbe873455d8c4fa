package e2e

import (
	"bytes"
	"context"
	"encoding/hex"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	aio "github.com/Azure/iot-operations-sdks/go/mqtt"
	"github.com/Azure/iot-operations-sdks/go/protocol"
	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/baggage"
	otelpropagation "go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"mqttrace/load/broker"
	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
	"mqttrace/propagation"
)

// official connects the SDK's own client.
func official(t *testing.T, b *broker.Broker, id string) (*protocol.Application, *aio.SessionClient) {
	t.Helper()
	host, text, err := net.SplitHostPort(b.Addr())
	require.NoError(t, err)
	number, err := strconv.ParseUint(text, 10, 16)
	require.NoError(t, err)
	client, err := aio.NewSessionClient(id, aio.TCPConnection(host, uint16(number)))
	require.NoError(t, err)
	require.NoError(t, client.Start())
	t.Cleanup(func() { assert.NoError(t, client.Stop()) })
	app, err := protocol.NewApplication()
	require.NoError(t, err)
	return app, client
}

// celsius is a payload as the SDK's samples have it.
type celsius struct {
	Temperature float64 `json:"temperature"`
}

const (
	theirTrace       = "0af7651916cd43dd8448eb211c80319c"
	theirSpan        = "b7ad6b7169203331"
	theirTraceparent = "00-" + theirTrace + "-" + theirSpan + "-01"
)

func TestTheOfficialReceiverReadsOurSender(t *testing.T) {
	b := mosquitto(t, broker.MosquittoConfig{})
	app, client := official(t, b, "official-receiver")
	arrived := make(chan *protocol.TelemetryMessage[celsius], 1000)
	receiver, err := protocol.NewTelemetryReceiver(app, client, protocol.JSON[celsius]{}, "sample/telemetry",
		func(_ context.Context, m *protocol.TelemetryMessage[celsius]) error { arrived <- m; return nil })
	require.NoError(t, err)
	t.Cleanup(receiver.Close)
	require.NoError(t, receiver.Start(limited(t)))

	sender := start(t, "sender", at(b.Addr(), "telemetry-sender"))
	m := receive(t, arrived)
	sent := sender.says(t, "message sent")
	sender.stop(t)
	event, err := protocol.CloudEventFromTelemetry(m)
	require.NoError(t, err)
	assert.Equal(t, sent.text("message_id"), event.ID)
	assert.Equal(t, "urn:mqttrace:telemetry:sensor:temperature-001", event.Source.String())
	assert.Equal(t, "1.0", event.SpecVersion)
	assert.Equal(t, "ms.aio.telemetry", event.Type)
	assert.Equal(t, "sample/telemetry", event.Subject)
	assert.Equal(t, "application/json", event.DataContentType)
	assert.WithinDuration(t, time.Now(), event.Time, time.Hour)
	assert.Equal(t, "telemetry-sender", m.ClientID)
	assert.WithinDuration(t, time.Now(), m.Timestamp.UTC(), time.Hour)
	assert.InDelta(t, 21, m.Payload.Temperature, 15)
	assert.Equal(t, "00-"+sent.text("trace_id")+"-"+sent.text("span_id")+"-01", m.Metadata["traceparent"])
	assert.NotContains(t, m.Metadata, "tracestate", "an empty one is not written")
}

func TestOurReceiverReadsTheOfficialSender(t *testing.T) {
	c, b := newCollector(t), mosquitto(t, broker.MosquittoConfig{})
	receiver := start(t, "receiver", at(b.Addr(), "telemetry-receiver").with(c.environment("grpc")))
	receiver.says(t, "ready")
	app, client := official(t, b, "official-sender")
	sender, err := protocol.NewTelemetrySender(app, client, protocol.JSON[celsius]{}, "sample/telemetry")
	require.NoError(t, err)
	source, err := url.Parse("urn:other:sensor")
	require.NoError(t, err)
	require.NoError(t, sender.Send(limited(t), celsius{23}, protocol.WithMetadata{"traceparent": theirTraceparent, "tracestate": "vendor=1"},
		&protocol.CloudEvent{ID: "theirs", Source: source}))
	require.NoError(t, sender.Send(limited(t), celsius{24})) // no CloudEvent, no trace

	received := c.one(t, "the traced message", func(s span) bool { return s.trace() == theirTrace })
	assert.Equal(t, theirSpan, received.parent())
	assert.Equal(t, theirSpan, hex.EncodeToString(received.Links[0].SpanId))
	assert.Equal(t, "vendor=1", received.TraceState)
	assert.Subset(t, received.attributes, map[string]any{"cloudevents.event_id": "theirs", "cloudevents.event_source": "urn:other:sensor"})
	untraced := c.one(t, "the other", func(s span) bool { return s.trace() != theirTrace })
	assert.Empty(t, untraced.parent())
	assert.Empty(t, untraced.Links)
	assert.NotContains(t, untraced.attributes, "error.type")
	assert.NotContains(t, untraced.attributes, "cloudevents.event_id")
	receiver.stop(t)
}

// rust is a PUBLISH as the Rust SDK's telemetry sample writes it, built by hand from its documentation: the order of the user
// properties, an empty tracestate, and a random UUID for Correlation Data.
func rust(t *testing.T) *paho.Publish {
	t.Helper()
	recorded, err := os.ReadFile("testdata/rust-sender-publish.hex")
	require.NoError(t, err)
	var digits strings.Builder
	for line := range strings.Lines(string(recorded)) {
		code, _, _ := strings.Cut(line, "#")
		digits.WriteString(strings.ReplaceAll(strings.TrimSpace(code), " ", ""))
	}
	wire, err := hex.DecodeString(digits.String())
	require.NoError(t, err)
	packet, err := packets.ReadPacket(bytes.NewReader(wire))
	require.NoError(t, err)
	return paho.PublishFromPacketPublish(packet.Content.(*packets.Publish))
}

// publishing connects a plain client.
func publishing(t *testing.T, b *broker.Broker) func(*paho.Publish) {
	t.Helper()
	client, err := mqtt.Connect(limited(t), mqtt.Settings{Address: b.Addr(), ClientID: "plain"}, mqtt.Handlers{})
	require.NoError(t, err)
	t.Cleanup(func() { client.Close(context.Background()) })
	return func(p *paho.Publish) {
		t.Helper()
		_, err := client.Send(limited(t), p.QoS, func(clock.Instant) *paho.Publish { return p }, nil)
		require.NoError(t, err)
	}
}

func TestOurReceiverReadsTheRustSender(t *testing.T) {
	c, b := newCollector(t), mosquitto(t, broker.MosquittoConfig{})
	receiver := start(t, "receiver", at(b.Addr(), "telemetry-receiver").with(c.environment("grpc")))
	receiver.says(t, "ready")
	publishing(t, b)(rust(t))
	received := c.one(t, "the message", func(s span) bool { return true })
	assert.Equal(t, theirTrace, received.trace())
	assert.Equal(t, theirSpan, received.parent())
	assert.Subset(t, received.attributes, map[string]any{
		"cloudevents.event_id": "5e4bd1a7-6a8e-4b43-9f0a-0b9ad5fd7f2c", "cloudevents.event_type": "ms.aio.telemetry", "cloudevents.event_spec_version": "1.0",
		"cloudevents.event_source": "urn:edge-ai:telemetry:sensor:temperature-001", "cloudevents.event_subject": "sample/telemetry",
		"messaging.message.conversation_id": "0d2a3b4c-5d6e-4f70-8192-a3b4c5d6e7f8",
	})
	assert.NotContains(t, received.attributes, "error.type")
	line := receiver.says(t, "message received")
	assert.NotContains(t, line, "latency_seconds", "nothing in the message says when it was sent")
	receiver.stop(t)
}

func TestARetainedMessageIsLinkedAndNotContinued(t *testing.T) {
	c, b := newCollector(t), mosquitto(t, broker.MosquittoConfig{})
	old := rust(t)
	old.Retain = true
	publishing(t, b)(old)
	receiver := start(t, "receiver", at(b.Addr(), "telemetry-receiver").with(c.environment("grpc")))
	received := c.one(t, "the replay", func(s span) bool { return true })
	assert.NotEqual(t, theirTrace, received.trace())
	assert.Empty(t, received.parent())
	require.Len(t, received.Links, 1)
	assert.Equal(t, theirTrace, hex.EncodeToString(received.Links[0].TraceId))
	assert.Equal(t, true, received.attributes["messaging.mqtt.retain"])
	receiver.stop(t)
}

// The propagation core with the SDK's envelope and connection at the other end.
func TestPropagationMeetsTheOfficialSDK(t *testing.T) {
	b := mosquitto(t, broker.MosquittoConfig{})
	traceID, err := trace.TraceIDFromHex(theirTrace)
	require.NoError(t, err)
	spanID, err := trace.SpanIDFromHex(theirSpan)
	require.NoError(t, err)
	state, err := trace.ParseTraceState("vendor=1,other=2")
	require.NoError(t, err)
	carried := trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: spanID, TraceFlags: trace.FlagsSampled, TraceState: state})
	bag, err := baggage.Parse("site=north,line=7")
	require.NoError(t, err)
	ctx := baggage.ContextWithBaggage(trace.ContextWithSpanContext(context.Background(), carried), bag)
	want := map[string]string{"traceparent": theirTraceparent, "tracestate": "vendor=1,other=2"}
	app, client := official(t, b, "official")

	t.Run("to it", func(t *testing.T) {
		arrived := make(chan map[string]string, 1)
		receiver, err := protocol.NewTelemetryReceiver(app, client, protocol.JSON[celsius]{}, "to/it",
			func(_ context.Context, m *protocol.TelemetryMessage[celsius]) error {
				arrived <- m.Metadata
				return nil
			})
		require.NoError(t, err)
		t.Cleanup(receiver.Close)
		require.NoError(t, receiver.Start(limited(t)))
		p := &paho.Publish{Topic: "to/it", QoS: 1, Payload: []byte(`{"temperature":1}`), Properties: &paho.PublishProperties{}}
		propagation.New().Inject(ctx, propagation.NewCarrier(&p.Properties.User))
		publishing(t, b)(p)
		metadata := receive(t, arrived)
		assert.Subset(t, metadata, want)
		got, err := baggage.Parse(metadata["baggage"])
		require.NoError(t, err)
		assert.ElementsMatch(t, bag.Members(), got.Members())
	})
	t.Run("from it", func(t *testing.T) {
		arrived := make(chan mqtt.Delivery, 1)
		subscriber, err := mqtt.Connect(limited(t), mqtt.Settings{Address: b.Addr(), ClientID: "subscriber"},
			mqtt.Handlers{Message: func(d mqtt.Delivery) { arrived <- d }})
		require.NoError(t, err)
		t.Cleanup(func() { subscriber.Close(context.Background()) })
		_, err = subscriber.Subscribe(limited(t), "from/it", 1)
		require.NoError(t, err)
		sender, err := protocol.NewTelemetrySender(app, client, protocol.JSON[celsius]{}, "from/it")
		require.NoError(t, err)
		metadata := otelpropagation.MapCarrier{}
		propagation.New().Inject(ctx, metadata)
		assert.Subset(t, map[string]string(metadata), want)
		require.NoError(t, sender.Send(limited(t), celsius{1}, protocol.WithMetadata(metadata)))
		properties := receive(t, arrived).Properties.User
		got, err := propagation.Extract(properties)
		require.NoError(t, err)
		assert.True(t, got.Equal(carried.WithRemote(true)))
		extracted := propagation.New().Extract(context.Background(), propagation.NewCarrier(&properties))
		assert.ElementsMatch(t, bag.Members(), baggage.FromContext(extracted).Members())
	})
}

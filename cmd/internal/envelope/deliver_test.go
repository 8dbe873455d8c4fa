package envelope

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/iot-operations-sdks/go/protocol"
	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"mqttrace/load/broker"
	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
)

// noPropagator carries nothing.
type noPropagator struct{}

func (noPropagator) Inject(context.Context, propagation.TextMapCarrier) {}
func (noPropagator) Extract(ctx context.Context, _ propagation.TextMapCarrier) context.Context {
	return ctx
}
func (noPropagator) Fields() []string { return nil }

// receiving returns a client that hands messages of a topic to handle.
func receiving(t *testing.T, b listener, id, topic string, rejected func(*Arrival, error), handle protocol.TelemetryHandler[payload]) *Client {
	t.Helper()
	var receiver *protocol.TelemetryReceiver[payload]
	c := connected(t, b, id, rejected, func(c *Client) {
		var err error
		receiver, err = protocol.NewTelemetryReceiver(application(t), c, protocol.JSON[payload]{}, topic, handle, protocol.WithConcurrency(1))
		require.NoError(t, err)
	})
	t.Cleanup(receiver.Close)
	require.NoError(t, receiver.Start(limited(t)))
	return c
}

// sending returns a function that publishes.
func sending(t *testing.T, b listener) func(topic, payload string, change func(*paho.Publish)) {
	t.Helper()
	c, err := mqtt.Connect(limited(t), mqtt.Settings{Address: b.Addr(), ClientID: "publisher"}, mqtt.Handlers{})
	require.NoError(t, err)
	t.Cleanup(func() { c.Close(context.Background()) })
	return func(topic, payload string, change func(*paho.Publish)) {
		t.Helper()
		p := &paho.Publish{Topic: topic, QoS: 1, Payload: []byte(payload), Properties: &paho.PublishProperties{}}
		if change != nil {
			change(p)
		}
		_, err := c.Send(limited(t), p.QoS, func(clock.Instant) *paho.Publish { return p }, nil)
		require.NoError(t, err)
	}
}

func TestDeliver(t *testing.T) {
	b := embedded(t)
	arrived := make(chan *Arrival, 1)
	receiving(t, b, "receiver", "a/b", nil, func(ctx context.Context, m *protocol.TelemetryMessage[payload]) error {
		assert.Equal(t, 7, m.Payload.Number)
		arrived <- ArrivalOf(ctx)
		return nil
	})
	at := time.Now()
	sending(t, b)("a/b", `{"number":7}`, func(p *paho.Publish) {
		p.Properties.CorrelationData = stamp(at)
		p.Properties.User.Add("traceparent", "00-01000000000000000000000000000000-0200000000000000-01")
		p.Properties.User.Add("baggage", "site=north")
		p.Properties.User.Add("__ts", "000001800000000:00000:node")
	})
	a := receive(t, arrived)
	assert.Equal(t, trace.TraceID{1}, a.Origin.TraceID())
	assert.True(t, a.Origin.IsRemote())
	assert.False(t, trace.SpanContextFromContext(a.Context).IsValid(), "the origin is not the parent unless somebody makes it that")
	assert.Equal(t, "north", baggage.FromContext(a.Context).Member("site").Value())
	assert.Equal(t, at.UnixNano()/unit, a.SentAt.UnixNano()/unit)
	assert.WithinRange(t, a.ReceivedAt, at.Add(-time.Millisecond), time.Now())
	assert.Equal(t, int64(1_800_000_000), a.Clock.UnixMilli())
	assert.Empty(t, a.ConversationID(), "it says when the message was sent")
	a.SentAt = time.Time{}
	assert.Len(t, a.ConversationID(), 36)
}

func TestAMessageIsAcknowledgedWhenItHasBeenHandled(t *testing.T) {
	b := embedded(t)
	handling, handled := make(chan struct{}), make(chan struct{})
	var order []string
	c := receiving(t, b, "receiver", "a", nil, func(context.Context, *protocol.TelemetryMessage[payload]) error {
		if len(order) == 0 {
			close(handling)
			<-handled
		}
		order = append(order, "handled")
		if len(order) == 3 {
			return errors.New("does not matter")
		}
		return nil
	})
	send := sending(t, b)
	for range 3 {
		send("a", `{"number":1}`, nil)
	}
	receive(t, handling)
	require.Eventually(t, func() bool { return c.connection.Waiting() == 2 }, limit, time.Millisecond, "the next ones wait")
	close(handled)
	require.Eventually(t, func() bool { return c.connection.Waiting() == 0 }, limit, time.Millisecond)
	c.Hold(limited(t)) // waits for the last one
	assert.Len(t, order, 3)
}

func TestWhatTheSDKWouldDropIsRejected(t *testing.T) {
	user := func(key, value string) func(*paho.Publish) {
		return func(p *paho.Publish) { p.Properties.User.Add(key, value) }
	}
	cases := []struct {
		name   string
		change func(*paho.Publish)
		want   string
	}{
		{"correlation data", func(p *paho.Publish) { p.Properties.CorrelationData = []byte("1234") }, "correlation_data: correlation data of 4 bytes, want 16 or none"},
		{"version 2", user("__protVer", "2.0"), `protocol_version: protocol version "2.0", want 1.x`},
		{"version 1", user("__protVer", "1"), `protocol_version: protocol version "1", want 1.x`},
		{"timestamp", user("__ts", "now"), "timestamp: __ts: HLC must contain three segments separated by ':'"},
		{"timestamp's counter", user("__ts", "1:-1:n"), "timestamp: __ts: second HLC segment is not a valid integer"},
	}
	b := embedded(t)
	rejected := make(chan error, 1)
	var taken atomic.Int32
	receiving(t, b, "receiver", "a", func(_ *Arrival, err error) { rejected <- err }, func(context.Context, *protocol.TelemetryMessage[payload]) error {
		taken.Add(1)
		return nil
	})
	send := sending(t, b)
	for _, c := range cases {
		send("a", `{}`, c.change)
		var rejection *Rejection
		require.ErrorAs(t, receive(t, rejected), &rejection, c.name)
		assert.Equal(t, c.want, rejection.Type+": "+rejection.Text)
	}
	assert.Zero(t, taken.Load())
	for _, version := range []string{"1.0", "1.7", ""} {
		send("a", `{}`, user("__protVer", version))
	}
	require.Eventually(t, func() bool { return taken.Load() == 3 }, limit, time.Millisecond)
}

func TestHeldMessagesAreDeliveredNextTime(t *testing.T) {
	b, err := broker.StartMosquitto(limited(t))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.Stop(context.Background())) })
	c := receiving(t, b, "receiver", "a", nil, func(context.Context, *protocol.TelemetryMessage[payload]) error {
		assert.Fail(t, "handled a message that should wait")
		return nil
	})
	c.Hold(limited(t))
	send := sending(t, b)
	send("a", `{"number":1}`, nil)
	send("a", `{"number":2}`, nil)
	require.Eventually(t, func() bool { return c.connection.Waiting() == 1 }, limit, time.Millisecond)
	c.Close()
	require.NoError(t, c.connection.Close(limited(t)))

	arrived := make(chan int, 2)
	receiving(t, b, "receiver", "a", nil, func(_ context.Context, m *protocol.TelemetryMessage[payload]) error {
		arrived <- m.Payload.Number
		return nil
	})
	assert.Equal(t, 1, receive(t, arrived))
	assert.Equal(t, 2, receive(t, arrived))
}

func TestHoldAndCloseLetGoOfAHandlerThatHangs(t *testing.T) {
	b := embedded(t)
	handling := make(chan struct{})
	c := receiving(t, b, "receiver", "a", nil, func(ctx context.Context, _ *protocol.TelemetryMessage[payload]) error {
		close(handling)
		<-ctx.Done()
		return ctx.Err()
	})
	sending(t, b)("a", `{}`, nil)
	receive(t, handling)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c.Hold(ctx)
	c.Close()
	require.NoError(t, c.connection.Close(limited(t)))
}

func TestARefusedSubscriptionIsAnError(t *testing.T) {
	c := connected(t, embedded(t), "client", nil, nil)
	_, err := c.Subscribe(limited(t), "not/#/a/filter")
	assert.Error(t, err)
	ack, err := c.Unsubscribe(limited(t), "a")
	require.NoError(t, err)
	assert.Zero(t, ack.ReasonCode)
	assert.Equal(t, "client", c.ID())
}

func TestEvents(t *testing.T) {
	message := func(metadata map[string]string) *protocol.TelemetryMessage[payload] {
		return &protocol.TelemetryMessage[payload]{Message: protocol.Message[payload]{Metadata: metadata, Data: &protocol.Data{ContentType: "application/json"}}}
	}
	event, err := EventOf(message(map[string]string{"traceparent": "x", "subject": "s", "time": "t"}))
	assert.NoError(t, err)
	assert.Nil(t, event)
	_, err = EventOf(message(map[string]string{"id": "1"}))
	var rejection *Rejection
	require.ErrorAs(t, err, &rejection)
	assert.Equal(t, "cloud_event", rejection.Type)
	event, err = EventOf(message(map[string]string{"id": "1", "source": "urn:s", "specversion": "1.0", "type": "t", "subject": "sub"}))
	require.NoError(t, err)
	var got []string
	for _, a := range EventAttributes(event, "topic") {
		got = append(got, string(a.Key)+"="+a.Value.AsString())
	}
	assert.Equal(t, "cloudevents.event_id=1 cloudevents.event_source=urn:s cloudevents.event_spec_version=1.0 cloudevents.event_type=t cloudevents.event_subject=sub",
		strings.Join(got, " "))
	source, err := url.Parse("urn:s")
	require.NoError(t, err)
	attributes := EventAttributes(&protocol.CloudEvent{ID: "1", Source: source}, "topic")
	assert.Equal(t, "ms.aio.telemetry", attributes[3].Value.AsString())
	assert.Equal(t, "topic", attributes[4].Value.AsString())
}

func TestTheSDKIsQuietUnlessSomethingIsWrong(t *testing.T) {
	var text strings.Builder
	log := slog.New(quiet{slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelInfo, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}})}).With("a", 1).WithGroup("g")
	log.Debug("debug")
	log.Info("info")
	log.Warn("warn")
	log.Error("error", "b", 2)
	assert.Equal(t, "level=ERROR msg=error a=1 g.b=2\n", text.String())
}

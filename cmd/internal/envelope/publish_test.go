package envelope

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/url"
	"strings"
	"testing"
	"time"

	aio "github.com/Azure/iot-operations-sdks/go/mqtt"
	"github.com/Azure/iot-operations-sdks/go/protocol"
	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/trace"

	"mqttrace/load/mqtt"
)

type payload struct {
	Number int `json:"number"`
}

func application(t *testing.T) *protocol.Application {
	t.Helper()
	app, err := NewApplication(slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	return app
}

// traced is a context with a span and baggage.
func traced(t *testing.T) context.Context {
	t.Helper()
	bag, err := baggage.Parse("site=north")
	require.NoError(t, err)
	sc := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled})
	return baggage.ContextWithBaggage(trace.ContextWithSpanContext(limited(t), sc), bag)
}

func TestPublish(t *testing.T) {
	b := embedded(t)
	arrived := make(chan mqtt.Delivery, 1)
	subscriber, err := mqtt.Connect(limited(t), mqtt.Settings{Address: b.Addr(), ClientID: "subscriber"}, mqtt.Handlers{Message: func(d mqtt.Delivery) { arrived <- d }})
	require.NoError(t, err)
	t.Cleanup(func() { subscriber.Close(context.Background()) })
	_, err = subscriber.Subscribe(limited(t), "a/b", 1)
	require.NoError(t, err)

	sender, err := protocol.NewTelemetrySender(application(t), connected(t, b, "sender", nil, nil), protocol.JSON[payload]{}, "a/b")
	require.NoError(t, err)
	source, err := url.Parse("urn:s")
	require.NoError(t, err)
	before, handed := time.Now(), 0
	ctx, receipt := WithReceipt(traced(t), func() { handed++ })
	require.NoError(t, sender.Send(ctx, payload{7}, protocol.WithTimeout(90*time.Second), protocol.WithMetadata{"z": "1", "a": "2"},
		&protocol.CloudEvent{ID: "id-1", Source: source}))
	assert.Equal(t, 1, handed)
	assert.True(t, receipt.Answered())
	assert.NoError(t, receipt.Outcome())

	d := receive(t, arrived)
	assert.Equal(t, `{"number":7}`, string(d.Payload))
	assert.Equal(t, byte(1), d.QoS)
	assert.Equal(t, "application/json", d.Properties.ContentType)
	assert.EqualValues(t, 1, *d.Properties.PayloadFormat)
	assert.EqualValues(t, 90, *d.Properties.MessageExpiry)
	sent, ok := sentAt(d.Properties.CorrelationData)
	assert.True(t, ok)
	assert.WithinRange(t, sent, before.Add(-time.Microsecond), time.Now())
	var names []string
	for _, p := range d.Properties.User {
		names = append(names, p.Key)
	}
	assert.Equal(t, "traceparent baggage id source specversion type subject time a z __ts __protVer __srcId", strings.Join(names, " "))
	assert.Equal(t, "00-01000000000000000000000000000000-0200000000000000-01", d.Properties.User.Get("traceparent"))
	assert.Equal(t, "site=north", d.Properties.User.Get("baggage"))
}

func TestAContextThatAMessageHasIsNotReplaced(t *testing.T) {
	c := connected(t, embedded(t), "client", nil, nil)
	own := c.userProperties(traced(t), map[string]string{"traceparent": "own", "baggage": "own"})
	assert.Equal(t, paho.UserProperties{{Key: "traceparent", Value: "own"}, {Key: "baggage", Value: "own"}}, own)
}

func TestAMessageThatWaitedIsOfUseForLessLong(t *testing.T) {
	o := aio.PublishOptions{MessageExpiry: 30}
	for waited, want := range map[time.Duration]uint32{0: 30, 1500 * time.Millisecond: 29, 29 * time.Second: 1, time.Hour: 1} {
		assert.Equal(t, want, *packet("a", nil, o, nil, waited).Properties.MessageExpiry)
	}
	o.MessageExpiry = math.MaxUint32
	assert.EqualValues(t, math.MaxUint32, *packet("a", nil, o, nil, 0).Properties.MessageExpiry)
	assert.Nil(t, packet("a", nil, aio.PublishOptions{}, nil, 0).Properties.MessageExpiry)
	own := aio.PublishOptions{CorrelationData: []byte("0123456789abcdef")}
	assert.Equal(t, own.CorrelationData, packet("a", nil, own, nil, 0).Properties.CorrelationData)
}

func TestPublishWithoutAConnectionEndsWithItsContext(t *testing.T) {
	c := New("client", noPropagator{}, nil)
	why := errors.New("waited for long enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	ctx, receipt := WithReceipt(ctx, nil)
	_, err := c.Publish(ctx, "a", nil)
	assert.ErrorIs(t, err, why)
	assert.ErrorIs(t, receipt.Outcome(), why)
	assert.False(t, receipt.Answered())
	_, err = c.Subscribe(ctx, "a")
	assert.ErrorIs(t, err, why)
}

func TestReceiptSaysWhyABrokerRefused(t *testing.T) {
	r := &Receipt{Published: true, ReasonCode: 0x87}
	assert.EqualError(t, r.Outcome(), "refused by the broker: 0x87 not authorized")
	assert.ErrorIs(t, r.Outcome(), ErrRefused)
	r.Reason = "because"
	assert.EqualError(t, r.Outcome(), "refused by the broker: 0x87 not authorized (because)")
	assert.NoError(t, (&Receipt{ReasonCode: 0x10}).Outcome(), "nobody subscribes")
}

func TestManySendsKeepTheirOrder(t *testing.T) {
	const messages = 500
	b := embedded(t)
	arrived := make(chan string, messages)
	subscriber, err := mqtt.Connect(limited(t), mqtt.Settings{Address: b.Addr(), ClientID: "subscriber"},
		mqtt.Handlers{Message: func(d mqtt.Delivery) { arrived <- string(d.Payload) }})
	require.NoError(t, err)
	t.Cleanup(func() { subscriber.Close(context.Background()) })
	_, err = subscriber.Subscribe(limited(t), "a", 1)
	require.NoError(t, err)
	sender, err := protocol.NewTelemetrySender(application(t), connected(t, b, "sender", nil, nil), protocol.JSON[payload]{}, "a")
	require.NoError(t, err)
	done := make(chan error, messages)
	for i := range messages {
		placed := make(chan struct{})
		ctx, _ := WithReceipt(limited(t), func() { close(placed) })
		go func() { done <- sender.Send(ctx, payload{i}) }()
		receive(t, placed)
	}
	for i := range messages {
		require.Equal(t, fmt.Sprintf(`{"number":%d}`, i), receive(t, arrived))
		require.NoError(t, receive(t, done))
	}
}

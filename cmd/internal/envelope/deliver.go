package envelope

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	aio "github.com/Azure/iot-operations-sdks/go/mqtt"
	"github.com/Azure/iot-operations-sdks/go/protocol/hlc"
	"github.com/google/uuid"
	"go.opentelemetry.io/otel/trace"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
	"mqttrace/propagation"
)

// Arrival is a message as it arrived, for what package protocol does not show.
type Arrival struct {
	mqtt.Delivery
	// ReceivedAt is when it was read off the socket, by the wall clock.
	ReceivedAt time.Time
	// SentAt is when it was sent, by the sender's; zero if its Correlation Data do not say.
	SentAt time.Time
	// Clock is the time of the sender's hybrid logical clock; zero if the message has none.
	Clock time.Time
	// Origin is the span context that the message carries, and Context has its baggage. Context has no span.
	Origin  trace.SpanContext
	Context context.Context
}

type arrivalKey struct{}

// clocks reads hybrid logical clocks. It keeps none.
var clocks = hlc.New()

// ArrivalOf returns the message that a handler of package protocol was called for.
func ArrivalOf(ctx context.Context) *Arrival {
	return ctx.Value(arrivalKey{}).(*Arrival) // every context that Deliver hands on has one
}

// Rejection is why a message is not handed to package protocol's receiver.
type Rejection struct {
	// Type is a word for error.type.
	Type string
	// Text says what is wrong, in the sender's words where there are any.
	Text string
}

func (r *Rejection) Error() string { return r.Text }

// Deliver hands a message on and returns when it has been handled, so that it is acknowledged then. It is the Message of
// mqtt.Handlers.
func (c *Client) Deliver(d mqtt.Delivery) {
	if !c.mayHandle() {
		<-d.Gone
		return
	}
	defer func() { <-c.handling }()
	arrival := c.arrival(d)
	if err := arrival.check(); err != nil {
		if c.rejected != nil {
			c.rejected(arrival, err)
		}
		return
	}
	for _, handler := range c.handlers {
		c.hand(arrival, *handler)
	}
}

// mayHandle takes the token for handling, unless Hold has ended that.
func (c *Client) mayHandle() bool {
	c.handling <- struct{}{}
	select {
	case <-c.held:
		<-c.handling
		return false
	default:
		return true
	}
}

// hand calls one handler and waits until it has handled the message.
func (c *Client) hand(a *Arrival, handler aio.MessageHandler) {
	handled := make(chan struct{})
	message := a.message()
	message.Ack = sync.OnceFunc(func() { close(handled) })
	handler(context.WithValue(a.Context, arrivalKey{}, a), message)
	select {
	case <-handled:
	case <-c.ctx.Done():
	}
}

func (c *Client) arrival(d mqtt.Delivery) *Arrival {
	a := &Arrival{Delivery: d, ReceivedAt: time.Now().Add(-clock.Now().Sub(d.Received))}
	a.SentAt, _ = sentAt(d.Properties.CorrelationData)
	carried := c.propagator.Extract(c.ctx, propagation.NewCarrier(&d.Properties.User))
	a.Origin = trace.SpanContextFromContext(carried)
	a.Context = trace.ContextWithSpanContext(carried, trace.SpanContext{})
	return a
}

// check refuses what package protocol drops before its receiver is called, so that the service hears of it.
func (a *Arrival) check() error {
	properties := a.Properties
	if n := len(properties.CorrelationData); n != 0 && n != stampSize {
		return &Rejection{"correlation_data", fmt.Sprintf("correlation data of %d bytes, want 16 or none", n)}
	}
	if v := properties.User.Get("__protVer"); !isSupported(v) {
		return &Rejection{"protocol_version", fmt.Sprintf("protocol version %q, want 1.x", v)}
	}
	if ts := properties.User.Get("__ts"); ts != "" {
		at, err := clocks.Parse("__ts", ts)
		if err != nil {
			return &Rejection{"timestamp", "__ts: " + err.Error()}
		}
		a.Clock = at.UTC()
	}
	return nil
}

// isSupported takes a missing version for 1.0, as both SDKs do.
func isSupported(version string) bool {
	major, minor, found := strings.Cut(version, ".")
	_, err := strconv.Atoi(minor)
	return version == "" || found && major == "1" && err == nil
}

// message is a as package protocol takes it. The timestamp is left out: it would move the SDK's clock, which a sender
// with a wrong one could so put where every further message is refused; nothing is sent by that clock here. And QoS is
// always 1, because the SDK says that it has handled a message by acknowledging it.
func (a *Arrival) message() *aio.Message {
	user := make(map[string]string, len(a.Properties.User))
	for _, p := range a.Properties.User {
		if p.Key != "__ts" {
			user[p.Key] = p.Value
		}
	}
	m := &aio.Message{Topic: a.Topic, Payload: a.Payload, PublishOptions: aio.PublishOptions{
		ContentType:     a.Properties.ContentType,
		CorrelationData: a.Properties.CorrelationData,
		QoS:             1,
		ResponseTopic:   a.Properties.ResponseTopic,
		Retain:          a.Retain,
		UserProperties:  user,
	}}
	if a.Properties.MessageExpiry != nil {
		m.MessageExpiry = *a.Properties.MessageExpiry
	}
	if a.Properties.PayloadFormat != nil {
		m.PayloadFormat = *a.Properties.PayloadFormat
	}
	return m
}

// ConversationID is the Correlation Data as text, if they are a correlation and not the time of sending.
func (a *Arrival) ConversationID() string {
	id, err := uuid.FromBytes(a.Properties.CorrelationData)
	if err != nil || !a.SentAt.IsZero() {
		return ""
	}
	return id.String()
}

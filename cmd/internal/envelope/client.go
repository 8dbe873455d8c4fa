package envelope

import (
	"context"
	"log/slog"
	"math"
	"slices"
	"sync"

	aio "github.com/Azure/iot-operations-sdks/go/mqtt"
	"github.com/Azure/iot-operations-sdks/go/protocol"
	"github.com/eclipse/paho.golang/paho"
	otelpropagation "go.opentelemetry.io/otel/propagation"

	"mqttrace/load/mqtt"
)

// Client is an mqtt.Client as package protocol needs one. Make it, give it to senders and receivers of that package, connect
// an mqtt.Client that delivers to it, and attach that. Safe for concurrent use.
type Client struct {
	id         string
	propagator otelpropagation.TextMapPropagator
	rejected   func(*Arrival, error)

	ctx  context.Context // of all handling; ends with Close
	stop context.CancelFunc

	connection *mqtt.Client
	attached   chan struct{} // closed when connection is set

	holding  sync.Once
	held     chan struct{} // closed by Hold
	handling chan struct{} // holds a token while a message is handled or handlers is used
	handlers []*aio.MessageHandler
}

var _ protocol.MqttClient = (*Client)(nil)

// New returns the client of a client identifier. propagator writes and reads the trace context of messages. rejected gets the
// messages that package protocol would not hand on, with the reason (a *Rejection); nil is for clients that only send.
func New(id string, propagator otelpropagation.TextMapPropagator, rejected func(*Arrival, error)) *Client {
	c := &Client{id: id, propagator: propagator, rejected: rejected,
		attached: make(chan struct{}), held: make(chan struct{}), handling: make(chan struct{}, 1)}
	c.ctx, c.stop = context.WithCancel(context.Background())
	return c
}

// Attach says which connection to use. It is called once.
func (c *Client) Attach(connection *mqtt.Client) {
	c.connection = connection
	close(c.attached)
}

// Hold ends the handling of messages: it returns when the one under way has been handled, or when ctx ends. Those that arrive
// from then on are neither handled nor acknowledged, so that a broker that keeps the session delivers them next time.
func (c *Client) Hold(ctx context.Context) {
	c.holding.Do(func() { close(c.held) })
	select {
	case c.handling <- struct{}{}:
		<-c.handling
	case <-ctx.Done():
	}
}

// Close lets go of a message that is being handled. The connection is its owner's to close, after this.
func (c *Client) Close() { c.stop() }

// ID is the client identifier.
func (c *Client) ID() string { return c.id }

// await returns the connection once there is one.
func (c *Client) await(ctx context.Context) (*mqtt.Client, error) {
	select {
	case <-c.attached:
		return c.connection, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Subscribe subscribes; package protocol calls it. A refusal is an error (*mqtt.RefusedError).
func (c *Client) Subscribe(ctx context.Context, filter string, options ...aio.SubscribeOption) (*aio.Ack, error) {
	var o aio.SubscribeOptions
	o.Apply(options)
	connection, err := c.await(ctx)
	if err != nil {
		return nil, err
	}
	_, err = connection.SubscribeWith(ctx, paho.SubscribeOptions{
		Topic: filter, QoS: o.QoS, NoLocal: o.NoLocal, RetainAsPublished: o.Retain, RetainHandling: o.RetainHandling,
	})
	if err != nil {
		return nil, err
	}
	return &aio.Ack{ReasonCode: o.QoS}, nil
}

// Unsubscribe does nothing. Package protocol calls it when a receiver is closed, which here is when the process ends: a session
// that outlives the connection must keep its subscription, or what is published until the next start would be lost.
func (c *Client) Unsubscribe(context.Context, string, ...aio.UnsubscribeOption) (*aio.Ack, error) {
	return &aio.Ack{}, nil
}

// RegisterMessageHandler has handler called for every message; package protocol does. The function that it returns ends
// that, and returns when no call is under way.
func (c *Client) RegisterMessageHandler(handler aio.MessageHandler) func() {
	c.handling <- struct{}{}
	defer func() { <-c.handling }()
	c.handlers = append(c.handlers, &handler)
	return func() {
		c.handling <- struct{}{}
		defer func() { <-c.handling }()
		c.handlers = slices.DeleteFunc(c.handlers, func(h *aio.MessageHandler) bool { return h == &handler })
	}
}

// NewApplication is what senders and receivers of package protocol share. It takes any clock for right: the SDK drops
// messages from clocks that are a minute ahead. log gets what the SDK has to say.
func NewApplication(log *slog.Logger) (*protocol.Application, error) {
	return protocol.NewApplication(protocol.WithMaxClockDrift(math.MaxInt64), protocol.WithLogger(slog.New(quiet{log.Handler()})))
}

// quiet makes what is below an error good for debugging only: the SDK warns of each message that is not sent, which the
// services say once per burst and with the message's span.
type quiet struct{ slog.Handler }

func quieted(level slog.Level) slog.Level {
	if level < slog.LevelError {
		return min(level, slog.LevelDebug)
	}
	return level
}

func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return q.Handler.Enabled(ctx, quieted(level))
}

func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	r.Level = quieted(r.Level)
	return q.Handler.Handle(ctx, r)
}

func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(attrs)} }
func (q quiet) WithGroup(name string) slog.Handler       { return quiet{q.Handler.WithGroup(name)} }

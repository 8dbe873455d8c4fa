package envelope

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	aio "github.com/Azure/iot-operations-sdks/go/mqtt"
	"github.com/eclipse/paho.golang/paho"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
	"mqttrace/propagation"
)

// Receipt is what became of one message, for a caller of package protocol, whose own errors say less. It may be read when
// Send has returned.
type Receipt struct {
	// Published says that the message got as far as Client.Publish.
	Published bool
	// ReasonCode and Reason are the broker's answer.
	ReasonCode byte
	Reason     string
	// Err is why there is none: mqtt.ErrSessionLost, mqtt.ErrClosed, or the cause of the context's end.
	Err error

	handed func()
}

type receiptKey struct{}

// WithReceipt returns a context for one Send that fills in a receipt. handed, if not nil, is called once the message has its
// place in the order: the next one may then be sent while this one's answer is awaited. It is not called for a message that
// Send refuses by itself.
func WithReceipt(ctx context.Context, handed func()) (context.Context, *Receipt) {
	r := &Receipt{handed: handed}
	return context.WithValue(ctx, receiptKey{}, r), r
}

// ErrRefused is a publish that the broker answered with a reason code of 0x80 or more.
var ErrRefused = errors.New("refused by the broker")

// Answered reports whether the broker has said anything about the message.
func (r *Receipt) Answered() bool { return r.Published && r.Err == nil }

// Outcome is nil for a message that the broker has taken.
func (r *Receipt) Outcome() error {
	if r.Err == nil && r.ReasonCode >= 0x80 {
		text := fmt.Sprintf("0x%02x %s", r.ReasonCode, mqtt.ReasonName(r.ReasonCode))
		if r.Reason != "" {
			text += " (" + r.Reason + ")"
		}
		return fmt.Errorf("%w: %s", ErrRefused, text)
	}
	return r.Err
}

// Publish sends a message with the trace context of ctx and returns with the broker's answer; package protocol calls it. ctx bounds the wait
// for a connection; once the message is on its way, its answer is awaited for as long as it takes.
func (c *Client) Publish(ctx context.Context, topic string, payload []byte, options ...aio.PublishOption) (*aio.Ack, error) {
	var o aio.PublishOptions
	o.Apply(options)
	receipt, ok := ctx.Value(receiptKey{}).(*Receipt)
	if !ok {
		receipt = new(Receipt)
	}
	receipt.Published = true
	connection, err := c.await(ctx)
	if err != nil {
		receipt.Err = err
		return nil, err
	}
	properties := c.userProperties(ctx, o.UserProperties)
	given := clock.Now()
	outcome, err := connection.Send(ctx, o.QoS, func(sent clock.Instant) *paho.Publish {
		return packet(topic, payload, o, properties, sent.Sub(given))
	}, receipt.handed)
	switch {
	case err == nil:
		err = outcome.Err
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		err = context.Cause(ctx)
	}
	receipt.ReasonCode, receipt.Reason, receipt.Err = outcome.ReasonCode, outcome.Reason, err
	if err != nil {
		return nil, err
	}
	return &aio.Ack{ReasonCode: outcome.ReasonCode, ReasonString: outcome.Reason}, nil
}

// packet is the PUBLISH of a message that has waited for a time to be sent.
func packet(topic string, payload []byte, o aio.PublishOptions, properties paho.UserProperties, waited time.Duration) *paho.Publish {
	p := &paho.Publish{
		Topic:   topic,
		Payload: payload,
		QoS:     o.QoS,
		Retain:  o.Retain,
		Properties: &paho.PublishProperties{
			ContentType:     o.ContentType,
			PayloadFormat:   &o.PayloadFormat,
			CorrelationData: o.CorrelationData,
			ResponseTopic:   o.ResponseTopic,
			User:            properties,
		},
	}
	if o.MessageExpiry > 0 {
		// A message that has waited is of use for less long.
		left := max(int64(o.MessageExpiry)-int64(waited/time.Second), 1)
		expiry := uint32(min(left, math.MaxUint32))
		p.Properties.MessageExpiry = &expiry
	}
	if len(o.CorrelationData) == 0 {
		p.Properties.CorrelationData = stamp(time.Now())
	}
	return p
}

// order is that of the Rust SDK; the Go SDK's is random. Names beyond these come between the two halves, sorted.
var (
	first = []string{"traceparent", "tracestate", "baggage", "id", "source", "specversion", "type", "subject", "time", "dataschema"}
	last  = []string{"__ts", "__protVer", "__srcId"}
)

// userProperties is the trace context of ctx and then what the message has of its own. A context that the message has already
// is somebody's choice and stays.
func (c *Client) userProperties(ctx context.Context, own map[string]string) paho.UserProperties {
	var all paho.UserProperties
	if _, ok := own["traceparent"]; !ok {
		c.propagator.Inject(ctx, propagation.NewCarrier(&all))
	}
	for _, name := range inOrder(own) {
		if all.Get(name) == "" {
			all.Add(name, own[name])
		}
	}
	return all
}

func inOrder(own map[string]string) []string {
	names := slices.Sorted(maps.Keys(own))
	rank := func(name string) int {
		if i := slices.Index(first, name); i >= 0 {
			return i
		}
		return len(first) + 1 + slices.Index(last, name) // of all others this is len(first)
	}
	slices.SortStableFunc(names, func(a, b string) int { return rank(a) - rank(b) })
	return names
}

package propagation

import (
	"context"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
)

// maxBaggage is the limit of W3C Baggage in bytes, over all parts and the commas between them.
const maxBaggage = 8192

// Baggage is a propagator of W3C baggage. Over [propagation.Baggage] it joins several baggage properties before it reads
// them, so that the limits hold for the whole and what is over them goes from the right. Safe for concurrent use.
type Baggage struct{}

var _ propagation.TextMapPropagator = Baggage{}

// Inject writes the baggage of ctx into carrier, if there is any and carrier has none yet.
func (Baggage) Inject(ctx context.Context, carrier propagation.TextMapCarrier) {
	s := baggage.FromContext(ctx).String()
	if s == "" {
		return
	}
	if c, ok := carrier.(Carrier); ok && c.props != nil && !hasName(*c.props, baggageKey) {
		c.props.Add(baggageKey, s)
	} else if carrier.Get(baggageKey) == "" {
		carrier.Set(baggageKey, s)
	}
}

// Extract returns ctx with the baggage in carrier, or ctx itself if there is none. Over 8192 bytes all of it is dropped;
// members that are not valid and members after the 64th are left out.
func (Baggage) Extract(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	s := carriedBaggage(carrier)
	if s == "" || len(s) > maxBaggage {
		return ctx
	}
	// The error tells what was left out, not that nothing could be read.
	b, _ := baggage.Parse(s)
	if b.Len() == 0 {
		return ctx
	}
	return baggage.ContextWithBaggage(ctx, b)
}

// Fields returns the name Inject writes.
func (Baggage) Fields() []string {
	return []string{baggageKey}
}

func carriedBaggage(carrier propagation.TextMapCarrier) string {
	if c, ok := carrier.(Carrier); ok {
		return joined(c.list(), baggageKey, maxBaggage)
	}
	return carriedList(carrier, baggageKey)
}

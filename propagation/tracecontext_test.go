package propagation

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// foreignCarrier is a carrier this package has never heard of, with nothing but what the interface asks for.
type foreignCarrier struct {
	propagation.TextMapCarrier
}

func TestTraceContextOverAnyCarrier(t *testing.T) {
	carriers := []struct {
		name string
		make func() propagation.TextMapCarrier
		// keepsOrphan says that nothing can be removed from the carrier.
		keepsOrphan bool
	}{
		{"user properties", func() propagation.TextMapCarrier { return NewCarrier(new(pairs())) }, false},
		{"user properties in any case", func() propagation.TextMapCarrier { return NewLenientCarrier(new(pairs())) }, false},
		{"header", func() propagation.TextMapCarrier { return HeaderCarrier(http.Header{}) }, false},
		{"map", func() propagation.TextMapCarrier { return propagation.MapCarrier{} }, false},
		{"foreign", func() propagation.TextMapCarrier { return foreignCarrier{propagation.MapCarrier{}} }, true},
	}
	plain := mustParse(t, sampleTraceparent)
	stateful := withState(t, plain, "foo=1,bar=2")
	for _, c := range carriers {
		t.Run(c.name, func(t *testing.T) {
			t.Run("round trip", func(t *testing.T) {
				for _, sc := range []trace.SpanContext{plain, stateful} {
					carrier := c.make()
					TraceContext{}.Inject(trace.ContextWithSpanContext(t.Context(), sc), carrier)
					assert.Equal(t, sc, extractWith(TraceContext{}, carrier))
					assert.Equal(t, sc, extractWith(propagation.TraceContext{}, carrier), "by otel's propagator")
				}
			})
			t.Run("no context", func(t *testing.T) {
				carrier := c.make()
				TraceContext{}.Inject(t.Context(), carrier)
				assert.Empty(t, carrier.Keys())
				assert.Equal(t, t.Context(), TraceContext{}.Extract(t.Context(), carrier))
			})
			t.Run("a context there stays", func(t *testing.T) {
				carrier := c.make()
				carrier.Set("traceparent", otherTraceparent)
				TraceContext{}.Inject(trace.ContextWithSpanContext(t.Context(), stateful), carrier)
				assert.Equal(t, otherTraceparent, carrier.Get("traceparent"))
				assert.Empty(t, carrier.Get("tracestate"))
			})
			t.Run("a broken one does not", func(t *testing.T) {
				carrier := c.make()
				carrier.Set("traceparent", "junk")
				carrier.Set("tracestate", "x=y")
				TraceContext{}.Inject(trace.ContextWithSpanContext(t.Context(), plain), carrier)
				assert.Equal(t, sampleTraceparent, carrier.Get("traceparent"))
				assert.Equal(t, c.keepsOrphan, carrier.Get("tracestate") != "")
			})
		})
	}
}

func TestFields(t *testing.T) {
	assert.Equal(t, []string{"traceparent", "tracestate"}, TraceContext{}.Fields())
	assert.Equal(t, []string{"baggage"}, Baggage{}.Fields())
	assert.ElementsMatch(t, []string{"traceparent", "tracestate", "baggage"}, New().Fields())
}

// Over otel's own propagator the carrier alone gives rule 3: a repeated traceparent is none, a tracestate in parts is one.
func TestCarrierUnderOtel(t *testing.T) {
	twice := pairs("traceparent", sampleTraceparent, "traceparent", sampleTraceparent)
	assert.False(t, extractWith(propagation.TraceContext{}, NewCarrier(&twice)).IsValid())

	parts := pairs("traceparent", sampleTraceparent, "tracestate", "foo=1", "tracestate", "bar=2")
	assert.Equal(t, "foo=1,bar=2", extractWith(propagation.TraceContext{}, NewCarrier(&parts)).TraceState().String())
}

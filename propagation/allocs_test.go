package propagation

import (
	"context"
	"strings"
	"testing"

	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

const allocRuns = 200

func TestDirectAllocations(t *testing.T) {
	plain := mustParse(t, sampleTraceparent)
	state := "foo=1,bar=2,baz=3"
	stateful := withState(t, plain, state)
	room := make([]byte, 0, traceparentLen)
	inBytes := []byte(sampleTraceparent)
	props := make(paho.UserProperties, 0, 8)
	traced := func(others int, more ...string) paho.UserProperties {
		kv := append([]string{"traceparent", sampleTraceparent}, more...)
		return append(pairs(kv...), make(paho.UserProperties, others)...)
	}
	one, two, four, many := traced(0), traced(1), traced(3), traced(16)
	withOne := traced(3, "tracestate", state)
	twice := traced(0, "traceparent", sampleTraceparent)
	broken := pairs("traceparent", "junk")
	injector := new(Injector)
	parse := testing.AllocsPerRun(allocRuns, func() { _, _ = trace.ParseTraceState(state) })

	cases := []struct {
		name string
		want float64
		run  func()
	}{
		{"append", 0, func() { AppendTraceparent(room, plain) }},
		{"append of nothing", 0, func() { AppendTraceparent(nil, trace.SpanContext{}) }},
		{"parse string", 0, func() { _, _ = ParseTraceparent(sampleTraceparent) }},
		{"parse bytes", 0, func() { _, _ = ParseTraceparent(inBytes) }},
		{"parse with space around", 0, func() { _, _ = ParseTraceparent("\t" + sampleTraceparent + " ") }},
		{"parse malformed", 0, func() { _, _ = ParseTraceparent("junk") }},
		{"parse malformed bytes", 0, func() { _, _ = ParseTraceparent(inBytes[1:]) }},
		{"extract from 1", 0, func() { _, _ = Extract(one) }},
		{"extract from 2", 0, func() { _, _ = Extract(two) }},
		{"extract from 4", 0, func() { _, _ = Extract(four) }},
		{"extract from 17", 0, func() { _, _ = Extract(many) }},
		{"extract none", 0, func() { _, _ = Extract(nil) }},
		{"extract duplicate", 0, func() { _, _ = Extract(twice) }},
		{"extract malformed", 0, func() { _, _ = Extract(broken) }},
		{"extract with tracestate", parse, func() { _, _ = Extract(withOne) }},
		{"inject", 1, func() { props = props[:0]; Inject(plain, &props) }},
		{"injector", 0, func() { props = props[:0]; injector.Inject(plain, &props) }},
		{"inject with tracestate", 2, func() { props = props[:0]; Inject(stateful, &props) }},
		{"inject of nothing", 0, func() { props = props[:0]; Inject(trace.SpanContext{}, &props) }},
		{"inject where a context is", 0, func() { Inject(plain, &one) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, testing.AllocsPerRun(allocRuns, c.run))
		})
	}
}

// Through the interface nothing may cost more than otel's own over the same carrier.
func TestPropagatorAllocations(t *testing.T) {
	plain := mustParse(t, sampleTraceparent)
	member := func(n int) string {
		var ms []string
		for i := range n {
			ms = append(ms, strings.Repeat("k", i+1)+"=v")
		}
		return strings.Join(ms, ",")
	}
	cases := []struct {
		name string
		kv   []string
	}{
		{"none", nil},
		{"plain", []string{"traceparent", sampleTraceparent}},
		{"malformed", []string{"traceparent", "junk"}},
		{"1 member", []string{"traceparent", sampleTraceparent, "tracestate", member(1)}},
		{"3 members", []string{"traceparent", sampleTraceparent, "tracestate", member(3)}},
		{"32 members", []string{"traceparent", sampleTraceparent, "tracestate", member(32)}},
		{"33 members", []string{"traceparent", sampleTraceparent, "tracestate", member(33)}},
		{"malformed state", []string{"traceparent", sampleTraceparent, "tracestate", member(3) + ",x"}},
		{"two states", []string{"traceparent", sampleTraceparent, "tracestate", "a=1", "tracestate", "b=2"}},
	}
	extract := func(p propagation.TextMapPropagator, props paho.UserProperties) float64 {
		c := NewCarrier(&props)
		return fewest(func() { p.Extract(context.Background(), c) })
	}
	inject := func(p propagation.TextMapPropagator, ctx context.Context) float64 {
		props := make(paho.UserProperties, 0, 8)
		c := NewCarrier(&props)
		return fewest(func() { props = props[:0]; p.Inject(ctx, c) })
	}
	for _, c := range cases {
		t.Run("extract/"+c.name, func(t *testing.T) {
			props := pairs(c.kv...)
			assert.LessOrEqual(t, extract(TraceContext{}, props), extract(propagation.TraceContext{}, props))
		})
	}
	for n, sc := range map[string]trace.SpanContext{"none": {}, "plain": plain, "32 members": withState(t, plain, member(32))} {
		t.Run("inject/"+n, func(t *testing.T) {
			ctx := trace.ContextWithSpanContext(t.Context(), sc)
			assert.LessOrEqual(t, inject(TraceContext{}, ctx), inject(propagation.TraceContext{}, ctx))
		})
	}
	t.Run("baggage", func(t *testing.T) {
		ctx := withBaggage(t, "k=v,l=w,m=x")
		assert.LessOrEqual(t, inject(Baggage{}, ctx), inject(propagation.Baggage{}, ctx))
		props := pairs("baggage", "k=v,l=w,m=x")
		assert.LessOrEqual(t, extract(Baggage{}, props), extract(propagation.Baggage{}, props))
		parts := pairs("baggage", "k=v", "baggage", "l=w,m=x")
		assert.LessOrEqual(t, extract(Baggage{}, parts), extract(propagation.Baggage{}, parts))
	})
}

// fewest returns the allocations of one run as they are when nothing is lost from a pool, as the race detector sees to.
func fewest(run func()) float64 {
	n := testing.AllocsPerRun(1, run)
	for range 50 {
		n = min(n, testing.AllocsPerRun(1, run))
	}
	return n
}

// The span helpers add nothing to what the tracer and the parent's context cost.
func TestSpanAllocations(t *testing.T) {
	tracer := noop.NewTracerProvider().Tracer("")
	ctx := context.Background()
	remote := mustParse(t, sampleTraceparent)
	message := Message{QoS: 1, Retain: false}
	producer := NewProducer(tracer, Endpoint{Topic: "t", ClientID: "c"})
	consumer := NewConsumer(tracer, Endpoint{Topic: "t", ClientID: "c"})

	bare := testing.AllocsPerRun(allocRuns, func() { tracer.Start(ctx, "publish t") })
	assert.Equal(t, bare, testing.AllocsPerRun(allocRuns, func() { producer.Start(ctx, message) }))

	under := testing.AllocsPerRun(allocRuns, func() {
		tracer.Start(trace.ContextWithRemoteSpanContext(ctx, remote), "process t")
	})
	assert.Equal(t, under, testing.AllocsPerRun(allocRuns, func() { consumer.Start(ctx, remote, message) }))
}

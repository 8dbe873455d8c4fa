// Package mqttrace_test holds the benchmarks of the propagation core: what this module's way of carrying a context costs,
// beside OpenTelemetry's own propagators over the same user properties. Run them with make bench.
package mqttrace_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/eclipse/paho.golang/paho"
	"go.opentelemetry.io/otel/baggage"
	otel "go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"mqttrace/propagation"
)

const (
	sampled   = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	unsampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
	malformed = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333x-01"
)

// row is one line of the table: what is injected, or what is in the message.
type row struct {
	traceparent string
	tracestate  string
	others      int // user properties around the context
	name        string
}

// rows are all sizes of tracestate among all numbers of other properties, and both values of the sampled flag.
func rows() []row {
	rs := []row{{unsampled, "", 0, "tracestate=0/others=0/sampled=false"}}
	for _, members := range []int{0, 1, 3, 32} {
		for _, others := range []int{0, 4, 16} {
			name := fmt.Sprintf("tracestate=%d/others=%d/sampled=true", members, others)
			rs = append(rs, row{sampled, tracestate(members), others, name})
		}
	}
	return rs
}

// unusable are the messages that carry no context, or half of one.
func unusable() []row {
	var rs []row
	for _, others := range []int{0, 4, 16} {
		rs = append(rs,
			row{"", "", others, fmt.Sprintf("input=none/others=%d", others)},
			row{malformed, "", others, fmt.Sprintf("input=malformed/others=%d", others)})
	}
	for _, members := range []int{1, 3, 32} {
		name := fmt.Sprintf("input=malformed-tracestate/tracestate=%d", members)
		rs = append(rs, row{sampled, tracestate(members) + "=", 0, name})
	}
	return rs
}

func tracestate(members int) string {
	ms := make([]string, members)
	for i := range ms {
		ms[i] = fmt.Sprintf("vendor%02d=value%02d", i, i)
	}
	return strings.Join(ms, ",")
}

func (r row) spanContext(b *testing.B) trace.SpanContext {
	b.Helper()
	sc, err := propagation.ParseTraceparent(r.traceparent)
	if err != nil {
		b.Fatal(err)
	}
	state, err := trace.ParseTraceState(r.tracestate)
	if err != nil {
		b.Fatal(err)
	}
	return sc.WithTraceState(state)
}

// message returns the user properties of a message with this context in the midst of the others.
func (r row) message() paho.UserProperties {
	props := others(r.others)
	var own paho.UserProperties
	if r.traceparent != "" {
		own.Add("traceparent", r.traceparent)
	}
	if r.tracestate != "" {
		own.Add("tracestate", r.tracestate)
	}
	return slices.Insert(props, r.others/2, own...)
}

// others returns user properties as a CloudEvent has them, with room for two more.
func others(n int) paho.UserProperties {
	names := []string{"id", "source", "specversion", "type", "subject", "time", "dataschema", "__protVer", "__srcId", "partition"}
	props := make(paho.UserProperties, 0, n+2)
	for i := range n {
		props.Add(names[i%len(names)], "value")
	}
	return props
}

func BenchmarkInject(b *testing.B) {
	for _, r := range rows() {
		sc := r.spanContext(b)
		run := func(impl string, inject func(*paho.UserProperties)) {
			b.Run("impl="+impl+"/"+r.name, func(b *testing.B) {
				props := others(r.others)
				b.ReportAllocs()
				for b.Loop() {
					props = props[:r.others]
					inject(&props)
				}
			})
		}
		ctx := trace.ContextWithSpanContext(context.Background(), sc)
		run("otel", func(p *paho.UserProperties) { otel.TraceContext{}.Inject(ctx, propagation.NewCarrier(p)) })
		run("propagator", func(p *paho.UserProperties) { propagation.TraceContext{}.Inject(ctx, propagation.NewCarrier(p)) })
		run("direct", func(p *paho.UserProperties) { propagation.Inject(sc, p) })
	}
}

func BenchmarkExtract(b *testing.B) {
	for _, r := range append(rows(), unusable()...) {
		props := r.message()
		through := func(impl string, p otel.TextMapPropagator) {
			b.Run("impl="+impl+"/"+r.name, func(b *testing.B) {
				ctx := context.Background()
				b.ReportAllocs()
				for b.Loop() {
					p.Extract(ctx, propagation.NewCarrier(&props))
				}
			})
		}
		through("otel", otel.TraceContext{})
		through("propagator", propagation.TraceContext{})
		b.Run("impl=direct/"+r.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = propagation.Extract(props)
			}
		})
	}
}

// BenchmarkAppend is the direct way out: the bytes of a traceparent, beside otel's Inject into a list.
func BenchmarkAppend(b *testing.B) {
	for _, r := range []row{{sampled, "", 0, "sampled=true"}, {unsampled, "", 0, "sampled=false"}} {
		sc := r.spanContext(b)
		b.Run("impl=otel/"+r.name, func(b *testing.B) {
			ctx := trace.ContextWithSpanContext(context.Background(), sc)
			props := others(0)
			b.ReportAllocs()
			for b.Loop() {
				props = props[:0]
				otel.TraceContext{}.Inject(ctx, propagation.NewCarrier(&props))
			}
		})
		b.Run("impl=direct/"+r.name, func(b *testing.B) {
			buf := make([]byte, 0, len(sampled))
			b.ReportAllocs()
			for b.Loop() {
				_ = propagation.AppendTraceparent(buf, sc)
			}
		})
	}
}

// BenchmarkParse is the direct way in: a traceparent out of a string or bytes, beside otel's Extract from a list.
func BenchmarkParse(b *testing.B) {
	for _, r := range []row{{sampled, "", 0, "input=valid"}, {malformed, "", 0, "input=malformed"}} {
		b.Run("impl=otel/from=string/"+r.name, func(b *testing.B) { extractByOtel(b, r) })
		b.Run("impl=direct/from=string/"+r.name, func(b *testing.B) { parse(b, r.traceparent) })
		b.Run("impl=otel/from=bytes/"+r.name, func(b *testing.B) { extractByOtel(b, r) })
		b.Run("impl=direct/from=bytes/"+r.name, func(b *testing.B) { parse(b, []byte(r.traceparent)) })
	}
}

func extractByOtel(b *testing.B, r row) {
	ctx, props := context.Background(), r.message()
	b.ReportAllocs()
	for b.Loop() {
		otel.TraceContext{}.Extract(ctx, propagation.NewCarrier(&props))
	}
}

func parse[S string | []byte](b *testing.B, traceparent S) {
	b.ReportAllocs()
	for b.Loop() {
		_, _ = propagation.ParseTraceparent(traceparent)
	}
}

func BenchmarkBaggage(b *testing.B) {
	impls := []struct {
		name string
		otel.TextMapPropagator
	}{{"otel", otel.Baggage{}}, {"propagator", propagation.Baggage{}}}
	for _, members := range []int{1, 8, 64} {
		list := strings.ReplaceAll(tracestate(members), "vendor", "key")
		bag, err := baggage.Parse(list)
		if err != nil {
			b.Fatal(err)
		}
		ctx := baggage.ContextWithBaggage(context.Background(), bag)
		for _, impl := range impls {
			b.Run(fmt.Sprintf("impl=%s/op=inject/members=%d", impl.name, members), func(b *testing.B) {
				props := others(0)
				b.ReportAllocs()
				for b.Loop() {
					props = props[:0]
					impl.Inject(ctx, propagation.NewCarrier(&props))
				}
			})
		}
		for parts := 1; parts <= min(members, 2); parts++ {
			props := baggageIn(parts, list)
			for _, impl := range impls {
				b.Run(fmt.Sprintf("impl=%s/op=extract/members=%d/parts=%d", impl.name, members, parts), func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						impl.Extract(context.Background(), propagation.NewCarrier(&props))
					}
				})
			}
		}
	}
}

// baggageIn returns list in one property, or cut in two.
func baggageIn(parts int, list string) paho.UserProperties {
	if parts == 1 {
		return paho.UserProperties{{Key: "baggage", Value: list}}
	}
	cut := len(list)/2 + strings.Index(list[len(list)/2:], ",")
	return paho.UserProperties{{Key: "baggage", Value: list[:cut]}, {Key: "baggage", Value: list[cut+1:]}}
}

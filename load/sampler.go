package load

import (
	"fmt"
	"strings"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"mqttrace/scenarios"
)

// samplerOf makes the SDK's sampler of a setting. No name is always_on.
func samplerOf(t scenarios.TracingArm) sdktrace.Sampler {
	sampler := namedSampler(t.Sampler)
	if t.Tracestate > 0 {
		return statefulSampler{sampler, tracestateOf(t.Tracestate)}
	}
	return sampler
}

// namedSampler makes a sampler of its name in OTEL_TRACES_SAMPLER.
func namedSampler(s scenarios.Sampler) sdktrace.Sampler {
	switch s.Name {
	case scenarios.AlwaysOff:
		return sdktrace.NeverSample()
	case scenarios.TraceIDRatio:
		return sdktrace.TraceIDRatioBased(s.Ratio)
	case scenarios.ParentBasedAlwaysOn:
		return sdktrace.ParentBased(sdktrace.AlwaysSample())
	case scenarios.ParentBasedAlwaysOff:
		return sdktrace.ParentBased(sdktrace.NeverSample())
	case scenarios.ParentBasedTraceIDRatio:
		return sdktrace.ParentBased(sdktrace.TraceIDRatioBased(s.Ratio))
	case "", scenarios.AlwaysOn:
		return sdktrace.AlwaysSample()
	}
	panic(fmt.Sprintf("sampler %q: a scenario that passed validation has none of that name", s.Name))
}

// statefulSampler gives each trace that begins a tracestate, as a vendor's sampler would.
type statefulSampler struct {
	sdktrace.Sampler
	state trace.TraceState
}

func (s statefulSampler) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	r := s.Sampler.ShouldSample(p)
	if !trace.SpanContextFromContext(p.ParentContext).IsValid() {
		r.Tracestate = s.state
	}
	return r
}

// tracestateOf has n members of 16 bytes each.
func tracestateOf(n int) trace.TraceState {
	members := make([]string, n)
	for i := range members {
		members[i] = fmt.Sprintf("vendor%02d=v%06d", i, i)
	}
	state, err := trace.ParseTraceState(strings.Join(members, ","))
	if err != nil {
		panic(fmt.Sprintf("tracestate of %d members: %v", n, err)) // validation allows 32, as the format does
	}
	return state
}

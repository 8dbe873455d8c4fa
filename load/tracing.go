package load

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"strconv"

	"github.com/eclipse/paho.golang/paho"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"mqttrace/load/mqtt"
	"mqttrace/load/record"
	"mqttrace/propagation"
	"mqttrace/scenarios"
)

// tally is where one part of a run is counted: the warm-up, which is thrown away, or the measured phase.
type tally struct {
	recorder *record.Recorder
	spans    *record.Spans // nil in arms that make no span
	tracer   trace.Tracer  // likewise
}

// newTally makes a tally; its spans, in arms that make some, go to the ledger and to the processors given.
func newTally(t scenarios.Tracing, processors ...sdktrace.SpanProcessor) *tally {
	y := &tally{recorder: record.NewRecorder(2 * runtime.GOMAXPROCS(0))}
	if t.Arm == scenarios.ArmRecord {
		y.spans = record.NewSpans(y.recorder)
		options := []sdktrace.TracerProviderOption{sdktrace.WithSampler(samplerOf(t.Sampler)), sdktrace.WithSpanProcessor(y.spans)}
		for _, p := range processors {
			options = append(options, sdktrace.WithSpanProcessor(p))
		}
		provider := sdktrace.NewTracerProvider(options...)
		y.tracer = provider.Tracer("mqttrace/load", trace.WithSchemaURL(propagation.SchemaURL))
	}
	return y
}

// samplerOf makes the SDK's sampler of a name in OTEL_TRACES_SAMPLER's manner. No name is always_on.
func samplerOf(s scenarios.Sampler) sdktrace.Sampler {
	switch s.Name {
	case "always_off":
		return sdktrace.NeverSample()
	case "traceidratio":
		return sdktrace.TraceIDRatioBased(s.Ratio)
	case "parentbased_always_on":
		return sdktrace.ParentBased(sdktrace.AlwaysSample())
	case "parentbased_always_off":
		return sdktrace.ParentBased(sdktrace.NeverSample())
	case "parentbased_traceidratio":
		return sdktrace.ParentBased(sdktrace.TraceIDRatioBased(s.Ratio))
	case "", "always_on":
		return sdktrace.AlwaysSample()
	}
	panic(fmt.Sprintf("sampler %q: a scenario that passed validation has none of that name", s.Name))
}

// outbound is what the run's arm does to the messages that one sender publishes. Not safe for concurrent use.
type outbound struct {
	arm       scenarios.Arm
	sampler   sdktrace.Sampler
	random    *rand.Rand
	producers map[*tally]*propagation.Producer
}

func newOutbound(t scenarios.Tracing, e propagation.Endpoint, random *rand.Rand, tallies ...*tally) *outbound {
	o := &outbound{arm: t.Arm, sampler: samplerOf(t.Sampler), random: random, producers: make(map[*tally]*propagation.Producer)}
	for _, y := range tallies {
		if y.tracer != nil {
			o.producers[y] = propagation.NewProducer(y.tracer, e)
		}
	}
	return o
}

// start adds trace context to a message's user properties; the span is nil in arms that make none.
func (o *outbound) start(y *tally, m record.Message, p propagation.Message, user *paho.UserProperties) trace.Span {
	switch o.arm {
	case scenarios.ArmContext:
		propagation.Inject(o.newContext(), user)
	case scenarios.ArmRecord:
		y.spans.Started()
		_, span := o.producers[y].Start(record.ContextWithMessage(context.Background(), m), p)
		propagation.Inject(span.SpanContext(), user)
		return span
	}
	return nil
}

// newContext makes the ids that a span would have, and asks the sampler for the flag.
func (o *outbound) newContext() trace.SpanContext {
	var c trace.SpanContextConfig
	binary.BigEndian.PutUint64(c.TraceID[:8], o.random.Uint64())
	binary.BigEndian.PutUint64(c.TraceID[8:], o.random.Uint64()|1) // an id of zeros is not valid
	binary.BigEndian.PutUint64(c.SpanID[:], o.random.Uint64()|1)
	decision := o.sampler.ShouldSample(sdktrace.SamplingParameters{ParentContext: context.Background(), TraceID: c.TraceID, Kind: trace.SpanKindProducer})
	if decision.Decision == sdktrace.RecordAndSample {
		c.TraceFlags = trace.FlagsSampled
	}
	return trace.NewSpanContext(c)
}

// inbound is what the run's arm does to the messages that one receiver handles.
type inbound struct {
	arm       scenarios.Arm
	consumers map[*tally]*propagation.Consumer
}

func newInbound(t scenarios.Tracing, e propagation.Endpoint, tallies ...*tally) *inbound {
	i := &inbound{arm: t.Arm, consumers: make(map[*tally]*propagation.Consumer)}
	for _, y := range tallies {
		if y.tracer != nil {
			i.consumers[y] = propagation.NewConsumer(y.tracer, e)
		}
	}
	return i
}

// start continues the trace of a message that arrived; the span is nil in arms that make none.
func (i *inbound) start(y *tally, m record.Message, d mqtt.Delivery) trace.Span {
	switch i.arm {
	case scenarios.ArmContext:
		_, _ = propagation.Extract(d.Properties.User) // what it costs is all that is wanted
	case scenarios.ArmRecord:
		remote, err := propagation.Extract(d.Properties.User)
		if err != nil {
			remote = trace.SpanContext{} // the ledger sees a span without a parent
		}
		y.spans.Started()
		_, span := i.consumers[y].Start(record.ContextWithMessage(context.Background(), m), remote,
			propagation.Message{Topic: d.Topic, QoS: d.QoS, Retain: d.Retain, Duplicate: d.Duplicate()})
		y.spans.Received(m)
		return span
	}
	return nil
}

// endpointOf describes a client's side of its spans.
func endpointOf(clientID, address string) propagation.Endpoint {
	e := propagation.Endpoint{ClientID: clientID}
	host, port, err := net.SplitHostPort(address)
	if err == nil {
		e.ServerAddress = host
		e.ServerPort, _ = strconv.Atoi(port) // a port that is a service's name is left out
	}
	return e
}

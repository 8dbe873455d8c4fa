package load

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"

	"github.com/eclipse/paho.golang/paho"
	"go.opentelemetry.io/otel/baggage"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"mqttrace/load/mqtt"
	"mqttrace/load/record"
	"mqttrace/propagation"
	"mqttrace/scenarios"
)

// outbound is what one arm does to the messages that one sender publishes. Not safe for concurrent use.
type outbound struct {
	arm      *arm
	sampler  sdktrace.Sampler
	random   *rand.Rand
	producer *propagation.Producer
	context  context.Context // with the setting's baggage
	inject   func(trace.SpanContext, *paho.UserProperties)
}

func newOutbound(a *arm, e propagation.Endpoint) *outbound {
	o := &outbound{
		arm: a, sampler: samplerOf(a.setting), context: baggageOf(a.setting.Baggage), inject: propagation.Inject,
		random: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), // two runs of one seed must not share trace ids
	}
	if a.tracer != nil {
		o.producer = propagation.NewProducer(a.tracer, e)
	}
	return o
}

// start adds trace context to a message's user properties; m is nil for a message that does not count. The span is nil in
// arms that make none.
func (o *outbound) start(m *record.Message, p propagation.Message, user *paho.UserProperties) (span trace.Span) {
	if o.arm.planted > 0 {
		spin(o.arm.planted)
	}
	if o.arm.setting.Arm == scenarios.ArmOff {
		return nil
	}
	var sc trace.SpanContext
	if o.producer == nil {
		sc = o.newContext()
	} else {
		o.arm.spans.Started()
		_, span = o.producer.Start(contextOf(o.context, m), p, o.arm.extra...)
		sc = span.SpanContext()
	}
	o.carry(sc, user)
	return span
}

// carry adds a trace context, and the setting's baggage, to user properties.
func (o *outbound) carry(sc trace.SpanContext, user *paho.UserProperties) {
	o.inject(sc, user)
	if o.arm.setting.Baggage > 0 {
		propagation.Baggage{}.Inject(o.context, propagation.NewCarrier(user))
	}
}

func contextOf(ctx context.Context, m *record.Message) context.Context {
	if m == nil {
		return ctx
	}
	return record.ContextWithMessage(ctx, *m)
}

// newContext makes the ids that a span would have, and asks the sampler for the flag.
func (o *outbound) newContext() trace.SpanContext {
	var c trace.SpanContextConfig
	binary.BigEndian.PutUint64(c.TraceID[:8], o.random.Uint64())
	binary.BigEndian.PutUint64(c.TraceID[8:], o.random.Uint64()|1) // an id of zeros is not valid
	binary.BigEndian.PutUint64(c.SpanID[:], o.random.Uint64()|1)
	decision := o.sampler.ShouldSample(sdktrace.SamplingParameters{ParentContext: o.context, TraceID: c.TraceID, Kind: trace.SpanKindProducer})
	if decision.Decision == sdktrace.RecordAndSample {
		c.TraceFlags = trace.FlagsSampled
	}
	c.TraceState = decision.Tracestate
	return trace.NewSpanContext(c)
}

// baggageOf is a context with baggage of about n bytes, in members of up to 64.
func baggageOf(n int) context.Context {
	var b baggage.Baggage
	for i := 0; n > 0; i++ {
		key := fmt.Sprintf("key%02d", i)
		size := min(n, max(64, n/(maxBaggageMembers-i)+1))
		member, err := baggage.NewMemberRaw(key, strings.Repeat("v", max(size-len(key)-2, 1)))
		if err == nil {
			b, err = b.SetMember(member)
		}
		if err != nil {
			panic(fmt.Sprintf("baggage of %d bytes: %v", n, err)) // validation allows what the format does
		}
		n -= size
	}
	return baggage.ContextWithBaggage(context.Background(), b)
}

const maxBaggageMembers = 64

// inbound is what one arm does to the messages that one receiver handles.
type inbound struct {
	arm      *arm
	consumer *propagation.Consumer
}

// relations are the core's names for the scenario's.
var relations = map[scenarios.Relation]propagation.Relation{
	scenarios.ChildAndLink: propagation.ChildAndLink, scenarios.ChildOnly: propagation.ChildOnly, scenarios.LinkOnly: propagation.LinkOnly,
}

func newInbound(a *arm, e propagation.Endpoint) *inbound {
	i := &inbound{arm: a}
	if a.tracer != nil {
		e.Relation = relations[a.setting.Relation]
		i.consumer = propagation.NewConsumer(a.tracer, e)
	}
	return i
}

// start continues the trace of a message that arrived, whose context is remote; m is nil for a message that does not count. The
// span is nil in arms that make none.
func (i *inbound) start(m *record.Message, d mqtt.Delivery) (span trace.Span, remote trace.SpanContext) {
	if i.arm.setting.Arm == scenarios.ArmOff {
		return nil, remote
	}
	ctx := context.Background()
	if i.arm.setting.Baggage > 0 {
		ctx = propagation.Baggage{}.Extract(ctx, propagation.NewCarrier(&d.Properties.User))
	}
	remote, err := propagation.Extract(d.Properties.User)
	if err != nil {
		remote = trace.SpanContext{} // the ledger sees a span without a parent
	}
	if i.consumer == nil {
		return nil, remote // what extracting costs is all that was wanted
	}
	i.arm.spans.Started()
	_, span = i.consumer.Start(contextOf(ctx, m), remote,
		propagation.Message{Topic: d.Topic, QoS: d.QoS, Retain: d.Retain, Duplicate: d.Duplicate()}, i.arm.extra...)
	if m != nil {
		i.arm.spans.Received(*m)
	}
	return span, remote
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

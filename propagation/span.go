package propagation

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Producer starts the spans of messages that one client publishes. Make one per client and topic with [NewProducer]:
// everything that is the same for all messages is prepared there. Safe for concurrent use.
type Producer struct {
	starter
}

// NewProducer returns a producer that starts its spans with tracer.
func NewProducer(tracer trace.Tracer, e Endpoint) *Producer {
	return &Producer{newStarter(tracer, e, trace.SpanKindProducer, OperationPublish, semconv.MessagingOperationTypeSend)}
}

// Start starts the span "publish <destination>" of a message about to be sent, as a child of the span in ctx. Its span
// context is what to [Inject], whether or not it is sampled. The caller ends the span: after the acknowledgement, if the
// message has one, and after [SetReasonCode]. Options, such as [trace.WithTimestamp], come last.
//
// It allocates nothing of its own for a message that sets only QoS and flags.
func (p *Producer) Start(ctx context.Context, m Message, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	m.Duplicate = false
	return p.start(ctx, &m, opts)
}

// Consumer starts the spans of messages that one client handles. Make one per client and subscription with
// [NewConsumer]. Safe for concurrent use.
type Consumer struct {
	starter
}

// NewConsumer returns a consumer that starts its spans with tracer.
func NewConsumer(tracer trace.Tracer, e Endpoint) *Consumer {
	return &Consumer{newStarter(tracer, e, trace.SpanKindConsumer, OperationProcess, semconv.MessagingOperationTypeProcess)}
}

// Start starts the span "process <destination>" around the handling of a message, whose creation context, as [Extract]
// gives it, is remote. The caller ends the span.
//
// Unless the endpoint's [Relation] says otherwise, the span is a child of remote and links to it: a child, so that one message is
// one trace from sender to receiver; a link, because the conventions ask for one and batch-minded tools look there. The span in
// ctx, if any, is not its parent.
//
// A message with the retain flag is a replay of something published at any time before, and so its span only links to
// remote: it belongs to what goes on now, the span in ctx or a new trace. (A subscription with Retain As Published gets
// the flag on live messages too; nothing tells them apart, and a link is right for both.)
//
// Without a valid remote the span is a child of the span in ctx, or the first of a new trace.
func (c *Consumer) Start(ctx context.Context, remote trace.SpanContext, m Message, opts ...trace.SpanStartOption) (context.Context, trace.Span) {
	if !remote.IsValid() {
		return c.start(ctx, &m, opts)
	}
	link := trace.Link{SpanContext: remote}
	if m.Retain || c.endpoint.Relation == LinkOnly {
		// The link is all a sampler can know about the origin, so it has to be there at the start.
		return c.start(ctx, &m, append(opts[:len(opts):len(opts)], trace.WithLinks(link)))
	}
	ctx, span := c.start(trace.ContextWithRemoteSpanContext(ctx, remote), &m, opts)
	if c.endpoint.Relation == ChildAndLink && span.IsRecording() {
		// A sampler has seen the same context as the parent. Added here the link saves three allocations, and all of its
		// cost if the span is not sampled.
		span.AddLink(link)
	}
	return ctx, span
}

// starter is what producer and consumer share: a tracer and the options of a span, ready for each combination of QoS,
// retain and duplicate.
type starter struct {
	tracer    trace.Tracer
	endpoint  Endpoint
	operation string
	name      string
	prepared  [12][]trace.SpanStartOption
}

func newStarter(tracer trace.Tracer, e Endpoint, kind trace.SpanKind, operation string, operationType attribute.KeyValue) starter {
	s := starter{tracer: tracer, endpoint: e, operation: operation, name: SpanName(operation, e.Template, e.Topic)}
	fixed := e.attributes(operation, operationType)
	for i := range s.prepared {
		as := append(fixed[:len(fixed):len(fixed)], flagAttributes(i, kind)...)
		if e.Topic != "" {
			as = append(as, TopicKey.String(e.Topic))
		}
		s.prepared[i] = []trace.SpanStartOption{trace.WithSpanKind(kind), trace.WithAttributes(as...)}
	}
	return s
}

// preparedAt is the index of the options for m; flagAttributes is its inverse. A QoS above 2 does not exist.
func preparedAt(m *Message) int {
	i := int(min(m.QoS, 2)) << 2
	if m.Retain {
		i |= 2
	}
	if m.Duplicate {
		i |= 1
	}
	return i
}

func flagAttributes(i int, kind trace.SpanKind) []attribute.KeyValue {
	as := []attribute.KeyValue{QoSKey.Int(i >> 2), RetainKey.Bool(i&2 != 0)}
	if kind == trace.SpanKindConsumer {
		as = append(as, DuplicateKey.Bool(i&1 != 0))
	}
	return as
}

func (s *starter) start(ctx context.Context, m *Message, opts []trace.SpanStartOption) (context.Context, trace.Span) {
	prepared := s.prepared[preparedAt(m)]
	extra := s.endpoint.extra(m)
	if len(extra) == 0 && len(opts) == 0 {
		return s.tracer.Start(ctx, s.name, prepared...)
	}
	all := make([]trace.SpanStartOption, 0, len(prepared)+1+len(opts))
	all = append(all, prepared...)
	if len(extra) > 0 {
		all = append(all, trace.WithAttributes(extra...))
	}
	return s.tracer.Start(ctx, s.nameFor(m), append(all, opts...)...)
}

// nameFor returns the name of the span of m, which differs from the prepared one only if the topic does and names spans.
func (s *starter) nameFor(m *Message) string {
	if s.endpoint.Template != "" || m.Topic == "" || m.Topic == s.endpoint.Topic {
		return s.name
	}
	return SpanName(s.operation, "", m.Topic)
}

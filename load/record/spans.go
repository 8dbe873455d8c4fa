package record

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"mqttrace/load/result"
)

// Message is what a span's context says of the message that the span is for: which one it is, and how many copies of it will
// be received. Spans whose context says nothing, those of the warm-up, are counted and not joined.
type Message struct {
	Sender, Seq uint32
	Copies      uint32
}

// messageContext is a context that carries a Message; it costs one allocation.
type messageContext struct {
	context.Context
	message Message
}

type messageKey struct{}

func (c *messageContext) Value(key any) any {
	if key == (messageKey{}) {
		return &c.message
	}
	return c.Context.Value(key)
}

// ContextWithMessage returns a context for starting a span of m.
func ContextWithMessage(ctx context.Context, m Message) context.Context {
	return &messageContext{Context: ctx, message: m}
}

// Spans is the span ledger: a span processor that joins the producer and consumer spans of each message in process. What the
// spans say is believed, what they should say is known from the message's stamp: the join is by message, never by what
// arrived in the trace context. Safe for concurrent use.
type Spans struct {
	shards [64]spanShard
	stripe func(int) *Stripe

	started, sampled, ended                         atomic.Uint64
	messages                                        atomic.Uint64
	whole, missingProducer, wrongParent, wrongTrace atomic.Uint64
}

// spanShard holds the producer spans of messages that have not reached all of their receivers.
type spanShard struct {
	mu        sync.Mutex
	producers map[[2]uint32]producer // by sender and sequence
}

type producer struct {
	trace  trace.TraceID
	span   trace.SpanID
	start  time.Time
	copies uint32 // still to be received
}

// NewSpans makes a ledger whose trace latencies go to r.
func NewSpans(r *Recorder) *Spans {
	s := &Spans{stripe: r.Stripe}
	for i := range s.shards {
		s.shards[i].producers = make(map[[2]uint32]producer)
	}
	return s
}

// Started counts a span that was started, sampled or not.
func (s *Spans) Started() { s.started.Add(1) }

// OnStart notes a producer span, or joins a consumer span with it.
func (s *Spans) OnStart(parent context.Context, span sdktrace.ReadWriteSpan) {
	s.sampled.Add(1)
	m, ok := parent.Value(messageKey{}).(*Message)
	if !ok {
		return
	}
	if span.SpanKind() == trace.SpanKindProducer {
		s.produced(m, span)
	} else {
		s.consumed(m, span)
	}
}

func (s *Spans) produced(m *Message, span sdktrace.ReadOnlySpan) {
	if m.Copies == 0 {
		return
	}
	sc := span.SpanContext()
	shard := s.shard(m)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	shard.producers[m.key()] = producer{trace: sc.TraceID(), span: sc.SpanID(), start: span.StartTime(), copies: m.Copies}
}

func (s *Spans) consumed(m *Message, span sdktrace.ReadOnlySpan) {
	shard := s.shard(m)
	shard.mu.Lock()
	p, ok := shard.producers[m.key()]
	shard.mu.Unlock()
	parent := span.Parent()
	if links := span.Links(); !parent.IsValid() && len(links) > 0 {
		parent = links[0].SpanContext // a consumer span that only links says as much
	}
	switch {
	case !ok:
		s.messages.Add(1) // Received will not know that it was sampled
		s.missingProducer.Add(1)
	case !parent.IsValid():
		s.missingProducer.Add(1)
	case parent.TraceID() != p.trace:
		s.wrongTrace.Add(1)
	case parent.SpanID() != p.span:
		s.wrongParent.Add(1)
	default:
		s.whole.Add(1)
		s.stripe(int(m.Seq)).Record(Trace, wallClockBetween(p.start, span.StartTime()))
	}
}

// wallClockBetween is the time between two instants as timestamps tell it, which is all that an exported span has.
func wallClockBetween(from, to time.Time) time.Duration { return to.Round(0).Sub(from.Round(0)) }

// Received counts a copy of a message, after its consumer span was started. A message that no producer span is known of was
// not sampled.
func (s *Spans) Received(m Message) {
	shard := s.shard(&m)
	shard.mu.Lock()
	defer shard.mu.Unlock()
	p, ok := shard.producers[m.key()]
	if !ok {
		return
	}
	s.messages.Add(1)
	if p.copies--; p.copies == 0 {
		delete(shard.producers, m.key())
		return
	}
	shard.producers[m.key()] = p
}

// OnEnd counts a span.
func (s *Spans) OnEnd(sdktrace.ReadOnlySpan) { s.ended.Add(1) }

// Ended is how many spans have ended so far.
func (s *Spans) Ended() uint64 { return s.ended.Load() }

// Shutdown does nothing: the ledger holds nothing back.
func (s *Spans) Shutdown(context.Context) error { return nil }

// ForceFlush does nothing.
func (s *Spans) ForceFlush(context.Context) error { return nil }

// Result is the ledger as result files have it.
func (s *Spans) Result() *result.Spans {
	r := &result.Spans{
		Started: s.started.Load(), Sampled: s.sampled.Load(), Ended: s.ended.Load(), Messages: s.messages.Load(),
		Whole: s.whole.Load(), MissingProducer: s.missingProducer.Load(), WrongParent: s.wrongParent.Load(), WrongTrace: s.wrongTrace.Load(),
	}
	r.MissingConsumer = r.Messages - min(r.Messages, r.Whole+r.MissingProducer+r.WrongParent+r.WrongTrace)
	return r
}

func (m *Message) key() [2]uint32 { return [2]uint32{m.Sender, m.Seq} }

func (s *Spans) shard(m *Message) *spanShard {
	return &s.shards[(m.Sender*31+m.Seq)%uint32(len(s.shards))]
}

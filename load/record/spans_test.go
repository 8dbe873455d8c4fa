package record

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"mqttrace/load/result"
)

func TestSpans(t *testing.T) {
	message := Message{Sender: 3, Seq: 7, Copies: 1}
	cases := []struct {
		name string
		// arrived is the span context that the receiver found, given the producer's and that of another message.
		arrived func(sent, other trace.SpanContext) trace.SpanContext
		consume bool
		want    result.Spans
	}{
		{"whole", func(sent, _ trace.SpanContext) trace.SpanContext { return sent }, true,
			result.Spans{Messages: 1, Whole: 1}},
		{"no consumer span", nil, false,
			result.Spans{Messages: 1, MissingConsumer: 1}},
		{"context dropped", func(_, _ trace.SpanContext) trace.SpanContext { return trace.SpanContext{} }, true,
			result.Spans{Messages: 1, MissingProducer: 1}},
		{"parent rewritten", func(sent, _ trace.SpanContext) trace.SpanContext { return sent.WithSpanID(trace.SpanID{1}) }, true,
			result.Spans{Messages: 1, WrongParent: 1}},
		{"another message's context", func(_, other trace.SpanContext) trace.SpanContext { return other }, true,
			result.Spans{Messages: 1, WrongTrace: 1}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			recorder := NewRecorder(1)
			spans := NewSpans(recorder)
			tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("")
			publish := func(m Message) trace.SpanContext {
				_, span := tracer.Start(ContextWithMessage(context.Background(), m), "publish", trace.WithSpanKind(trace.SpanKindProducer))
				defer span.End()
				return span.SpanContext()
			}
			other := publish(Message{Sender: 1, Copies: 1})
			sent := publish(message)
			if c.consume {
				ctx := trace.ContextWithRemoteSpanContext(ContextWithMessage(context.Background(), message), c.arrived(sent, other))
				_, span := tracer.Start(ctx, "process", trace.WithSpanKind(trace.SpanKindConsumer))
				span.End()
			}
			spans.Received(message)

			got := *spans.Result()
			assert.Equal(t, got.Sampled, got.Ended)
			assert.EqualValues(t, c.want.Whole, recorder.Histogram(Trace).Count(), "trace latencies")
			got.Sampled, got.Ended = 0, 0
			assert.Equal(t, c.want, got)
		})
	}
}

func TestSpansForgetMessagesThatAllReceiversHave(t *testing.T) {
	spans := NewSpans(NewRecorder(1))
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("")
	m := Message{Seq: 1, Copies: 2}
	_, span := tracer.Start(ContextWithMessage(context.Background(), m), "publish", trace.WithSpanKind(trace.SpanKindProducer))
	span.End()
	spans.Received(m)
	assert.Len(t, spans.shard(&m).producers, 1)
	spans.Received(m)
	assert.Empty(t, spans.shard(&m).producers)
	assert.EqualValues(t, 2, spans.Result().Messages)
}

func TestSpansCountAndDoNotJoinOtherSpans(t *testing.T) {
	spans := NewSpans(NewRecorder(1))
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("")
	_, span := tracer.Start(context.Background(), "warm-up")
	span.End()
	assert.Equal(t, &result.Spans{Sampled: 1, Ended: 1}, spans.Result())
}

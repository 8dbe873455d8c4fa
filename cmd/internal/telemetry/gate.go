package telemetry

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/otel/metric"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// gate stands before a batch processor and behind its exporter, and lets no more wait between the two than the processor's queue
// holds. The SDK's processors drop what does not fit and tell nobody; what the gate turns away is counted.
type gate struct {
	limit   int64
	waiting atomic.Int64
	// processed and exported count, with error.type for what went wrong; lost says so in the log.
	processed, exported metric.Int64Counter
	lost                func(ctx context.Context, n int64, why string)
}

var (
	droppedLabels = NewLabels().With(queueFull)
	failedLabels  = NewLabels().With(exportFailed)
)

// enter reports whether there is room for one more.
func (g *gate) enter(ctx context.Context) bool {
	if g.waiting.Add(1) > g.limit {
		g.waiting.Add(-1)
		g.processed.Add(ctx, 1, droppedLabels)
		g.lost(ctx, 1, "the queue was full")
		return false
	}
	g.processed.Add(ctx, 1)
	return true
}

// leave notes how an export ended.
func (g *gate) leave(ctx context.Context, n int, err error) {
	g.waiting.Add(-int64(n))
	if err != nil {
		g.exported.Add(ctx, int64(n), failedLabels)
		g.lost(ctx, int64(n), "the export failed")
		return
	}
	g.exported.Add(ctx, int64(n))
}

// close says what did not get out before the shutdown ended.
func (g *gate) close(ctx context.Context) {
	if n := g.waiting.Swap(0); n > 0 {
		g.lost(ctx, n, "the shutdown could not wait for their export")
	}
}

// spanGate is a gate for spans.
type spanGate struct {
	*gate
	sdktrace.SpanProcessor
}

func newSpanGate(g *gate, exporter sdktrace.SpanExporter) sdktrace.SpanProcessor {
	return spanGate{g, sdktrace.NewBatchSpanProcessor(spanExporter{g, exporter}, sdktrace.WithMaxQueueSize(int(g.limit)))}
}

func (s spanGate) OnEnd(span sdktrace.ReadOnlySpan) {
	if span.SpanContext().IsSampled() && s.enter(context.Background()) {
		s.SpanProcessor.OnEnd(span)
	}
}

func (s spanGate) Shutdown(ctx context.Context) error {
	defer s.close(ctx)
	return s.SpanProcessor.Shutdown(ctx)
}

type spanExporter struct {
	gate *gate
	sdktrace.SpanExporter
}

func (e spanExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	err := e.SpanExporter.ExportSpans(ctx, spans)
	e.gate.leave(ctx, len(spans), err)
	return err
}

// logGate is a gate for log records.
type logGate struct {
	*gate
	*sdklog.BatchProcessor
}

func newLogGate(g *gate, exporter sdklog.Exporter) sdklog.Processor {
	return logGate{g, sdklog.NewBatchProcessor(logExporter{g, exporter}, sdklog.WithMaxQueueSize(int(g.limit)))}
}

func (l logGate) OnEmit(ctx context.Context, record *sdklog.Record) error {
	if l.enter(ctx) {
		return l.BatchProcessor.OnEmit(ctx, record)
	}
	return nil
}

func (l logGate) Shutdown(ctx context.Context) error {
	defer l.close(ctx)
	return l.BatchProcessor.Shutdown(ctx)
}

type logExporter struct {
	gate *gate
	sdklog.Exporter
}

func (e logExporter) Export(ctx context.Context, records []sdklog.Record) error {
	err := e.Exporter.Export(ctx, records)
	e.gate.leave(ctx, len(records), err)
	return err
}

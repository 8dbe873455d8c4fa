package load

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"mqttrace/load/clock"
	"mqttrace/load/record"
	"mqttrace/load/result"
	"mqttrace/propagation"
	"mqttrace/scenarios"
)

// arm is one tracing setting of a run: its SDK, and what is counted while it is in force.
type arm struct {
	index   int
	setting scenarios.TracingArm
	// counted is for what belongs into the result, discarded for the warm-up and for the time in which a slice settles.
	counted, discarded *record.Recorder

	// What follows is nil in arms that make no span.
	spans    *record.Spans
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	exports  *exports // nil in arms that export nothing

	extra   []trace.SpanStartOption // the attributes that the setting adds to each span
	planted time.Duration           // CPU time added to each message; a comparison must find it
	slices  []sliceFigures          // that have ended
	sides   []sliceFigures          // of the second measurement

	due               uint64          // messages that were due so far
	second            record.Interval // counted since the last second with messages
	response, transit Quantiles       // of that second
	series            []result.Point
	exported, failed  uint64 // by the end of the last point of it
}

// newArm makes an arm; its spans, if it makes some, go to the ledger, to the exporter if it has one, and to the processors given.
func newArm(index int, t scenarios.TracingArm, x *exports, processors ...sdktrace.SpanProcessor) *arm {
	stripes := 2 * runtime.GOMAXPROCS(0)
	a := &arm{index: index, setting: t, counted: record.NewRecorder(stripes), discarded: record.NewRecorder(stripes), exports: x}
	if !a.makesSpans() {
		return a
	}
	a.spans = record.NewSpans(a.counted)
	options := []sdktrace.TracerProviderOption{
		sdktrace.WithSampler(samplerOf(t)), sdktrace.WithSpanProcessor(a.spans), sdktrace.WithRawSpanLimits(limitsOf(t.Limits)),
	}
	if x != nil {
		options = append(options, sdktrace.WithResource(x.resource), sdktrace.WithSpanProcessor(x.processor))
	}
	for _, p := range processors {
		options = append(options, sdktrace.WithSpanProcessor(p))
	}
	a.provider = sdktrace.NewTracerProvider(options...)
	a.tracer = a.provider.Tracer("mqttrace/load", trace.WithSchemaURL(propagation.SchemaURL))
	if t.Attributes > 0 {
		a.extra = []trace.SpanStartOption{trace.WithAttributes(extraAttributes(t.Attributes)...)}
	}
	return a
}

func (a *arm) makesSpans() bool {
	return a.setting.Arm == scenarios.ArmRecord || a.setting.Arm == scenarios.ArmExport
}

// recorder is where a message is recorded.
func (a *arm) recorder(counts bool) *record.Recorder {
	if counts {
		return a.counted
	}
	return a.discarded
}

// extraAttributes are n attributes such as an application would set: short names, values of a dozen bytes.
func extraAttributes(n int) []attribute.KeyValue {
	all := make([]attribute.KeyValue, n)
	for i := range all {
		all[i] = attribute.String(fmt.Sprintf("mqttrace.attribute.%d", i), fmt.Sprintf("value-%06d", i))
	}
	return all
}

// limitsOf are the SDK's own limits, or the environment's, where the scenario sets none.
func limitsOf(l scenarios.SpanLimits) sdktrace.SpanLimits {
	limits := sdktrace.NewSpanLimits()
	set := func(limit *int, value int) {
		if value != 0 {
			*limit = value
		}
	}
	set(&limits.AttributeCountLimit, l.Attributes)
	set(&limits.EventCountLimit, l.Events)
	set(&limits.LinkCountLimit, l.Links)
	set(&limits.AttributeValueLengthLimit, l.AttributeLength)
	return limits
}

// flush exports what the batch processor holds; it does nothing in arms that export nothing.
func (a *arm) flush(ctx context.Context) error {
	if a.exports == nil {
		return nil
	}
	return a.provider.ForceFlush(ctx)
}

// addExports adds to a point of the series what became of the arm's spans since the last one.
func (a *arm) addExports(p *result.Point) {
	if a.exports == nil {
		return
	}
	// Read before what has ended, so that nothing was exported that had not.
	exported, failed := a.exports.exported.Load(), a.exports.failed.Load()
	p.SpansExported, p.SpansFailed = exported-a.exported, failed-a.failed
	p.SpansWaiting = a.spans.Ended() - exported - failed
	a.exported, a.failed = exported, failed
}

// shutdownTimeout bounds the export of what is left at the end of a run.
const shutdownTimeout = 10 * time.Second

// shutdown ends the arm's SDK, exporting what is left.
func (a *arm) shutdown() error {
	if a.provider == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	return a.provider.Shutdown(ctx)
}

// spin keeps the processor busy.
func spin(d time.Duration) {
	for until := clock.Now().Add(d); clock.Now() < until; {
	}
}

package telemetry

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	otelpropagation "go.opentelemetry.io/otel/propagation"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.uber.org/goleak"

	"mqttrace/cmd/internal/settings"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t *testing.T, cfg Config) (*Telemetry, *strings.Builder) {
	t.Helper()
	out := new(strings.Builder)
	cfg.Stdout, cfg.Service, cfg.Version = out, "service", "v1"
	tel, err := Start(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	return tel, out
}

func carried(ctx context.Context, t *Telemetry) otelpropagation.MapCarrier {
	carrier := otelpropagation.MapCarrier{}
	t.Propagator.Inject(ctx, carrier)
	return carrier
}

func TestSpansHaveAContextWithoutAnyExport(t *testing.T) {
	bag, err := baggage.Parse("site=north")
	require.NoError(t, err)
	ctx := baggage.ContextWithBaggage(t.Context(), bag)
	cases := []struct {
		name string
		cfg  settings.Telemetry
		want []string
	}{
		{"as it comes", settings.Telemetry{TraceContext: true, Baggage: true}, []string{"traceparent", "baggage"}},
		{"trace context alone", settings.Telemetry{TraceContext: true}, []string{"traceparent"}},
		{"nothing", settings.Telemetry{}, nil},
		{"disabled", settings.Telemetry{Disabled: true, TraceContext: true, Baggage: true}, []string{"baggage"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			tel, _ := start(t, Config{Telemetry: c.cfg})
			ctx, span := tel.Tracer.Start(ctx, "span")
			defer span.End()
			assert.ElementsMatch(t, c.want, carried(ctx, tel).Keys())
			assert.Equal(t, !c.cfg.Disabled, span.SpanContext().IsValid())
		})
	}
}

func TestLogLinesHaveTheSpan(t *testing.T) {
	for _, asJSON := range []bool{true, false} {
		tel, out := start(t, Config{Telemetry: settings.Telemetry{TraceContext: true}, Log: settings.Log{Level: slog.LevelInfo, JSON: asJSON}})
		ctx, span := tel.Tracer.Start(t.Context(), "span")
		tel.Log.DebugContext(ctx, "debug")
		tel.Log.With("a", 1).InfoContext(ctx, "inside")
		span.End()
		tel.Log.Info("outside")
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		require.Len(t, lines, 2)
		if !asJSON {
			assert.Contains(t, lines[0], "a=1 trace_id="+span.SpanContext().TraceID().String()+" span_id="+span.SpanContext().SpanID().String()+" trace_flags=01")
			continue
		}
		var inside map[string]any
		require.NoError(t, json.Unmarshal([]byte(lines[0]), &inside))
		assert.Equal(t, span.SpanContext().TraceID().String(), inside["trace_id"])
		assert.Equal(t, span.SpanContext().SpanID().String(), inside["span_id"])
		assert.NotContains(t, lines[1], "trace_id")
	}
}

func TestResource(t *testing.T) {
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "service.instance.id=pod-1,k8s.pod.name=pod-1,service.version=v2")
	res, err := newResource(t.Context(), "telemetry.sender", "v1")
	require.NoError(t, err)
	got := map[attribute.Key]string{}
	for _, a := range res.Attributes() {
		got[a.Key] = a.Value.AsString()
	}
	assert.Equal(t, "telemetry.sender", got["service.name"])
	assert.Equal(t, "v2", got["service.version"], "the environment knows better")
	assert.Equal(t, "pod-1", got["service.instance.id"])
	assert.Equal(t, "pod-1", got["k8s.pod.name"])
	assert.Equal(t, "go", got["telemetry.sdk.language"])
	assert.NotEmpty(t, got["host.name"])

	t.Setenv("OTEL_SERVICE_NAME", "mine")
	res, err = newResource(t.Context(), "telemetry.sender", "v1")
	require.NoError(t, err)
	name, _ := res.Set().Value("service.name")
	assert.Equal(t, "mine", name.AsString())

	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "novalue")
	_, err = newResource(t.Context(), "telemetry.sender", "v1")
	assert.ErrorContains(t, err, "OTEL_RESOURCE_ATTRIBUTES: ")
}

func TestBurst(t *testing.T) {
	now := time.Unix(1, 0)
	b := &Burst{now: func() time.Time { return now }}
	type said struct {
		total uint64
		say   bool
	}
	add := func(n uint64) said {
		total, say := b.Add(n)
		return said{total, say}
	}
	assert.Equal(t, said{1, true}, add(1), "the first is said at once")
	assert.Equal(t, said{}, add(2))
	now = now.Add(quiet - 1)
	assert.Equal(t, said{}, add(1))
	now = now.Add(1)
	assert.Equal(t, said{4, true}, add(1), "and what came since with the next one")
	now = now.Add(time.Hour)
	assert.Equal(t, said{1, true}, add(1))

	bursts := new(Bursts)
	for _, kind := range []string{"a", "b"} {
		_, say := bursts.Add(kind, 1)
		assert.True(t, say, "each kind for itself")
		_, say = bursts.Add(kind, 1)
		assert.False(t, say)
	}
}

// blocked is an exporter that waits and then fails or not.
type blocked struct {
	tracetest.InMemoryExporter
	entered, leave chan struct{}
	err            error
}

func (b *blocked) wait(ctx context.Context) error {
	b.entered <- struct{}{}
	select {
	case <-b.leave:
		return b.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (b *blocked) ExportSpans(ctx context.Context, _ []sdktrace.ReadOnlySpan) error {
	return b.wait(ctx)
}

type blockedLogs struct{ *blocked }

func (b blockedLogs) Export(ctx context.Context, _ []sdklog.Record) error { return b.wait(ctx) }
func (b blockedLogs) ForceFlush(context.Context) error                    { return nil }
func (b blockedLogs) Shutdown(context.Context) error                      { return nil }

// counted is what the counters of a gate say, by name and error type.
func counted(t *testing.T, reader *sdkmetric.ManualReader) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(context.Background(), &all))
	got := map[string]int64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
				errorType, _ := p.Attributes.Value("error.type")
				got[strings.TrimSuffix(m.Name+" "+errorType.AsString(), " ")] += p.Value
			}
		}
	}
	return got
}

func newGate(t *testing.T) (*ownHealth, *sdkmetric.ManualReader, *strings.Builder) {
	t.Helper()
	reader, out := sdkmetric.NewManualReader(), new(strings.Builder)
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	own, err := newOwnHealth(provider.Meter(Scope), slog.New(slog.NewTextHandler(out, nil)))
	require.NoError(t, err)
	return own, reader, out
}

func TestSpansThatDoNotFitAreCounted(t *testing.T) {
	own, reader, out := newGate(t)
	exporter := &blocked{entered: make(chan struct{}, 10), leave: make(chan struct{}), err: errors.New("no")}
	g := &gate{limit: 2, processed: own.spansProcessed, exported: own.spansExported, lost: own.lost("spans")}
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "1")
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(newSpanGate(g, exporter)))
	tracer := provider.Tracer("test")
	end := func() {
		_, span := tracer.Start(context.Background(), "span")
		span.End()
	}
	end()
	<-exporter.entered // one is under way, one more may wait
	for range 4 {
		end()
	}
	assert.Equal(t, map[string]int64{SpansProcessed: 2, SpansProcessed + " queue_full": 3}, counted(t, reader))
	assert.Equal(t, 1, strings.Count(out.String(), "the queue was full"), "once per burst")
	close(exporter.leave)
	require.NoError(t, provider.Shutdown(context.Background()))
	assert.Equal(t, map[string]int64{SpansProcessed: 2, SpansProcessed + " queue_full": 3, SpansExported + " export_failed": 2}, counted(t, reader))
	assert.Equal(t, 1, strings.Count(out.String(), "the export failed"))
	assert.NotContains(t, out.String(), "could not wait")
}

func TestLogRecordsThatDoNotFitAreCounted(t *testing.T) {
	own, reader, _ := newGate(t)
	exporter := blockedLogs{&blocked{entered: make(chan struct{}, 10), leave: make(chan struct{})}}
	g := &gate{limit: 2, processed: own.logsProcessed, exported: own.logsExported, lost: own.lost("log records")}
	t.Setenv("OTEL_BLRP_SCHEDULE_DELAY", "1")
	provider := sdklog.NewLoggerProvider(sdklog.WithProcessor(newLogGate(g, exporter)))
	log := slog.New(newExportHandler(provider, slog.LevelInfo))
	log.Info("one")
	<-exporter.entered
	for range 4 {
		log.Info("more")
		log.Debug("not that")
	}
	assert.Equal(t, map[string]int64{LogsProcessed: 2, LogsProcessed + " queue_full": 3}, counted(t, reader))
	close(exporter.leave)
	require.NoError(t, provider.Shutdown(context.Background()))
	assert.Equal(t, map[string]int64{LogsProcessed: 2, LogsProcessed + " queue_full": 3, LogsExported: 2}, counted(t, reader))
}

func TestWhatAShutdownCannotWaitForIsSaid(t *testing.T) {
	own, _, out := newGate(t)
	exporter := &blocked{entered: make(chan struct{}, 10), leave: make(chan struct{})}
	g := &gate{limit: 10, processed: own.spansProcessed, exported: own.spansExported, lost: own.lost("spans")}
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(newSpanGate(g, exporter)))
	for range 3 {
		_, span := provider.Tracer("test").Start(context.Background(), "span")
		span.End()
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-exporter.entered; cancel() }()
	assert.ErrorIs(t, provider.Shutdown(ctx), context.Canceled)
	assert.Contains(t, out.String(), "what=spans count=3 reason=\"the shutdown could not wait for their export\"")
	close(exporter.leave)
}

func TestUnsampledSpansAreNeitherQueuedNorCounted(t *testing.T) {
	own, reader, _ := newGate(t)
	exporter := tracetest.NewInMemoryExporter()
	g := &gate{limit: 1, processed: own.spansProcessed, exported: own.spansExported, lost: own.lost("spans")}
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(newSpanGate(g, exporter)), sdktrace.WithSampler(sdktrace.NeverSample()))
	_, span := provider.Tracer("test").Start(context.Background(), "span")
	span.End()
	require.NoError(t, provider.Shutdown(context.Background()))
	assert.Empty(t, counted(t, reader))
}

func TestLabelsLeaveTheirAttributesAlone(t *testing.T) {
	l := NewLabels(attribute.String("z", "1"), attribute.String("a", "2"))
	done := make(chan struct{})
	for range 4 {
		go func() {
			for range 100 {
				l.With("x")
				l.With("")
			}
			done <- struct{}{}
		}()
	}
	for range 4 {
		<-done
	}
	assert.Equal(t, []attribute.KeyValue{attribute.String("z", "1"), attribute.String("a", "2")}, l.all)
}

func TestExportersAreMadeAsTheEnvironmentSays(t *testing.T) {
	t.Setenv(settings.TracesExporter, "none")
	t.Setenv(settings.MetricsExporter, "none")
	t.Setenv(settings.LogsExporter, "none")
	tel, out := start(t, Config{Telemetry: settings.Telemetry{Traces: true, Metrics: true, Logs: true, SpanQueue: 1, LogQueue: 1}})
	ctx, span := tel.Tracer.Start(t.Context(), "span")
	tel.Log.WarnContext(ctx, "both")
	span.End()
	assert.Contains(t, out.String(), "both")
	i := NewInstruments(tel.Meter)
	i.Seconds(E2ELatency, "").Record(ctx, 1)
	i.Count(Rejected, "{message}", "").Add(ctx, 1)
	i.Level(Queued, "{message}", "")
	i.SecondsGauge(ClockDrift, "").Record(ctx, 1)
	require.NoError(t, i.Err())

	t.Setenv(settings.TracesExporter, "zipkin")
	_, err := Start(t.Context(), Config{Telemetry: settings.Telemetry{Traces: true, SpanQueue: 1}, Stdout: out})
	assert.ErrorContains(t, err, "export of traces (OTEL_TRACES_EXPORTER): ")
}

func TestTheErrorHandlerSaysABurstOnce(t *testing.T) {
	out := new(strings.Builder)
	h := newErrorHandler(slog.New(slog.NewTextHandler(out, nil)))
	for range 5 {
		h.Handle(errors.New("collector away"))
	}
	assert.Equal(t, 1, strings.Count(out.String(), "collector away"))
}

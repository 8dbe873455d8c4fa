package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/metric"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	otelpropagation "go.opentelemetry.io/otel/propagation"
	sdklog "go.opentelemetry.io/otel/sdk/log"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	nooptrace "go.opentelemetry.io/otel/trace/noop"

	"mqttrace/cmd/internal/settings"
	"mqttrace/propagation"
)

// Config is what to make telemetry of. Stdout takes the log.
type Config struct {
	settings.Telemetry
	Log settings.Log
	// Service is the name of the service unless the environment gives one, Version the binary's.
	Service, Version string
	Stdout           io.Writer
}

// Telemetry is all the telemetry of one service.
type Telemetry struct {
	Tracer     trace.Tracer
	Meter      metric.Meter
	Propagator otelpropagation.TextMapPropagator
	// Log goes to standard output and, if logs are exported, to the collector; both with the span of the context.
	Log *slog.Logger
	// Local goes to standard output alone: for what is about the export itself.
	Local *slog.Logger

	stopping sync.Once
	queues   []func(context.Context) error // shut down what has a queue
	meters   func(context.Context) error   // shuts down the metrics
}

// Start makes the telemetry of a service. Whoever starts it must shut it down. It neither connects to anything nor waits
// for it.
func Start(ctx context.Context, cfg Config) (*Telemetry, error) {
	local := slog.New(newLocalHandler(cfg.Stdout, cfg.Log))
	t := &Telemetry{Local: local, Log: local, Propagator: propagator(cfg.Telemetry)}
	if cfg.Disabled {
		t.use(nooptrace.NewTracerProvider(), noopmetric.NewMeterProvider())
		return t, nil
	}
	otel.SetErrorHandler(newErrorHandler(local))
	if err := t.start(ctx, cfg); err != nil {
		ctx, cancel := context.WithTimeout(ctx, abandonTimeout)
		defer cancel()
		return nil, errors.Join(err, t.Shutdown(ctx))
	}
	return t, nil
}

// abandonTimeout is how long what has been made may take to end when the rest cannot be made.
const abandonTimeout = time.Second

func (t *Telemetry) start(ctx context.Context, cfg Config) error {
	res, err := newResource(ctx, cfg.Service, cfg.Version)
	if err != nil {
		return err
	}
	meters, err := t.meterProvider(ctx, cfg, res)
	if err != nil {
		return err
	}
	own, err := newOwnHealth(meters.Meter(Scope), t.Local)
	if err != nil {
		return err
	}
	tracers, err := t.tracerProvider(ctx, cfg, res, own)
	if err != nil {
		return err
	}
	loggers, err := t.loggerProvider(ctx, cfg, res, own)
	if err != nil {
		return err
	}
	t.use(tracers, meters)
	if cfg.Logs {
		t.Log = slog.New(slog.NewMultiHandler(t.Local.Handler(), newExportHandler(loggers, cfg.Log.Level)))
	}
	return nil
}

func (t *Telemetry) use(tracers trace.TracerProvider, meters metric.MeterProvider) {
	t.Tracer = tracers.Tracer(Scope, trace.WithSchemaURL(propagation.SchemaURL))
	t.Meter = meters.Meter(Scope, metric.WithSchemaURL(propagation.SchemaURL))
}

// Shutdown exports what is waiting and ends the export, by the end of ctx at the latest. What did not get out by then is lost,
// and said to be. Metrics come last, because they count what became of the rest. Logging goes on, to standard output.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	var err error
	t.stopping.Do(func() {
		errs := make([]error, len(t.queues))
		var flushing sync.WaitGroup
		for i, stop := range t.queues {
			flushing.Go(func() { errs[i] = stop(ctx) })
		}
		flushing.Wait()
		err = errors.Join(errs...)
		if t.meters != nil {
			err = errors.Join(err, t.meters(ctx))
		}
	})
	return err
}

func (t *Telemetry) meterProvider(ctx context.Context, cfg Config, res *resource.Resource) (*sdkmetric.MeterProvider, error) {
	options := []sdkmetric.Option{sdkmetric.WithResource(res)}
	if cfg.Metrics {
		reader, err := autoexport.NewMetricReader(ctx)
		if err != nil {
			return nil, fmt.Errorf("export of metrics (%s): %w", settings.MetricsExporter, err)
		}
		options = append(options, sdkmetric.WithReader(reader))
	}
	provider := sdkmetric.NewMeterProvider(options...)
	t.meters = provider.Shutdown
	return provider, nil
}

func (t *Telemetry) tracerProvider(ctx context.Context, cfg Config, res *resource.Resource, own *ownHealth) (*sdktrace.TracerProvider, error) {
	options := []sdktrace.TracerProviderOption{sdktrace.WithResource(res)}
	if cfg.Traces {
		exporter, err := autoexport.NewSpanExporter(ctx)
		if err != nil {
			return nil, fmt.Errorf("export of traces (%s): %w", settings.TracesExporter, err)
		}
		gate := &gate{limit: int64(cfg.SpanQueue), processed: own.spansProcessed, exported: own.spansExported, lost: own.lost("spans")}
		options = append(options, sdktrace.WithSpanProcessor(newSpanGate(gate, exporter)))
	}
	provider := sdktrace.NewTracerProvider(options...)
	t.queues = append(t.queues, provider.Shutdown)
	return provider, nil
}

func (t *Telemetry) loggerProvider(ctx context.Context, cfg Config, res *resource.Resource, own *ownHealth) (*sdklog.LoggerProvider, error) {
	options := []sdklog.LoggerProviderOption{sdklog.WithResource(res)}
	if cfg.Logs {
		exporter, err := autoexport.NewLogExporter(ctx)
		if err != nil {
			return nil, fmt.Errorf("export of logs (%s): %w", settings.LogsExporter, err)
		}
		gate := &gate{limit: int64(cfg.LogQueue), processed: own.logsProcessed, exported: own.logsExported, lost: own.lost("log records")}
		options = append(options, sdklog.WithProcessor(newLogGate(gate, exporter)))
	}
	provider := sdklog.NewLoggerProvider(options...)
	t.queues = append(t.queues, provider.Shutdown)
	return provider, nil
}

// propagator writes and reads what messages carry. It does not depend on the export of anything.
func propagator(t settings.Telemetry) otelpropagation.TextMapPropagator {
	var all []otelpropagation.TextMapPropagator
	if t.TraceContext {
		all = append(all, propagation.TraceContext{})
	}
	if t.Baggage {
		all = append(all, propagation.Baggage{})
	}
	return otelpropagation.NewCompositeTextMapPropagator(all...)
}

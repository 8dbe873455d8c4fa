package load

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"

	"mqttrace/load/result"
	"mqttrace/scenarios"
)

// exports is the exporting side of one arm: a batch processor over an OTLP exporter whose calls are counted.
type exports struct {
	resource  *resource.Resource
	processor sdktrace.SpanProcessor

	calls, failures, exported, failed atomic.Uint64
	shutdownErr                       error
	service                           string
	sink                              *sink // nil unless the spans go there
	lastError                         atomic.Pointer[error]
}

// newExports connects an exporting arm with its endpoint: the scenario's, else the environment's (OTEL_EXPORTER_OTLP_ENDPOINT),
// else the run's embedded sink.
func newExports(ctx context.Context, t scenarios.TracingArm, r *run) (*exports, error) {
	x := &exports{service: "mqttrace"}
	where := t.Exporter
	if where.Embedded || where == (scenarios.Exporter{}) && !endpointInEnvironment() {
		sink, err := r.needSink(ctx)
		if err != nil {
			return nil, err
		}
		x.sink, x.service = sink, "mqttrace/"+t.Name // so that the sink tells the arms apart
		if r.again || r.receivesOnly {
			x.service += " (second measurement)"
		}
		where.Protocol = firstOf(where.Protocol, scenarios.GRPC)
		where.Endpoint = sink.endpoint(where.Protocol)
	}
	client, err := otlpClient(where)
	if err != nil {
		return nil, err
	}
	exporter, err := otlptrace.New(ctx, client)
	if err != nil {
		return nil, fmt.Errorf("export spans to %s: %w", where.Endpoint, err)
	}
	x.resource = resource.NewSchemaless(
		semconv.ServiceName(x.service), semconv.ServiceInstanceID(r.label), attribute.String("mqttrace.arm", t.Name))
	x.processor = sdktrace.NewBatchSpanProcessor(&countingExporter{exporter, x}, batchOptions(t.Batch)...)
	return x, nil
}

func endpointInEnvironment() bool {
	return os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != ""
}

// otlpClient is gRPC unless the scenario, or else the environment, says http/protobuf. It is not told what the scenario
// leaves open: the environment decides that.
func otlpClient(e scenarios.Exporter) (otlptrace.Client, error) {
	protocol := e.Protocol
	if protocol == "" {
		protocol = firstOf(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"), os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL"), scenarios.GRPC)
	}
	switch protocol {
	case scenarios.GRPC:
		var options []otlptracegrpc.Option
		if e.Endpoint != "" {
			options = append(options, otlptracegrpc.WithEndpointURL(e.Endpoint))
		}
		if e.Compression == scenarios.Gzip {
			options = append(options, otlptracegrpc.WithCompressor("gzip"))
		}
		return otlptracegrpc.NewClient(options...), nil
	case scenarios.HTTPProtobuf:
		var options []otlptracehttp.Option
		if e.Endpoint != "" {
			options = append(options, otlptracehttp.WithEndpointURL(tracesURL(e.Endpoint)))
		}
		if e.Compression == scenarios.Gzip {
			options = append(options, otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
		}
		return otlptracehttp.NewClient(options...), nil
	}
	return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL=%s: want grpc or http/protobuf", protocol)
}

// tracesURL is where traces go at an OTLP endpoint, as the specification of OTEL_EXPORTER_OTLP_ENDPOINT has it.
func tracesURL(endpoint string) string {
	if strings.HasSuffix(endpoint, "/v1/traces") {
		return endpoint
	}
	return strings.TrimSuffix(endpoint, "/") + "/v1/traces"
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// batchOptions sets what the scenario sets; the rest is the environment's (OTEL_BSP_*) or the SDK's.
func batchOptions(b scenarios.Batch) (options []sdktrace.BatchSpanProcessorOption) {
	if b.QueueSize > 0 {
		options = append(options, sdktrace.WithMaxQueueSize(b.QueueSize))
	}
	if b.BatchSize > 0 {
		options = append(options, sdktrace.WithMaxExportBatchSize(b.BatchSize))
	}
	if b.Delay > 0 {
		options = append(options, sdktrace.WithBatchTimeout(time.Duration(b.Delay)))
	}
	if b.Timeout > 0 {
		options = append(options, sdktrace.WithExportTimeout(time.Duration(b.Timeout)))
	}
	return options
}

// countingExporter counts what goes through an exporter.
type countingExporter struct {
	sdktrace.SpanExporter
	counts *exports
}

func (e *countingExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	e.counts.calls.Add(1)
	err := e.SpanExporter.ExportSpans(ctx, spans)
	if err != nil {
		e.counts.failures.Add(1)
		e.counts.failed.Add(uint64(len(spans)))
		e.counts.lastError.Store(&err)
		return nil // counted: the SDK would only log it
	}
	e.counts.exported.Add(uint64(len(spans)))
	return nil
}

// addTo completes the ledger of an arm that has been shut down. What ended and never reached the exporter was dropped by the
// processor, unless it had to end with its queue full.
func (x *exports) addTo(s *result.Spans) {
	s.ExportCalls, s.ExportFailures = x.calls.Load(), x.failures.Load()
	s.Exported, s.Failed = x.exported.Load(), x.failed.Load()
	if x.sink != nil {
		received := x.sink.received(x.service)
		s.Received = &received
	}
	missing := s.Ended - min(s.Ended, s.Exported+s.Failed)
	if x.shutdownErr != nil {
		s.Queued = missing
		return
	}
	s.Dropped = missing
}

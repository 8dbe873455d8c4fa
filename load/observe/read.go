package observe

import (
	"context"
	"errors"
	"io"

	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"

	"mqttrace/load/otlp"
)

// Read takes all that is in files. It returns early when ctx ends, with its error.
func (o *Observer) Read(ctx context.Context, files *otlp.Files) error {
	for ctx.Err() == nil {
		request, err := files.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		switch q := request.(type) {
		case *tracepb.ExportTraceServiceRequest:
			err = o.Traces(ctx, q)
		case *metricspb.ExportMetricsServiceRequest:
			err = o.Metrics(ctx, q)
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Handler takes what a receiver receives and, if there is a forwarder, passes all of it on. It is observed first: the latencies
// of services are worth knowing while their collector is away. What an exporter then sends again counts as repeated.
func (o *Observer) Handler(next *otlp.Forwarder) otlp.Handler {
	if next == nil {
		return otlp.Handler{Traces: o.Traces, Metrics: o.Metrics}
	}
	return otlp.Handler{
		Traces: func(ctx context.Context, q *tracepb.ExportTraceServiceRequest) error {
			_ = o.Traces(ctx, q) // always nil
			return next.Traces(ctx, q)
		},
		Metrics: func(ctx context.Context, q *metricspb.ExportMetricsServiceRequest) error {
			_ = o.Metrics(ctx, q) // always nil
			return next.Metrics(ctx, q)
		},
		Logs: next.Logs,
	}
}

package otlp

import (
	"context"

	logspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// receive handles one request that could be read, in whichever way it came.
func (r *Receiver) receive(ctx context.Context, request proto.Message) (response proto.Message, err error) {
	services := contents(request)
	if err = r.conduct.admit(ctx); err == nil {
		response, err = r.handle(ctx, request)
	}
	if err == nil && ctx.Err() != nil {
		err = status.FromContextError(ctx.Err()).Err() // the exporter will not hear of a success
	}
	if err != nil {
		r.counter.refused()
		return nil, err
	}
	r.counter.accepted(services)
	return response, nil
}

// handle gives a request to its handler.
func (r *Receiver) handle(ctx context.Context, request proto.Message) (proto.Message, error) {
	switch q := request.(type) {
	case *tracepb.ExportTraceServiceRequest:
		return &tracepb.ExportTraceServiceResponse{}, call(ctx, r.handler.Traces, q)
	case *metricspb.ExportMetricsServiceRequest:
		return &metricspb.ExportMetricsServiceResponse{}, call(ctx, r.handler.Metrics, q)
	case *logspb.ExportLogsServiceRequest:
		return &logspb.ExportLogsServiceResponse{}, call(ctx, r.handler.Logs, q)
	}
	return nil, status.Errorf(codes.Unimplemented, "no handler for %T", request)
}

func call[Q any](ctx context.Context, handler func(context.Context, Q) error, request Q) error {
	if handler == nil {
		return nil
	}
	return handler(ctx, request)
}

// contents counts what a request holds, by resource. It is done before the handler may change the request.
func contents(request proto.Message) (all []served) {
	switch q := request.(type) {
	case *tracepb.ExportTraceServiceRequest:
		for _, r := range q.GetResourceSpans() {
			s := served{service: ServiceName(r.GetResource())}
			for _, scope := range r.GetScopeSpans() {
				s.items.Spans += uint64(len(scope.GetSpans()))
			}
			all = append(all, s)
		}
	case *metricspb.ExportMetricsServiceRequest:
		for _, r := range q.GetResourceMetrics() {
			s := served{service: ServiceName(r.GetResource())}
			for _, scope := range r.GetScopeMetrics() {
				for _, m := range scope.GetMetrics() {
					s.items.Metrics += points(m)
				}
			}
			all = append(all, s)
		}
	case *logspb.ExportLogsServiceRequest:
		for _, r := range q.GetResourceLogs() {
			s := served{service: ServiceName(r.GetResource())}
			for _, scope := range r.GetScopeLogs() {
				s.items.Logs += uint64(len(scope.GetLogRecords()))
			}
			all = append(all, s)
		}
	}
	return all
}

// points is how many data points a metric has; it has one kind of them alone.
func points(m *metrics.Metric) uint64 {
	return uint64(len(m.GetGauge().GetDataPoints()) + len(m.GetSum().GetDataPoints()) + len(m.GetHistogram().GetDataPoints()) +
		len(m.GetExponentialHistogram().GetDataPoints()) + len(m.GetSummary().GetDataPoints()))
}

// exemplars are those of all data points of a metric.
func exemplars(m *metrics.Metric) (all []*metrics.Exemplar) {
	for _, p := range m.GetGauge().GetDataPoints() {
		all = append(all, p.GetExemplars()...)
	}
	for _, p := range m.GetSum().GetDataPoints() {
		all = append(all, p.GetExemplars()...)
	}
	for _, p := range m.GetHistogram().GetDataPoints() {
		all = append(all, p.GetExemplars()...)
	}
	for _, p := range m.GetExponentialHistogram().GetDataPoints() {
		all = append(all, p.GetExemplars()...)
	}
	return all
}

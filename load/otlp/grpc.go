package otlp

import (
	"context"

	logspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // registers the compressor that every exporter may use
	"google.golang.org/grpc/stats"
)

// mostStreams bounds the requests under way on one connection, and so the memory that they take.
const mostStreams = 64

func (r *Receiver) newGRPC() *grpc.Server {
	s := grpc.NewServer(
		grpc.MaxRecvMsgSize(r.maxMessage),
		grpc.MaxConcurrentStreams(mostStreams),
		grpc.WaitForHandlers(true),
		grpc.StatsHandler(wireCounter{r.counter}),
	)
	tracepb.RegisterTraceServiceServer(s, traceService{r: r})
	metricspb.RegisterMetricsServiceServer(s, metricsService{r: r})
	logspb.RegisterLogsServiceServer(s, logsService{r: r})
	return s
}

type traceService struct {
	tracepb.UnimplementedTraceServiceServer
	r *Receiver
}

func (s traceService) Export(ctx context.Context, q *tracepb.ExportTraceServiceRequest) (*tracepb.ExportTraceServiceResponse, error) {
	response, err := s.r.receive(ctx, q)
	if err != nil {
		return nil, err
	}
	return response.(*tracepb.ExportTraceServiceResponse), nil
}

type metricsService struct {
	metricspb.UnimplementedMetricsServiceServer
	r *Receiver
}

func (s metricsService) Export(ctx context.Context, q *metricspb.ExportMetricsServiceRequest) (*metricspb.ExportMetricsServiceResponse, error) {
	response, err := s.r.receive(ctx, q)
	if err != nil {
		return nil, err
	}
	return response.(*metricspb.ExportMetricsServiceResponse), nil
}

type logsService struct {
	logspb.UnimplementedLogsServiceServer
	r *Receiver
}

func (s logsService) Export(ctx context.Context, q *logspb.ExportLogsServiceRequest) (*logspb.ExportLogsServiceResponse, error) {
	response, err := s.r.receive(ctx, q)
	if err != nil {
		return nil, err
	}
	return response.(*logspb.ExportLogsServiceResponse), nil
}

// wireCounter learns the length of messages from grpc, and of those that could not be read: they never reach a handler.
type wireCounter struct{ counter *counter }

// readKey is where a call's context keeps whether its message could be read.
type readKey struct{}

func (wireCounter) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	return context.WithValue(ctx, readKey{}, new(bool))
}

func (w wireCounter) HandleRPC(ctx context.Context, s stats.RPCStats) {
	isRead, ok := ctx.Value(readKey{}).(*bool) // a call's events come one after another
	if !ok {
		return
	}
	switch s := s.(type) {
	case *stats.InPayload:
		*isRead = true
		w.counter.arrived(s.CompressedLength, s.Length)
	case *stats.End:
		if !*isRead {
			w.counter.malformed()
		}
	}
}

func (wireCounter) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (wireCounter) HandleConn(context.Context, stats.ConnStats)                       {}

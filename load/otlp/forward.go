package otlp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	logspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// forwardLimit is how long the endpoint may take to answer, if the exporter allows as much.
const forwardLimit = 30 * time.Second

// Forwarder passes requests on to another endpoint, with the headers that they came with, authorization included. Its methods
// are safe for concurrent use; Traces, Metrics and Logs are handlers: an exporter is answered what the endpoint answers.
type Forwarder struct {
	endpoint string
	send     func(context.Context, proto.Message) (rejection, error)
	close    func() error

	mu     sync.Mutex
	counts Forwarded
}

// Forwarded is what became of requests that were passed on.
type Forwarded struct {
	Requests uint64 `json:"requests"`
	Failed   uint64 `json:"failed"` // answered with an error; an exporter may have sent them again
	// Rejected is how many spans, data points and log records the endpoint did not take of requests that it took.
	Rejected uint64 `json:"rejected"`
	LastErr  string `json:"last_error,omitempty"`
}

// rejection is what an endpoint says of the part of a request that it did not take.
type rejection struct {
	count int64
	why   string
}

// NewForwarder returns a forwarder to an endpoint: host:port or grpc://host:port for gRPC, grpcs:// for gRPC with TLS, http://
// or https:// for HTTP, where the path, if there is one, comes before /v1/traces. Nothing is sent yet. The caller must Close it.
func NewForwarder(endpoint string) (*Forwarder, error) {
	full := endpoint
	if !strings.Contains(full, "://") {
		full = "grpc://" + full
	}
	u, err := url.Parse(full)
	if err != nil {
		return nil, fmt.Errorf("forward to %q: %w", endpoint, err)
	}
	if u.Host == "" || u.RawQuery != "" || u.User != nil {
		return nil, fmt.Errorf("forward to %q: want host:port, or a URL of a scheme and a host", u.Redacted())
	}
	f := &Forwarder{endpoint: full}
	switch u.Scheme {
	case "grpc":
		err = f.useGRPC(u.Host, insecure.NewCredentials())
	case "grpcs":
		err = f.useGRPC(u.Host, credentials.NewTLS(nil))
	case "http", "https":
		f.useHTTP(u)
	default:
		err = errors.New("want grpc, grpcs, http or https")
	}
	if err != nil {
		return nil, fmt.Errorf("forward to %q: %w", endpoint, err)
	}
	return f, nil
}

// Endpoint is the URL that requests are passed on to.
func (f *Forwarder) Endpoint() string { return f.endpoint }

// Counts returns what has been passed on so far.
func (f *Forwarder) Counts() Forwarded {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts
}

// Close closes the connections.
func (f *Forwarder) Close() error { return f.close() }

// Traces passes spans on.
func (f *Forwarder) Traces(ctx context.Context, q *tracepb.ExportTraceServiceRequest) error {
	return f.pass(ctx, q)
}

// Metrics passes metrics on.
func (f *Forwarder) Metrics(ctx context.Context, q *metricspb.ExportMetricsServiceRequest) error {
	return f.pass(ctx, q)
}

// Logs passes log records on.
func (f *Forwarder) Logs(ctx context.Context, q *logspb.ExportLogsServiceRequest) error {
	return f.pass(ctx, q)
}

func (f *Forwarder) pass(ctx context.Context, q proto.Message) error {
	ctx, cancel := context.WithTimeout(ctx, forwardLimit)
	defer cancel()
	r, err := f.send(metadata.NewOutgoingContext(ctx, passedOn(ctx)), q)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.counts.Requests++
	switch {
	case err != nil:
		f.counts.Failed++
		f.counts.LastErr = err.Error()
	case r.count > 0:
		f.counts.Rejected += uint64(r.count)
		f.counts.LastErr = r.why
	}
	return err
}

// ownHeaders are about a connection or an encoding, not about a request.
var ownHeaders = map[string]bool{
	"accept": true, "accept-encoding": true, "connection": true, "content-encoding": true, "content-length": true,
	"content-type": true, "date": true, "expect": true, "host": true, "keep-alive": true, "te": true, "trailer": true,
	"transfer-encoding": true, "upgrade": true, "user-agent": true,
}

// passedOn are the headers of a request that go with it.
func passedOn(ctx context.Context) metadata.MD {
	in, _ := metadata.FromIncomingContext(ctx)
	out := metadata.MD{}
	for name, values := range in {
		if !ownHeaders[name] && !strings.HasPrefix(name, ":") && !strings.HasPrefix(name, "grpc-") && !strings.HasPrefix(name, "proxy-") {
			out[name] = values
		}
	}
	return out
}

func (f *Forwarder) useGRPC(target string, tls credentials.TransportCredentials) error {
	conn, err := grpc.NewClient(target, grpc.WithTransportCredentials(tls))
	if err != nil {
		return err
	}
	f.close = conn.Close
	traces, metrics, logs := tracepb.NewTraceServiceClient(conn), metricspb.NewMetricsServiceClient(conn), logspb.NewLogsServiceClient(conn)
	f.send = func(ctx context.Context, request proto.Message) (rejection, error) {
		switch q := request.(type) {
		case *tracepb.ExportTraceServiceRequest:
			a, err := traces.Export(ctx, q)
			return rejected(a), err
		case *metricspb.ExportMetricsServiceRequest:
			a, err := metrics.Export(ctx, q)
			return rejected(a), err
		default:
			a, err := logs.Export(ctx, q.(*logspb.ExportLogsServiceRequest))
			return rejected(a), err
		}
	}
	return nil
}

// rejected reads what an answer says of partial success.
func rejected(answer proto.Message) rejection {
	switch a := answer.(type) {
	case *tracepb.ExportTraceServiceResponse:
		return rejection{a.GetPartialSuccess().GetRejectedSpans(), a.GetPartialSuccess().GetErrorMessage()}
	case *metricspb.ExportMetricsServiceResponse:
		return rejection{a.GetPartialSuccess().GetRejectedDataPoints(), a.GetPartialSuccess().GetErrorMessage()}
	case *logspb.ExportLogsServiceResponse:
		return rejection{a.GetPartialSuccess().GetRejectedLogRecords(), a.GetPartialSuccess().GetErrorMessage()}
	}
	return rejection{}
}

func (f *Forwarder) useHTTP(base *url.URL) {
	transport := &http.Transport{MaxIdleConnsPerHost: mostStreams, TLSHandshakeTimeout: headerLimit}
	client := &http.Client{Transport: transport}
	f.close = func() error { transport.CloseIdleConnections(); return nil }
	f.send = func(ctx context.Context, request proto.Message) (rejection, error) {
		path, answer := "v1/logs", proto.Message(&logspb.ExportLogsServiceResponse{})
		switch request.(type) {
		case *tracepb.ExportTraceServiceRequest:
			path, answer = "v1/traces", &tracepb.ExportTraceServiceResponse{}
		case *metricspb.ExportMetricsServiceRequest:
			path, answer = "v1/metrics", &metricspb.ExportMetricsServiceResponse{}
		}
		if err := postTo(ctx, client, base.JoinPath(path).String(), request, answer); err != nil {
			return rejection{}, err
		}
		return rejected(answer), nil
	}
}

// postTo sends a request over HTTP. Errors carry the gRPC status that comes nearest.
func postTo(ctx context.Context, client *http.Client, to string, request, answer proto.Message) error {
	body, err := proto.Marshal(request)
	if err != nil {
		return err
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return err
	}
	headers, _ := metadata.FromOutgoingContext(ctx)
	for name, values := range headers {
		q.Header[http.CanonicalHeaderKey(name)] = values
	}
	q.Header.Set("Content-Type", contentProtobuf)
	a, err := client.Do(q)
	if err != nil {
		return status.Error(codes.Unavailable, err.Error())
	}
	defer a.Body.Close()
	data, err := io.ReadAll(io.LimitReader(a.Body, DefaultMaxMessage))
	if err != nil {
		return status.Error(codes.Unavailable, err.Error())
	}
	if a.StatusCode != http.StatusOK {
		return status.Error(grpcCode(a.StatusCode), to+" answered "+a.Status)
	}
	if proto.Unmarshal(data, answer) != nil {
		proto.Reset(answer) // an endpoint that answers something else has still taken the request
	}
	return nil
}

// grpcCode is what an HTTP status means over gRPC.
func grpcCode(code int) codes.Code {
	switch code {
	case http.StatusTooManyRequests:
		return codes.ResourceExhausted
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return codes.Unavailable
	case http.StatusUnauthorized:
		return codes.Unauthenticated
	case http.StatusForbidden:
		return codes.PermissionDenied
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		return codes.Unimplemented
	default:
		return codes.InvalidArgument
	}
}

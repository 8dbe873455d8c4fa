package otlp

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	logspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	respb "go.opentelemetry.io/proto/otlp/resource/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// exporters are the SDK's ways to reach a receiver.
var exporters = map[string]func(context.Context, *Receiver) (*otlptrace.Exporter, error){
	"grpc": func(ctx context.Context, r *Receiver) (*otlptrace.Exporter, error) {
		return otlptracegrpc.New(ctx, otlptracegrpc.WithInsecure(), otlptracegrpc.WithEndpoint(r.GRPCAddr()))
	},
	"grpc, gzip": func(ctx context.Context, r *Receiver) (*otlptrace.Exporter, error) {
		return otlptracegrpc.New(ctx, otlptracegrpc.WithInsecure(), otlptracegrpc.WithEndpoint(r.GRPCAddr()), otlptracegrpc.WithCompressor("gzip"))
	},
	"http": func(ctx context.Context, r *Receiver) (*otlptrace.Exporter, error) {
		return otlptracehttp.New(ctx, otlptracehttp.WithInsecure(), otlptracehttp.WithEndpoint(r.HTTPAddr()))
	},
	"http, gzip": func(ctx context.Context, r *Receiver) (*otlptrace.Exporter, error) {
		return otlptracehttp.New(ctx, otlptracehttp.WithInsecure(), otlptracehttp.WithEndpoint(r.HTTPAddr()), otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
	},
}

func TestReceivesWhatTheSDKExports(t *testing.T) {
	for name, newExporter := range exporters {
		t.Run(name, func(t *testing.T) {
			received := make(chan *tracepb.ExportTraceServiceRequest, 1)
			r := anywhere(t, Handler{Traces: func(_ context.Context, q *tracepb.ExportTraceServiceRequest) error {
				received <- q
				return nil
			}})
			exporter, err := newExporter(limited(t), r)
			require.NoError(t, err)
			provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter),
				sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "backend"))))
			for range 3 {
				_, span := provider.Tracer("test").Start(t.Context(), "publish a/b")
				span.End()
			}
			require.NoError(t, provider.Shutdown(limited(t)))

			resource := (<-received).GetResourceSpans()[0]
			assert.Equal(t, "backend", ServiceName(resource.GetResource()))
			require.Len(t, resource.GetScopeSpans()[0].GetSpans(), 3)
			assert.Equal(t, "publish a/b", resource.GetScopeSpans()[0].GetSpans()[2].GetName())

			counts := r.Counts()
			assert.Equal(t, uint64(1), counts.Requests)
			assert.Equal(t, Items{Spans: 3}, counts.Items)
			assert.Equal(t, map[string]Items{"backend": {Spans: 3}}, counts.Services)
			assert.Zero(t, counts.Malformed+counts.Refused)
			if strings.Contains(name, "gzip") {
				assert.Less(t, counts.Bytes, counts.Unpacked)
			} else {
				assert.Equal(t, counts.Bytes, counts.Unpacked)
			}
		})
	}
}

var (
	backend  = &respb.Resource{Attributes: []*common.KeyValue{text("service.name", "backend")}}
	traceID  = bytes.Repeat([]byte{0xab}, 16)
	spanID   = bytes.Repeat([]byte{0xcd}, 8)
	parentID = bytes.Repeat([]byte{0xef}, 8)
)

func text(key, value string) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: value}}}
}

// someTraces, someMetrics and someLogs have an id in every place where ids may be.
func someTraces() *tracepb.ExportTraceServiceRequest {
	span := &spans.Span{TraceId: traceID, SpanId: spanID, ParentSpanId: parentID, Name: "process a/b", Kind: spans.Span_SPAN_KIND_CONSUMER,
		Links: []*spans.Span_Link{{TraceId: traceID, SpanId: parentID}}}
	return &tracepb.ExportTraceServiceRequest{ResourceSpans: []*spans.ResourceSpans{
		{Resource: backend, ScopeSpans: []*spans.ScopeSpans{{Spans: []*spans.Span{span}}}},
	}}
}

func someMetrics() *metricspb.ExportMetricsServiceRequest {
	exemplars := []*metrics.Exemplar{{TraceId: traceID, SpanId: spanID}}
	number := []*metrics.NumberDataPoint{{Exemplars: exemplars}}
	all := []*metrics.Metric{
		{Name: "gauge", Data: &metrics.Metric_Gauge{Gauge: &metrics.Gauge{DataPoints: number}}},
		{Name: "sum", Data: &metrics.Metric_Sum{Sum: &metrics.Sum{DataPoints: number}}},
		{Name: "histogram", Data: &metrics.Metric_Histogram{Histogram: &metrics.Histogram{DataPoints: []*metrics.HistogramDataPoint{{Exemplars: exemplars}}}}},
		{Name: "exponential", Data: &metrics.Metric_ExponentialHistogram{ExponentialHistogram: &metrics.ExponentialHistogram{
			DataPoints: []*metrics.ExponentialHistogramDataPoint{{Exemplars: exemplars}}}}},
		{Name: "summary", Data: &metrics.Metric_Summary{Summary: &metrics.Summary{DataPoints: []*metrics.SummaryDataPoint{{Count: 1}}}}},
	}
	return &metricspb.ExportMetricsServiceRequest{ResourceMetrics: []*metrics.ResourceMetrics{
		{Resource: backend, ScopeMetrics: []*metrics.ScopeMetrics{{Metrics: all}}},
	}}
}

func someLogs() *logspb.ExportLogsServiceRequest {
	return &logspb.ExportLogsServiceRequest{ResourceLogs: []*logs.ResourceLogs{
		{Resource: backend, ScopeLogs: []*logs.ScopeLogs{{LogRecords: []*logs.LogRecord{{TraceId: traceID, SpanId: spanID}, {}}}}},
		{ScopeLogs: []*logs.ScopeLogs{{LogRecords: []*logs.LogRecord{{}}}}},
	}}
}

// signal is one kind of request, sent over HTTP or gRPC.
type signal struct {
	path    string
	request func() proto.Message
	export  func(context.Context, grpc.ClientConnInterface, proto.Message) error
	items   Items
}

var signals = map[string]signal{
	"traces": {"/v1/traces", func() proto.Message { return someTraces() }, func(ctx context.Context, c grpc.ClientConnInterface, q proto.Message) error {
		_, err := tracepb.NewTraceServiceClient(c).Export(ctx, q.(*tracepb.ExportTraceServiceRequest))
		return err
	}, Items{Spans: 1}},
	"metrics": {"/v1/metrics", func() proto.Message { return someMetrics() }, func(ctx context.Context, c grpc.ClientConnInterface, q proto.Message) error {
		_, err := metricspb.NewMetricsServiceClient(c).Export(ctx, q.(*metricspb.ExportMetricsServiceRequest))
		return err
	}, Items{Metrics: 5}},
	"logs": {"/v1/logs", func() proto.Message { return someLogs() }, func(ctx context.Context, c grpc.ClientConnInterface, q proto.Message) error {
		_, err := logspb.NewLogsServiceClient(c).Export(ctx, q.(*logspb.ExportLogsServiceRequest))
		return err
	}, Items{Logs: 3}},
}

// keepAll is a handler that sends every request of any signal to a channel, answering with err.
func keepAll(to chan<- proto.Message, err error) Handler {
	return Handler{
		Traces:  func(_ context.Context, q *tracepb.ExportTraceServiceRequest) error { to <- q; return err },
		Metrics: func(_ context.Context, q *metricspb.ExportMetricsServiceRequest) error { to <- q; return err },
		Logs:    func(_ context.Context, q *logspb.ExportLogsServiceRequest) error { to <- q; return err },
	}
}

func dial(t *testing.T, r *Receiver) *grpc.ClientConn {
	t.Helper()
	c, err := grpc.NewClient(r.GRPCAddr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// answered is what came back over HTTP.
type answered struct {
	code    int
	content string
	body    []byte
}

// post sends a body, with headers given as names and values.
func post(t *testing.T, url string, body []byte, headers ...string) answered {
	t.Helper()
	q, err := http.NewRequestWithContext(limited(t), http.MethodPost, url, bytes.NewReader(body))
	require.NoError(t, err)
	for i := 0; i < len(headers); i += 2 {
		q.Header.Set(headers[i], headers[i+1])
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	a, err := (&http.Client{Transport: transport}).Do(q)
	require.NoError(t, err)
	defer a.Body.Close()
	got, err := io.ReadAll(a.Body)
	require.NoError(t, err)
	return answered{a.StatusCode, a.Header.Get("Content-Type"), got}
}

func marshal(t *testing.T, m proto.Message) []byte {
	t.Helper()
	data, err := proto.Marshal(m)
	require.NoError(t, err)
	return data
}

func gzipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(data)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.Bytes()
}

func TestEverySignalInEveryForm(t *testing.T) {
	for name, s := range signals {
		ways := map[string]func(*testing.T, *Receiver){
			"grpc": func(t *testing.T, r *Receiver) {
				require.NoError(t, s.export(limited(t), dial(t, r), s.request()))
			},
			"protobuf": func(t *testing.T, r *Receiver) {
				got := post(t, "http://"+r.HTTPAddr()+s.path, marshal(t, s.request()), "Content-Type", contentProtobuf)
				assert.Equal(t, answered{200, contentProtobuf, []byte{}}, got)
			},
			"json": func(t *testing.T, r *Receiver) {
				data, err := EncodeJSON(s.request())
				require.NoError(t, err)
				got := post(t, "http://"+r.HTTPAddr()+s.path, data, "Content-Type", "application/json; charset=utf-8")
				assert.Equal(t, answered{200, contentJSON, []byte("{}")}, got)
			},
			"json, gzip": func(t *testing.T, r *Receiver) {
				data, err := EncodeJSON(s.request())
				require.NoError(t, err)
				got := post(t, "http://"+r.HTTPAddr()+s.path, gzipped(t, data), "Content-Type", contentJSON, "Content-Encoding", "gzip")
				assert.Equal(t, answered{200, contentJSON, []byte("{}")}, got)
			},
		}
		for way, send := range ways {
			t.Run(name+" "+way, func(t *testing.T) {
				received := make(chan proto.Message, 1)
				r := anywhere(t, keepAll(received, nil))
				send(t, r)
				assert.True(t, proto.Equal(s.request(), await(t, received, "the request")), "another request arrived")
				assert.Equal(t, s.items, r.Counts().Items)
			})
			t.Run(name+" "+way+" nobody listens to", func(t *testing.T) {
				r := anywhere(t, Handler{})
				send(t, r)
				assert.Equal(t, s.items, r.Counts().Items)
			})
		}
	}
}

func TestServicesAreCountedApart(t *testing.T) {
	r := anywhere(t, Handler{})
	require.NoError(t, signals["logs"].export(limited(t), dial(t, r), someLogs()))
	assert.Equal(t, map[string]Items{"backend": {Logs: 2}, "(unnamed)": {Logs: 1}}, r.Counts().Services)
}

func TestServicesAreBounded(t *testing.T) {
	c := newCounter()
	for i := range 3 * mostServices {
		c.accepted([]served{{service: strings.Repeat("x", i), items: Items{Spans: 1}}})
	}
	counts := c.counts()
	assert.Len(t, counts.Services, mostServices+1)
	assert.Equal(t, Items{Spans: 2 * mostServices}, counts.Services[otherServices])
	assert.Equal(t, Items{Spans: 3 * mostServices}, counts.Items)
}

func TestRefusesWhatTheHandlerRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		err      error
		wantGRPC codes.Code
		wantHTTP int
	}{
		"a plain error":    {errors.New("no"), codes.Unknown, 500},
		"come back later":  {status.Error(codes.Unavailable, "no"), codes.Unavailable, 503},
		"too much":         {status.Error(codes.ResourceExhausted, "no"), codes.ResourceExhausted, 429},
		"never":            {status.Error(codes.InvalidArgument, "no"), codes.InvalidArgument, 400},
		"who are you":      {status.Error(codes.Unauthenticated, "no"), codes.Unauthenticated, 401},
		"you must not":     {status.Error(codes.PermissionDenied, "no"), codes.PermissionDenied, 403},
		"nobody does this": {status.Error(codes.Unimplemented, "no"), codes.Unimplemented, 501},
		"it took too long": {status.Error(codes.DeadlineExceeded, "no"), codes.DeadlineExceeded, 504},
	} {
		t.Run(name, func(t *testing.T) {
			received := make(chan proto.Message, 3)
			r := anywhere(t, keepAll(received, tc.err))
			err := signals["traces"].export(limited(t), dial(t, r), someTraces())
			assert.Equal(t, tc.wantGRPC, status.Code(err))

			got := post(t, "http://"+r.HTTPAddr()+"/v1/traces", marshal(t, someTraces()), "Content-Type", contentProtobuf)
			assert.Equal(t, tc.wantHTTP, got.code)
			var says = status.New(0, "").Proto()
			require.NoError(t, proto.Unmarshal(got.body, says))
			assert.Equal(t, "no", says.GetMessage())

			got = post(t, "http://"+r.HTTPAddr()+"/v1/traces", []byte("{}"), "Content-Type", contentJSON)
			assert.Equal(t, tc.wantHTTP, got.code)
			require.NoError(t, protojson.Unmarshal(got.body, says))
			assert.Equal(t, "no", says.GetMessage())

			counts := r.Counts()
			assert.Equal(t, uint64(3), counts.Requests)
			assert.Equal(t, uint64(3), counts.Refused)
			assert.Zero(t, counts.Spans)
		})
	}
}

func TestRefusesWhatIsNotOTLP(t *testing.T) {
	long := someTraces()
	long.ResourceSpans[0].ScopeSpans[0].Spans[0].Name = strings.Repeat("x", 10_000)
	for name, tc := range map[string]struct {
		path    string
		body    []byte
		headers []string
		want    int
	}{
		"no content type":   {"/v1/traces", nil, nil, 415},
		"text":              {"/v1/traces", []byte("hello"), []string{"Content-Type", "text/plain"}, 415},
		"brotli":            {"/v1/traces", nil, []string{"Content-Type", contentProtobuf, "Content-Encoding", "br"}, 415},
		"not protobuf":      {"/v1/traces", []byte("hello"), []string{"Content-Type", contentProtobuf}, 400},
		"not JSON":          {"/v1/traces", []byte("hello"), []string{"Content-Type", contentJSON}, 400},
		"not gzip":          {"/v1/traces", []byte("hello"), []string{"Content-Type", contentJSON, "Content-Encoding", "gzip"}, 400},
		"half a gzip":       {"/v1/traces", gzipped(t, []byte("{}"))[:15], []string{"Content-Type", contentJSON, "Content-Encoding", "gzip"}, 400},
		"an id too short":   {"/v1/traces", []byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"abcd"}]}]}]}`), []string{"Content-Type", contentJSON}, 400},
		"an id in base64":   {"/v1/traces", []byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"spanId":"3q2+796tvu8="}]}]}]}`), []string{"Content-Type", contentJSON}, 400},
		"another id":        {"/v1/logs", []byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"spanId":"zzzzzzzzzzzzzzzz"}]}]}]}`), []string{"Content-Type", contentJSON}, 400},
		"too long":          {"/v1/traces", marshal(t, long), []string{"Content-Type", contentProtobuf}, 413},
		"too long unpacked": {"/v1/traces", gzipped(t, marshal(t, long)), []string{"Content-Type", contentProtobuf, "Content-Encoding", "gzip"}, 413},
	} {
		t.Run(name, func(t *testing.T) {
			r := listening(t, Config{MaxMessage: 1000})
			got := post(t, "http://"+r.HTTPAddr()+tc.path, tc.body, tc.headers...)
			assert.Equal(t, tc.want, got.code)
			assert.Equal(t, Counts{Malformed: 1, Services: map[string]Items{}}, r.Counts())
		})
	}
	t.Run("over gRPC", func(t *testing.T) {
		r := listening(t, Config{MaxMessage: 1000})
		err := signals["traces"].export(limited(t), dial(t, r), long)
		assert.Equal(t, codes.ResourceExhausted, status.Code(err))
		require.Eventually(t, func() bool { return r.Counts().Malformed == 1 }, testLimit, time.Millisecond)
	})
}

func TestOtherPathsAndMethods(t *testing.T) {
	r := anywhere(t, Handler{})
	assert.Equal(t, 404, post(t, "http://"+r.HTTPAddr()+"/v1/profiles", nil).code)
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	got, err := (&http.Client{Transport: transport}).Get("http://" + r.HTTPAddr() + "/v1/traces")
	require.NoError(t, err)
	require.NoError(t, got.Body.Close())
	assert.Equal(t, 405, got.StatusCode)
}

func TestListen(t *testing.T) {
	_, err := Listen(Config{})
	require.ErrorContains(t, err, "no address")

	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	_, err = Listen(Config{GRPC: taken.Addr().String()})
	require.ErrorContains(t, err, "OTLP over gRPC")
	_, err = Listen(Config{GRPC: "127.0.0.1:0", HTTP: taken.Addr().String()})
	require.ErrorContains(t, err, "OTLP over HTTP")

	r, err := Listen(Config{HTTP: "127.0.0.1:0"})
	require.NoError(t, err)
	assert.Empty(t, r.GRPCAddr())
	assert.NotEmpty(t, r.HTTPAddr())
	require.NoError(t, r.Close())
	require.NoError(t, r.Close())
}

func TestGate(t *testing.T) {
	var g gate
	for range mostRequests {
		require.True(t, g.enter())
	}
	require.False(t, g.enter())
	g.leave()
	require.True(t, g.enter())
	for range mostRequests {
		g.leave()
	}
	g.shut()
	require.False(t, g.enter())
}

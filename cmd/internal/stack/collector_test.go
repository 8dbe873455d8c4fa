package stack

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	logscol "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	metricscol "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracecol "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	logspb "go.opentelemetry.io/proto/otlp/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"mqttrace/load/broker/brokertest"
	"mqttrace/load/otlp"
)

// collectorConfig is as much of a collector's configuration as there are rules for.
type collectorConfig struct {
	Receivers  map[string]any `json:"receivers"`
	Processors map[string]any `json:"processors"`
	Connectors map[string]any `json:"connectors"`
	Exporters  map[string]any `json:"exporters"`
	Extensions map[string]any `json:"extensions"`
	Service    struct {
		Extensions []string                     `json:"extensions"`
		Pipelines  map[string]collectorPipeline `json:"pipelines"`
		Telemetry  map[string]any               `json:"telemetry"`
	} `json:"service"`
}

type collectorPipeline struct {
	Receivers  []string `json:"receivers"`
	Processors []string `json:"processors"`
	Exporters  []string `json:"exporters"`
}

// TestCollectorConfiguration is what can be said without a collector; .ci/check-collector asks one.
func TestCollectorConfiguration(t *testing.T) {
	base := decode[collectorConfig](t, "resources/collector/otel-collector-config.yaml")
	base.assertComplete(t, base)
	for name := range base.Processors {
		assert.Equal(t, "memory_limiter", name, "nothing may change what services say of themselves")
	}
	assert.ElementsMatch(t, slices.Collect(mapKeys(base.Connectors)), []string{"span_metrics", "service_graph"})
	for _, connector := range []string{"span_metrics", "service_graph"} {
		assert.Contains(t, base.Service.Pipelines["traces"].Exporters, connector)
		assert.Contains(t, base.Service.Pipelines["metrics"].Receivers, connector)
	}
	for _, signal := range []string{"traces", "metrics", "logs"} {
		assert.Contains(t, base.Service.Pipelines[signal].Exporters, "otlp_grpc", signal)
	}

	for file, exporter := range map[string]string{"azure-monitor.yaml": "azure_monitor", "file.yaml": "file"} {
		t.Run(file, func(t *testing.T) {
			more := decode[collectorConfig](t, "resources/collector", file)
			assert.ElementsMatch(t, slices.Collect(mapKeys(more.Exporters)), []string{exporter})
			more.assertComplete(t, base)
			for name := range more.Service.Pipelines {
				assert.NotContains(t, base.Service.Pipelines, name, "lists of a later file replace those of an earlier one")
			}
		})
	}
}

func mapKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for key := range m {
			if !yield(key) {
				return
			}
		}
	}
}

// assertComplete says that pipelines name only what this file or the one before it defines, and that the memory limiter comes
// first in each.
func (c collectorConfig) assertComplete(t *testing.T, base collectorConfig) {
	t.Helper()
	defined := func(name string, in ...map[string]any) bool {
		return slices.ContainsFunc(in, func(m map[string]any) bool { _, ok := m[name]; return ok })
	}
	for name, pipeline := range c.Service.Pipelines {
		for _, receiver := range pipeline.Receivers {
			assert.True(t, defined(receiver, c.Receivers, base.Receivers, base.Connectors), "%s: %s", name, receiver)
		}
		for _, exporter := range pipeline.Exporters {
			assert.True(t, defined(exporter, c.Exporters, base.Exporters, base.Connectors), "%s: %s", name, exporter)
		}
		assert.Equal(t, []string{"memory_limiter"}, pipeline.Processors, name)
	}
	for _, extension := range c.Service.Extensions {
		assert.True(t, defined(extension, c.Extensions), extension)
	}
}

// TestThroughCollector sends telemetry of a sender and a receiver through a real collector with the shipped configuration,
// and looks at what comes out of it: the same, and the connectors' metrics as the table of emitted metrics has them. It runs
// where MQTTRACE_COLLECTOR names a collector; .ci/check-collector builds one.
func TestThroughCollector(t *testing.T) {
	binary := os.Getenv("MQTTRACE_COLLECTOR")
	if binary == "" {
		t.Skip("MQTTRACE_COLLECTOR names no collector")
	}
	upstream := newUpstream(t)
	folder := t.TempDir()
	collector := startCollector(t, binary, upstream.GRPCAddr(), folder)

	message := newMessage()
	collector.post(t, "/v1/traces", message.traces())
	collector.post(t, "/v1/logs", message.logs())
	collector.post(t, "/v1/metrics", message.metrics())

	t.Run("traces", func(t *testing.T) {
		spans := eventually(t, upstream, func() []*tracepb.ResourceSpans { return ofTrace(upstream.traces, message.trace) }, 2)
		var services []string
		for _, resource := range spans {
			services = append(services, otlp.ServiceName(resource.Resource))
		}
		assert.ElementsMatch(t, []string{"telemetry.sender", "telemetry.receiver"}, services, "the names of services pass unchanged")
	})
	t.Run("logs", func(t *testing.T) {
		logs := eventually(t, upstream, func() []*logspb.ResourceLogs { return upstream.logs }, 1)
		record := logs[0].ScopeLogs[0].LogRecords[0]
		assert.Equal(t, message.trace, record.TraceId)
	})
	t.Run("metrics", func(t *testing.T) {
		eventually(t, upstream, func() []*metricspb.ResourceMetrics { return upstream.metricsOf("telemetry.receiver") }, 1)
	})
	collector.lose(t)
	for _, from := range []string{"span_metrics", "service_graph", "otel-collector"} {
		t.Run(from, func(t *testing.T) {
			assert.EventuallyWithT(t, func(c *assert.CollectT) {
				upstream.mu.Lock()
				defer upstream.mu.Unlock()
				for _, missing := range Missing(from, Exported(upstream.metrics)) {
					assert.Fail(c, missing)
				}
			}, 20*time.Second, 200*time.Millisecond)
		})
	}
	t.Run("edge", func(t *testing.T) {
		upstream.mu.Lock()
		defer upstream.mu.Unlock()
		for _, metric := range Exported(upstream.metrics) {
			if metric.Name == "traces_service_graph_request_total" {
				assert.Equal(t, []string{"telemetry.sender"}, metric.Values["client"])
				assert.Equal(t, []string{"telemetry.receiver"}, metric.Values["server"])
			}
		}
	})
	t.Run("exemplars", func(t *testing.T) {
		upstream.mu.Lock()
		defer upstream.mu.Unlock()
		assert.Contains(t, exemplars(upstream.metrics, "traces.span.metrics.duration"), fmt.Sprintf("%x", message.trace))
	})
	t.Run("file", func(t *testing.T) {
		assert.EventuallyWithT(t, func(c *assert.CollectT) {
			text, _ := os.ReadFile(filepath.Join(folder, "traces.jsonl"))
			assert.Contains(c, string(text), fmt.Sprintf("%x", message.trace))
		}, 10*time.Second, 100*time.Millisecond)
	})
}

// unwanted is a service whose traces upstream refuses for good.
const unwanted = "unwanted"

// upstream stands in for Grafana.
type upstream struct {
	*otlp.Receiver
	mu      sync.Mutex
	traces  []*tracepb.ResourceSpans
	metrics []*metricspb.ResourceMetrics
	logs    []*logspb.ResourceLogs
}

func newUpstream(t *testing.T) *upstream {
	t.Helper()
	u := &upstream{}
	receiver, err := otlp.Listen(otlp.Config{GRPC: "127.0.0.1:0", Handler: otlp.Handler{
		Traces: func(_ context.Context, r *tracecol.ExportTraceServiceRequest) error {
			if slices.ContainsFunc(r.ResourceSpans, func(s *tracepb.ResourceSpans) bool { return otlp.ServiceName(s.Resource) == unwanted }) {
				return status.Error(codes.InvalidArgument, "unwanted")
			}
			return keep(u, &u.traces, r.ResourceSpans)
		},
		Metrics: func(_ context.Context, r *metricscol.ExportMetricsServiceRequest) error {
			return keep(u, &u.metrics, r.ResourceMetrics)
		},
		Logs: func(_ context.Context, r *logscol.ExportLogsServiceRequest) error {
			return keep(u, &u.logs, r.ResourceLogs)
		},
	}})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, receiver.Close()) })
	u.Receiver = receiver
	return u
}

func keep[T any](u *upstream, all *[]T, more []T) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	*all = append(*all, more...)
	return nil
}

// eventually waits until at least n of something have arrived.
func eventually[T any](t *testing.T, u *upstream, get func() []T, n int) []T {
	t.Helper()
	var got []T
	require.Eventually(t, func() bool {
		u.mu.Lock()
		defer u.mu.Unlock()
		got = slices.Clone(get())
		return len(got) >= n
	}, 20*time.Second, 50*time.Millisecond)
	return got
}

func ofTrace(all []*tracepb.ResourceSpans, trace []byte) []*tracepb.ResourceSpans {
	var of []*tracepb.ResourceSpans
	for _, resource := range all {
		if bytes.Equal(resource.ScopeSpans[0].Spans[0].TraceId, trace) {
			of = append(of, resource)
		}
	}
	return of
}

func (u *upstream) metricsOf(service string) []*metricspb.ResourceMetrics {
	var of []*metricspb.ResourceMetrics
	for _, resource := range u.metrics {
		if otlp.ServiceName(resource.Resource) == service {
			of = append(of, resource)
		}
	}
	return of
}

// exemplars is the trace ids, in hex, of a histogram's exemplars.
func exemplars(all []*metricspb.ResourceMetrics, name string) []string {
	var traces []string
	for _, resource := range all {
		for _, scope := range resource.ScopeMetrics {
			for _, metric := range scope.Metrics {
				if metric.Name != name {
					continue
				}
				for _, point := range metric.GetHistogram().GetDataPoints() {
					for _, exemplar := range point.Exemplars {
						traces = append(traces, fmt.Sprintf("%x", exemplar.TraceId))
					}
				}
			}
		}
	}
	return traces
}

// collector is a running collector.
type collector struct{ http string }

// startCollector runs the shipped configuration, with what ties it to a container replaced: addresses, and intervals that a
// test would wait for. It returns when the collector says that it is healthy.
func startCollector(t *testing.T, binary, upstream, folder string) collector {
	t.Helper()
	grpc, http, health := brokertest.FreeAddress(t), brokertest.FreeAddress(t), brokertest.FreeAddress(t)
	override := filepath.Join(t.TempDir(), "override.yaml")
	require.NoError(t, os.WriteFile(override, []byte(`
receivers: {otlp: {protocols: {grpc: {endpoint: `+grpc+`}, http: {endpoint: `+http+`}}}}
connectors:
  span_metrics: {metrics_flush_interval: 200ms}
  service_graph: {metrics_flush_interval: 200ms, store: {ttl: 1s, max_items: 2}, store_expiration_loop: 200ms}
extensions: {health_check: {endpoint: `+health+`}}
service:
  telemetry:
    metrics:
      readers: [{periodic: {interval: 500, exporter: {otlp: {protocol: grpc, endpoint: "http://`+upstream+`"}}}}]
`), 0o600))
	cmd := exec.Command(binary, "--config=otel-collector-config.yaml", "--config=file.yaml", "--config="+override)
	cmd.Dir = path("resources/collector")
	cmd.Env = append(os.Environ(), "UPSTREAM_OTLP_ENDPOINT=http://"+upstream, "TRACES_FOLDER="+folder)
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		assert.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		assert.NoError(t, cmd.Wait(), "the collector ends well when it is asked to")
		if t.Failed() {
			t.Log(log.String())
		}
	})
	c := collector{http: "http://" + http}
	require.Eventually(t, func() bool { return get("http://"+health) == nil }, 20*time.Second, 50*time.Millisecond, "the collector is not healthy")
	return c
}

func get(url string) error {
	response, err := http.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, response.Status)
	}
	return nil
}

func (c collector) post(t *testing.T, path string, request proto.Message) {
	t.Helper()
	body, err := proto.Marshal(request)
	require.NoError(t, err)
	response, err := http.Post(c.http+path, "application/x-protobuf", bytes.NewReader(body))
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, http.StatusOK, response.StatusCode, path)
}

// lose has the collector lose spans in every way that it counts, because only then does it export how many: spans without
// their other half, more of them than it keeps, and a batch that upstream does not want.
func (c collector) lose(t *testing.T) {
	t.Helper()
	for range 4 {
		traces := newMessage().traces()
		traces.ResourceSpans = traces.ResourceSpans[:1]
		c.post(t, "/v1/traces", traces)
	}
	traces := newMessage().traces()
	traces.ResourceSpans = traces.ResourceSpans[:1]
	traces.ResourceSpans[0].Resource = resource(unwanted)
	c.post(t, "/v1/traces", traces)
}

// message is one message's telemetry: a PRODUCER span of the sender, its CONSUMER child of the receiver, and a log line of
// the receiver.
type message struct {
	trace, producer, consumer []byte
	at                        uint64
}

func newMessage() message {
	id := make([]byte, 32)
	rand.Read(id)
	return message{trace: id[:16], producer: id[16:24], consumer: id[24:], at: uint64(time.Now().UnixNano())}
}

func (m message) traces() *tracecol.ExportTraceServiceRequest {
	end := m.at + uint64(3*time.Millisecond)
	return &tracecol.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{
		spans("telemetry.sender", &tracepb.Span{TraceId: m.trace, SpanId: m.producer, Name: "publish sample/telemetry",
			Kind: tracepb.Span_SPAN_KIND_PRODUCER, StartTimeUnixNano: m.at, EndTimeUnixNano: end}),
		spans("telemetry.receiver", &tracepb.Span{TraceId: m.trace, SpanId: m.consumer, ParentSpanId: m.producer, Name: "process sample/telemetry",
			Kind: tracepb.Span_SPAN_KIND_CONSUMER, StartTimeUnixNano: m.at, EndTimeUnixNano: end}),
	}}
}

func spans(service string, span *tracepb.Span) *tracepb.ResourceSpans {
	return &tracepb.ResourceSpans{Resource: resource(service), ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{span}}}}
}

func (m message) logs() *logscol.ExportLogsServiceRequest {
	return &logscol.ExportLogsServiceRequest{ResourceLogs: []*logspb.ResourceLogs{{Resource: resource("telemetry.receiver"),
		ScopeLogs: []*logspb.ScopeLogs{{LogRecords: []*logspb.LogRecord{{TimeUnixNano: m.at, Body: text("received"), TraceId: m.trace, SpanId: m.consumer}}}}}}}
}

func (m message) metrics() *metricscol.ExportMetricsServiceRequest {
	return &metricscol.ExportMetricsServiceRequest{ResourceMetrics: []*metricspb.ResourceMetrics{{Resource: resource("telemetry.receiver"),
		ScopeMetrics: []*metricspb.ScopeMetrics{{Metrics: []*metricspb.Metric{{Name: "messaging.client.consumed.messages",
			Data: &metricspb.Metric_Sum{Sum: &metricspb.Sum{IsMonotonic: true, AggregationTemporality: metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE,
				DataPoints: []*metricspb.NumberDataPoint{{TimeUnixNano: m.at, Value: &metricspb.NumberDataPoint_AsInt{AsInt: 1}}}}}}}}}}}}
}

func resource(service string) *resourcepb.Resource {
	return &resourcepb.Resource{Attributes: []*commonpb.KeyValue{{Key: "service.name", Value: text(service)}}}
}

func text(s string) *commonpb.AnyValue {
	return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: s}}
}

// TestCollectorEndpointsAreThePublishedOnes: what compose publishes is what the configuration listens on.
func TestCollectorEndpointsAreThePublishedOnes(t *testing.T) {
	config := string(read(t, "resources/collector/otel-collector-config.yaml"))
	for _, port := range composed(t).Services["otel-collector"].Ports {
		assert.True(t, strings.Contains(config, "0.0.0.0:"+port.Published), port.Published)
	}
}

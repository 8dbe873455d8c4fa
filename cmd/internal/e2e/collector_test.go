package e2e

import (
	"context"
	"encoding/hex"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	logspb "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	metricspb "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"

	"mqttrace/load/otlp"
)

// collector keeps what services export.
type collector struct {
	*otlp.Receiver

	mu      sync.Mutex // guards what follows
	spans   []span
	metrics map[string]map[string]*metrics.Metric // by service and name, as last exported
	logs    []record
	arrived chan struct{} // closed and replaced with every export
}

// span is a span and whose it is.
type span struct {
	*trace.Span
	service    string
	resource   map[string]string
	attributes map[string]any
}

func (s span) trace() string  { return hex.EncodeToString(s.TraceId) }
func (s span) id() string     { return hex.EncodeToString(s.SpanId) }
func (s span) parent() string { return hex.EncodeToString(s.ParentSpanId) }

// record is a log record and whose it is.
type record struct {
	*logs.LogRecord
	service string
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{metrics: map[string]map[string]*metrics.Metric{}, arrived: make(chan struct{})}
	receiver, err := otlp.Listen(otlp.Config{GRPC: "127.0.0.1:0", HTTP: "127.0.0.1:0", Handler: otlp.Handler{
		Traces: c.keepTraces, Metrics: c.keepMetrics, Logs: c.keepLogs,
	}})
	require.NoError(t, err)
	c.Receiver = receiver
	t.Cleanup(func() { assert.NoError(t, receiver.Close()) })
	return c
}

// environments by protocol, with intervals that do not make a test wait.
func (c *collector) environment(protocol string) env {
	endpoint := "http://" + c.HTTPAddr()
	if protocol == "grpc" {
		endpoint = "http://" + c.GRPCAddr()
	}
	return env{
		"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol, "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip",
		"OTEL_BSP_SCHEDULE_DELAY": "50", "OTEL_BLRP_SCHEDULE_DELAY": "50", "OTEL_METRIC_EXPORT_INTERVAL": "100",
	}
}

func (c *collector) keep(what func()) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	what()
	close(c.arrived)
	c.arrived = make(chan struct{})
	return nil
}

func (c *collector) keepTraces(_ context.Context, q *tracepb.ExportTraceServiceRequest) error {
	return c.keep(func() {
		for _, r := range q.ResourceSpans {
			for _, scope := range r.ScopeSpans {
				for _, s := range scope.Spans {
					c.spans = append(c.spans, span{s, otlp.ServiceName(r.Resource), texts(r.Resource.Attributes), values(s.Attributes)})
				}
			}
		}
	})
}

func (c *collector) keepMetrics(_ context.Context, q *metricspb.ExportMetricsServiceRequest) error {
	return c.keep(func() {
		for _, r := range q.ResourceMetrics {
			service := otlp.ServiceName(r.Resource)
			if c.metrics[service] == nil {
				c.metrics[service] = map[string]*metrics.Metric{}
			}
			for _, scope := range r.ScopeMetrics {
				for _, m := range scope.Metrics {
					c.metrics[service][m.Name] = m
				}
			}
		}
	})
}

func (c *collector) keepLogs(_ context.Context, q *logspb.ExportLogsServiceRequest) error {
	return c.keep(func() {
		for _, r := range q.ResourceLogs {
			for _, scope := range r.ScopeLogs {
				for _, l := range scope.LogRecords {
					c.logs = append(c.logs, record{l, otlp.ServiceName(r.Resource)})
				}
			}
		}
	})
}

// await waits until what has been exported is enough; it is asked with c locked.
func (c *collector) await(t *testing.T, what string, isEnough func() bool) {
	t.Helper()
	ctx := limited(t)
	for {
		c.mu.Lock()
		enough, arrived := isEnough(), c.arrived
		c.mu.Unlock()
		if enough {
			return
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			require.FailNow(t, "the collector waits in vain", what)
		}
	}
}

// whole waits for a trace that has a span of each service, in which the one has sent what the other received.
func (c *collector) whole(t *testing.T, isMeant func(sent, received span) bool) (sent, received span) {
	t.Helper()
	c.await(t, "a whole trace", func() bool {
		producers := map[string]span{}
		for _, s := range c.spans {
			if s.Kind == trace.Span_SPAN_KIND_PRODUCER {
				producers[s.trace()] = s
			}
		}
		for _, s := range c.spans {
			producer, ok := producers[s.trace()]
			if ok && s.Kind == trace.Span_SPAN_KIND_CONSUMER && isMeant(producer, s) {
				sent, received = producer, s
				return true
			}
		}
		return false
	})
	return sent, received
}

// one waits for a span.
func (c *collector) one(t *testing.T, what string, isMeant func(span) bool) (found span) {
	t.Helper()
	c.await(t, what, func() bool {
		for _, s := range c.spans {
			if isMeant(s) {
				found = s
				return true
			}
		}
		return false
	})
	return found
}

// sum waits until the sum of a counter's data points with some attributes is positive.
func (c *collector) sum(t *testing.T, service, name string, attributes map[string]any) {
	t.Helper()
	c.await(t, name, func() bool {
		total := int64(0)
		for _, p := range c.metrics[service][name].GetSum().GetDataPoints() {
			if hasAll(values(p.Attributes), attributes) {
				total += p.GetAsInt()
			}
		}
		return total > 0
	})
}

func hasAll(have, want map[string]any) bool {
	for key, value := range want {
		if have[key] != value {
			return false
		}
	}
	return true
}

func values(attributes []*common.KeyValue) map[string]any {
	all := map[string]any{}
	for _, a := range attributes {
		switch v := a.Value.Value.(type) {
		case *common.AnyValue_StringValue:
			all[a.Key] = v.StringValue
		case *common.AnyValue_IntValue:
			all[a.Key] = v.IntValue
		case *common.AnyValue_BoolValue:
			all[a.Key] = v.BoolValue
		case *common.AnyValue_DoubleValue:
			all[a.Key] = v.DoubleValue
		}
	}
	return all
}

func texts(attributes []*common.KeyValue) map[string]string {
	all := map[string]string{}
	for key, value := range values(attributes) {
		if s, ok := value.(string); ok {
			all[key] = s
		}
	}
	return all
}

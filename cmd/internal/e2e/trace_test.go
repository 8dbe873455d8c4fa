package e2e

import (
	"encoding/hex"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metrics "go.opentelemetry.io/proto/otlp/metrics/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"

	"mqttrace/cmd/internal/stack"
	"mqttrace/load/broker"
)

func any2(span, span) bool { return true }

func TestOneTraceHoldsBothServices(t *testing.T) {
	for _, protocol := range []string{"grpc", "http/protobuf"} {
		t.Run(protocol, func(t *testing.T) {
			c := newCollector(t)
			sender, receiver := pair(t, mosquitto(t, broker.MosquittoConfig{}), c.environment(protocol))
			sent, received := c.whole(t, any2)

			assert.Equal(t, "publish sample/telemetry", sent.Name)
			assert.Equal(t, "process sample/telemetry", received.Name)
			assert.Equal(t, "telemetry.sender", sent.service)
			assert.Equal(t, "telemetry.receiver", received.service)
			assert.Empty(t, sent.parent())
			assert.Equal(t, sent.id(), received.parent(), "child")
			require.Len(t, received.Links, 1, "and link")
			assert.Equal(t, sent.SpanId, received.Links[0].SpanId)
			assert.Equal(t, sent.TraceId, received.Links[0].TraceId)
			assert.Less(t, sent.StartTimeUnixNano, received.StartTimeUnixNano)
			assertAttributes(t, sent, received)
			assertResource(t, sent.resource)
			assertResource(t, received.resource)
			assert.NotEqual(t, sent.resource["service.instance.id"], received.resource["service.instance.id"])

			assertLogs(t, c, "telemetry.sender", "message sent")
			assertLogs(t, c, "telemetry.receiver", "message received")
			assertMetrics(t, c)
			sender.stop(t)
			receiver.stop(t)
			assertNothingLost(t, c)
		})
	}
}

func assertAttributes(t *testing.T, sent, received span) {
	t.Helper()
	assert.Equal(t, trace.Span_SPAN_KIND_PRODUCER, sent.Kind)
	assert.Equal(t, trace.Span_SPAN_KIND_CONSUMER, received.Kind)
	both := map[string]any{
		"messaging.system": "mqtt", "messaging.destination.name": "sample/telemetry", "server.address": "127.0.0.1",
		"network.protocol.name": "mqtt", "network.protocol.version": "5.0", "messaging.mqtt.qos": int64(1), "messaging.mqtt.retain": false,
		"cloudevents.event_source": "urn:mqttrace:telemetry:sensor:temperature-001", "cloudevents.event_spec_version": "1.0",
		"cloudevents.event_type": "ms.aio.telemetry", "cloudevents.event_subject": "sample/telemetry",
		"cloudevents.event_id": sent.attributes["messaging.message.id"], "messaging.message.id": sent.attributes["cloudevents.event_id"],
		"server.port": sent.attributes["server.port"],
	}
	assert.NotEmpty(t, sent.attributes["messaging.message.id"])
	assert.Subset(t, sent.attributes, both)
	assert.Subset(t, sent.attributes, map[string]any{
		"messaging.operation.name": "publish", "messaging.operation.type": "send", "messaging.client.id": "telemetry-sender",
		"messaging.mqtt.reason_code": int64(0),
	})
	assert.Subset(t, received.attributes, both)
	assert.Subset(t, received.attributes, map[string]any{
		"messaging.operation.name": "process", "messaging.operation.type": "process", "messaging.client.id": "telemetry-receiver",
		"messaging.destination.subscription.name": "sample/telemetry", "messaging.mqtt.duplicate": false,
	})
	for _, s := range []span{sent, received} {
		assert.NotContains(t, s.attributes, "error.type")
		assert.Equal(t, trace.Status_STATUS_CODE_UNSET, s.Status.GetCode())
		assert.Empty(t, s.Events)
	}
}

func assertResource(t *testing.T, resource map[string]string) {
	t.Helper()
	host, err := os.Hostname()
	require.NoError(t, err)
	assert.Equal(t, host, resource["host.name"])
	assert.Equal(t, "dev", resource["service.version"])
	assert.NotEmpty(t, resource["service.instance.id"])
	if _, err := os.Stat("/etc/machine-id"); runtime.GOOS == "linux" && err == nil {
		assert.NotEmpty(t, resource["host.id"])
	}
}

// assertLogs waits for a log record that belongs to a span of its service.
func assertLogs(t *testing.T, c *collector, service, message string) {
	t.Helper()
	c.await(t, message, func() bool {
		return slices.ContainsFunc(c.logs, func(r record) bool {
			return r.service == service && r.Body.GetStringValue() == message && slices.ContainsFunc(c.spans, func(s span) bool {
				return s.service == service && s.trace() == hex.EncodeToString(r.TraceId) && s.id() == hex.EncodeToString(r.SpanId)
			})
		})
	})
}

// assertMetrics holds what is exported against what dashboards were promised, and exemplars against the traces.
func assertMetrics(t *testing.T, c *collector) {
	t.Helper()
	c.await(t, "metrics", func() bool {
		missing := slices.Concat(stack.Missing("sender", c.exported("telemetry.sender")), stack.Missing("receiver", c.exported("telemetry.receiver")))
		return !slices.ContainsFunc(missing, func(m string) bool {
			return !strings.HasPrefix(m, "mqtt.sender.discarded: ") && !strings.HasPrefix(m, "mqtt.receiver.rejected: ") // nothing was
		})
	})
	c.await(t, "an exemplar", func() bool {
		for _, p := range c.metrics["telemetry.receiver"]["mqtt.e2e.latency"].GetHistogram().GetDataPoints() {
			for _, e := range p.Exemplars {
				if slices.ContainsFunc(c.spans, func(s span) bool { return s.trace() == hex.EncodeToString(e.TraceId) }) {
					return p.ExplicitBounds[0] == 50e-6
				}
			}
		}
		return false
	})
	for _, name := range []string{"otel.sdk.exporter.span.exported", "otel.sdk.processor.span.processed", "otel.sdk.exporter.log.exported", "otel.sdk.processor.log.processed"} {
		c.sum(t, "telemetry.sender", name, nil)
	}
}

// assertNothingLost finds, after the end of both services, every span of the one in the other, and every log record.
func assertNothingLost(t *testing.T, c *collector) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	sent, received := map[string]bool{}, map[string]bool{}
	for _, s := range c.spans {
		if s.service == "telemetry.sender" {
			sent[s.trace()] = true
		} else {
			received[s.trace()] = true
		}
	}
	assert.Equal(t, sent, received, "a trace of each has a part in the other")
	for _, p := range c.metrics["telemetry.sender"]["messaging.client.sent.messages"].GetSum().GetDataPoints() {
		assert.EqualValues(t, len(sent), p.GetAsInt(), "the last export counts every message")
	}
}

// exported is what a service exports, as the dashboards' table has it.
func (c *collector) exported(service string) []stack.Metric {
	all := slices.Collect(maps.Values(c.metrics[service]))
	return stack.Exported([]*metrics.ResourceMetrics{{ScopeMetrics: []*metrics.ScopeMetrics{{Metrics: all}}}})
}

func TestPropagationNeedsNoExporter(t *testing.T) {
	sender, receiver := pair(t, mosquitto(t, broker.MosquittoConfig{}), nil)
	sent := sender.says(t, "message sent")
	received := receiver.says(t, "message received")
	assert.Len(t, sent.text("trace_id"), 32)
	assert.Equal(t, sent.text("trace_id"), received.text("trace_id"))
	assert.NotEqual(t, sent.text("span_id"), received.text("span_id"))
	assert.Equal(t, sent.text("message_id"), received.text("message_id"))
	assert.NotContains(t, sender.log()+receiver.log(), "temperature\"", "no payload at info")
	sender.stop(t)
	receiver.stop(t)
}

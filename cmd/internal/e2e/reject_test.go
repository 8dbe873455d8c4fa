package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc/codes"

	"mqttrace/load/broker"
	"mqttrace/load/broker/brokertest"
	"mqttrace/load/otlp"
)

// message is a good one, changed.
func message(change func(*paho.Publish)) *paho.Publish {
	p := &paho.Publish{Topic: "sample/telemetry", QoS: 1, Payload: []byte(`{"temperature":20}`), Properties: &paho.PublishProperties{}}
	p.Properties.User.Add("traceparent", theirTraceparent)
	change(p)
	return p
}

func TestABadMessageNeverStopsTheReceiver(t *testing.T) {
	c, b := newCollector(t), mosquitto(t, broker.MosquittoConfig{})
	receiver := start(t, "receiver", at(b.Addr(), "telemetry-receiver").with(c.environment("grpc")))
	receiver.says(t, "ready")
	publish := publishing(t, b)
	user := func(key, value string) func(*paho.Publish) {
		return func(p *paho.Publish) { p.Properties.User.Add(key, value) }
	}
	cases := []struct {
		name, errorType string
		change          func(*paho.Publish)
	}{
		{"not JSON", "payload", func(p *paho.Publish) { p.Payload = []byte("20 degrees") }},
		{"not an object", "payload", func(p *paho.Publish) { p.Payload = []byte("[20]") }},
		{"no temperature", "payload", func(p *paho.Publish) { p.Payload = []byte("{}") }},
		{"not a number", "payload", func(p *paho.Publish) { p.Payload = []byte(`{"temperature":"secret"}`) }},
		{"empty", "payload", func(p *paho.Publish) { p.Payload = nil }},
		{"content type", "content_type", func(p *paho.Publish) { p.Properties.ContentType = "text/plain" }},
		{"correlation data", "correlation_data", func(p *paho.Publish) { p.Properties.CorrelationData = []byte("short") }},
		{"version", "protocol_version", user("__protVer", "2.0")},
		{"not a version", "protocol_version", user("__protVer", "one")},
		{"timestamp", "timestamp", user("__ts", "noon")},
		{"half a CloudEvent", "cloud_event", user("id", "1")},
		{"QoS 0", "payload", func(p *paho.Publish) { p.QoS, p.Payload = 0, []byte("bytes") }},
	}
	for _, test := range cases {
		c.mu.Lock()
		before := len(c.spans)
		c.mu.Unlock()
		publish(message(test.change))
		var rejected span
		c.await(t, test.name, func() bool {
			if len(c.spans) > before {
				rejected = c.spans[before]
			}
			return len(c.spans) > before
		})
		assert.Equal(t, test.errorType, rejected.attributes["error.type"], test.name)
		assert.Equal(t, trace.Status_STATUS_CODE_ERROR, rejected.Status.Code, test.name)
		assert.NotEmpty(t, rejected.Status.Message, test.name)
		assert.NotContains(t, rejected.Status.Message, "secret", "no payload")
		assert.Equal(t, theirTrace, rejected.trace(), test.name)
		c.sum(t, "telemetry.receiver", "mqtt.receiver.rejected", map[string]any{"error.type": test.errorType})
	}
	// A clock that is far ahead would put the SDK's own clock where it refuses every later message.
	for _, ts := range []string{"999999999999999:18446744073709551614:somebody", "999999999999999:18446744073709551615:somebody"} {
		publish(message(user("__ts", ts)))
	}
	publish(message(func(*paho.Publish) {}))
	_, from := receiver.saysFrom(t, "message received", 0)
	_, from = receiver.saysFrom(t, "message received", from)
	receiver.saysFrom(t, "message received", from)

	said := map[string]int{}
	receiver.mu.Lock()
	for _, l := range receiver.lines {
		if l.text("msg") == "message rejected" {
			said[l.text("error_type")]++
		}
	}
	receiver.mu.Unlock()
	assert.Equal(t, map[string]int{"payload": 1, "content_type": 1, "correlation_data": 1, "protocol_version": 1, "timestamp": 1, "cloud_event": 1}, said,
		"once per burst")
	receiver.stop(t)
}

func TestARefusedMessageIsAnError(t *testing.T) {
	c := newCollector(t)
	acl := filepath.Join(t.TempDir(), "acl")
	require.NoError(t, os.WriteFile(acl, []byte("topic readwrite other/#\n"), 0o600))
	b := mosquitto(t, broker.MosquittoConfig{ACLFile: acl})
	sender := start(t, "sender", at(b.Addr(), "telemetry-sender").with(c.environment("grpc")))
	lost := sender.says(t, "message lost")
	assert.Equal(t, "mqtt.0x87", lost.text("error_type"))
	assert.Contains(t, lost.text("error"), "refused by the broker: 0x87 not authorized")
	refused := c.one(t, "the refused message", func(s span) bool { return s.id() == lost.text("span_id") })
	assert.Equal(t, trace.Status_STATUS_CODE_ERROR, refused.Status.Code)
	assert.Subset(t, refused.attributes, map[string]any{"error.type": "mqtt.0x87", "messaging.mqtt.reason_code": int64(0x87)})
	c.sum(t, "telemetry.sender", "messaging.client.sent.messages", map[string]any{"error.type": "mqtt.0x87"})
	sender.stop(t)
}

func TestACollectorThatIsAwayHoldsNothingUp(t *testing.T) {
	c, b := newCollector(t), mosquitto(t, broker.MosquittoConfig{})
	c.Behave(otlp.Behavior{Stall: true})
	small := env{"OTEL_BSP_MAX_QUEUE_SIZE": "4", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "2", "OTEL_BLRP_MAX_QUEUE_SIZE": "4",
		"OTEL_BLRP_MAX_EXPORT_BATCH_SIZE": "2", "SHUTDOWN_GRACE": "2s"}
	sender, receiver := pair(t, b, c.environment("grpc").with(small))
	from := 0
	for range 20 { // many times what fits
		_, from = receiver.saysFrom(t, "message received", from)
	}
	loses(t, sender, "spans", "the queue was full")
	loses(t, receiver, "spans", "the queue was full")
	loses(t, receiver, "log records", "the queue was full")

	c.Behave(otlp.Behavior{})
	c.sum(t, "telemetry.sender", "otel.sdk.processor.span.processed", map[string]any{"error.type": "queue_full"})
	c.sum(t, "telemetry.receiver", "otel.sdk.processor.span.processed", map[string]any{"error.type": "queue_full"})
	c.sum(t, "telemetry.receiver", "otel.sdk.processor.log.processed", map[string]any{"error.type": "queue_full"})

	c.Behave(otlp.Behavior{Refuse: codes.InvalidArgument})
	loses(t, sender, "spans", "the export failed")
	sender.says(t, "telemetry cannot be exported")
	c.Behave(otlp.Behavior{})
	c.sum(t, "telemetry.sender", "otel.sdk.exporter.span.exported", map[string]any{"error.type": "export_failed"})

	c.Behave(otlp.Behavior{Stall: true})
	sender.stop(t) // within its grace, whatever the collector does
	receiver.stop(t)
}

// loses waits until a service has said what it loses, and why.
func loses(t *testing.T, p *process, what, why string) {
	t.Helper()
	for from := 0; ; {
		var lost line
		lost, from = p.saysFrom(t, "telemetry lost", from)
		if lost.text("what") == what && lost.text("reason") == why {
			return
		}
	}
}

func TestHealth(t *testing.T) {
	b := mosquitto(t, broker.MosquittoConfig{})
	addr := brokertest.FreeAddress(t)
	e := at(b.Addr(), "telemetry-receiver").with(env{"HEALTH_ADDR": addr})
	receiver := start(t, "receiver", e)
	receiver.says(t, "ready")
	assert.Equal(t, http.StatusOK, get(t, "http://"+addr+"/livez"))
	assert.Equal(t, http.StatusOK, get(t, "http://"+addr+"/readyz"))
	assert.Equal(t, 0, start(t, "receiver", e, "healthcheck").exit(t))

	require.NoError(t, b.Kill())
	receiver.says(t, "connection lost")
	assert.Equal(t, http.StatusOK, get(t, "http://"+addr+"/livez"))
	assert.Equal(t, http.StatusServiceUnavailable, get(t, "http://"+addr+"/readyz"))
	check := start(t, "receiver", e, "healthcheck")
	assert.Equal(t, 1, check.exit(t))
	assert.Contains(t, check.stderr.String(), "receiver: not ready: ")
	receiver.stop(t)
	assert.Equal(t, 1, start(t, "receiver", e, "healthcheck").exit(t), "nobody is there")
	assert.Equal(t, 2, start(t, "receiver", e.with(env{"HEALTH_ADDR": ""}), "healthcheck").exit(t))
}

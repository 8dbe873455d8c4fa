package e2e

import (
	"net"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"

	"mqttrace/load/broker"
)

func port(t *testing.T, b *broker.Broker) int {
	t.Helper()
	_, text, err := net.SplitHostPort(b.Addr())
	require.NoError(t, err)
	number, err := strconv.Atoi(text)
	require.NoError(t, err)
	return number
}

// underWay waits until the sender has messages that the broker, which has just been paused, does not acknowledge. What it says of the time
// before and of the second after is not enough: it may not have read the last acknowledgements yet.
func underWay(t *testing.T, c *collector) {
	t.Helper()
	since := uint64(time.Now().Add(time.Second).UnixNano())
	c.await(t, "messages under way", func() bool {
		for _, p := range c.metrics["telemetry.sender"]["mqtt.client.in_flight"].GetGauge().GetDataPoints() {
			if p.TimeUnixNano > since && p.GetAsInt() > 1 {
				return true
			}
		}
		return false
	})
}

func TestARestartedBrokerIsSurvived(t *testing.T) {
	c, first := newCollector(t), mosquitto(t, broker.MosquittoConfig{})
	sender, receiver := pair(t, first, c.environment("grpc"))
	c.whole(t, any2)

	// The broker stands still, so that messages are under way without an acknowledgement, and then is gone with its sessions.
	require.NoError(t, first.Pause())
	underWay(t, c)
	require.NoError(t, first.Kill())
	receive(t, first.Done())
	sender.says(t, "connection lost")
	receiver.says(t, "connection lost")
	mosquitto(t, broker.MosquittoConfig{Port: port(t, first)})

	_, from := receiver.saysFrom(t, "connected again", 0)
	sender.says(t, "connected again")
	lost := sender.says(t, "message lost")
	assert.Equal(t, "session_lost", lost.text("error_type"))
	failed := c.one(t, "the span of the lost message", func(s span) bool { return s.attributes["error.type"] == "session_lost" })
	assert.Equal(t, trace.Status_STATUS_CODE_ERROR, failed.Status.Code)
	assert.Equal(t, lost.text("trace_id"), c.one(t, "the one in the log", func(s span) bool { return s.id() == lost.text("span_id") }).trace())

	next, _ := receiver.saysFrom(t, "message received", from)
	c.whole(t, func(sent, received span) bool { return received.trace() == next.text("trace_id") })
	for _, service := range []string{"telemetry.sender", "telemetry.receiver"} {
		c.sum(t, service, "mqtt.client.connections.lost", nil)
		c.sum(t, service, "mqtt.client.reconnects", nil)
	}
	c.sum(t, "telemetry.sender", "messaging.client.sent.messages", map[string]any{"error.type": "session_lost"})
	sender.stop(t)
	receiver.stop(t)
}

func TestMessagesWaitInTheSessionOfAReceiverThatIsAway(t *testing.T) {
	b := mosquitto(t, broker.MosquittoConfig{})
	sender, receiver := pair(t, b, nil)
	receiver.says(t, "message received")
	receiver.stop(t)
	missed, _ := sender.saysFrom(t, "message sent", sender.said())

	receiver = start(t, "receiver", at(b.Addr(), "telemetry-receiver"))
	from := 0
	for {
		received, next := receiver.saysFrom(t, "message received", from)
		if received.text("message_id") == missed.text("message_id") {
			break
		}
		from = next
	}
	sender.stop(t)
	receiver.stop(t)
}

func TestAServiceMayStartBeforeItsBroker(t *testing.T) {
	placeholder := mosquitto(t, broker.MosquittoConfig{})
	require.NoError(t, placeholder.Stop(limited(t)))
	receiver := start(t, "receiver", at(placeholder.Addr(), "telemetry-receiver"))
	sender := start(t, "sender", at(placeholder.Addr(), "telemetry-sender"))
	assert.Contains(t, receiver.says(t, "connection failed, trying again").text("error"), "connection refused")
	mosquitto(t, broker.MosquittoConfig{Port: port(t, placeholder)})
	receiver.says(t, "message received")
	sender.stop(t)
	receiver.stop(t)
}

func TestASignalEndsAServiceThatHasNoBrokerYet(t *testing.T) {
	sender := start(t, "sender", at("127.0.0.1:1", "telemetry-sender"))
	sender.says(t, "connection failed, trying again")
	sender.stop(t)
}

func TestTheSecondSignalEndsAtOnce(t *testing.T) {
	c, b := newCollector(t), mosquitto(t, broker.MosquittoConfig{})
	sender := start(t, "sender", at(b.Addr(), "telemetry-sender").with(c.environment("grpc")).with(env{"SHUTDOWN_GRACE": "10m"}))
	sender.says(t, "message sent")
	require.NoError(t, b.Pause())
	underWay(t, c)
	require.NoError(t, sender.cmd.Process.Signal(syscall.SIGTERM))
	// A second signal that comes too soon is taken for the first one's echo, so it is sent until it is heard.
	for range 600 {
		select {
		case <-sender.done:
		case <-time.After(100 * time.Millisecond):
			_ = sender.cmd.Process.Signal(syscall.SIGTERM) // fails once it has ended
			continue
		}
		break
	}
	assert.Equal(t, 130, sender.exit(t))
	assert.Contains(t, sender.stderr.String(), "ended by a second signal")
	require.NoError(t, b.Resume())
}

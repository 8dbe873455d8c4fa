package stack

import (
	"bytes"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"mqttrace/load/broker/brokertest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestServicesEmit runs the sender and the receiver, as the processes that images have, over Mosquitto with the shipped
// configuration, gives them each fault that a dashboard shows, and looks for everything that the table promises of them.
func TestServicesEmit(t *testing.T) {
	binaries := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binaries+"/", "./cmd/sender", "./cmd/receiver")
	build.Dir = path()
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))

	broker, websockets := brokertest.FreeAddress(t), brokertest.FreeAddress(t)
	start := func() (stop func()) {
		return mosquitto(t, "mosquitto.conf", broker, "listener 1883\n", on(broker), "listener 9001\n", on(websockets))
	}
	stop := start()
	upstream := newUpstream(t)
	var ends []func()
	for _, service := range []string{"sender", "receiver"} {
		ends = append(ends, serve(t, filepath.Join(binaries, service), service, broker, upstream.GRPCAddr()))
	}

	promised := func(service string) func(*assert.CollectT) {
		return func(c *assert.CollectT) {
			upstream.mu.Lock()
			defer upstream.mu.Unlock()
			for _, missing := range Missing(service, Exported(upstream.metricsOf("telemetry."+service))) {
				assert.Fail(c, missing)
			}
		}
	}
	upstream.await(t, "mqtt.e2e.latency")
	publish(t, broker, "sample/telemetry", "no telemetry")
	upstream.await(t, "mqtt.receiver.rejected")
	stop()
	upstream.await(t, "mqtt.sender.discarded") // as readings pile up
	start()
	for _, service := range []string{"receiver", "sender"} {
		assert.EventuallyWithT(t, promised(service), 30*time.Second, 200*time.Millisecond)
	}
	for _, end := range ends {
		end()
	}
}

// await waits for a metric.
func (u *upstream) await(t *testing.T, metric string) {
	t.Helper()
	require.Eventually(t, func() bool {
		u.mu.Lock()
		defer u.mu.Unlock()
		return slices.ContainsFunc(Exported(u.metrics), func(m Metric) bool { return m.Name == metric })
	}, 20*time.Second, 50*time.Millisecond, metric)
}

// serve runs a service with the settings that compose gives it, but for where things are and how often they happen. It is
// asked to end by end or with the test, and must end well.
func serve(t *testing.T, binary, service, broker, upstream string) (end func()) {
	t.Helper()
	host, port, err := net.SplitHostPort(broker)
	require.NoError(t, err)
	settings := map[string]string{
		"AIO_BROKER_HOSTNAME": host, "AIO_BROKER_TCP_PORT": port, "HEALTH_ADDR": brokertest.FreeAddress(t),
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://" + upstream, "OTEL_METRIC_EXPORT_INTERVAL": "200", "SEND_INTERVAL": "1ms", "LOG_LEVEL": "warn",
	}
	cmd := exec.Command(binary)
	cmd.Env = []string{}
	for name, value := range composed(t).Services[service].Environment {
		if own, ok := settings[name]; ok {
			*value = own
		}
		cmd.Env = append(cmd.Env, name+"="+*value)
	}
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	require.NoError(t, cmd.Start())
	end = sync.OnceFunc(func() {
		assert.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		assert.NoError(t, cmd.Wait(), "%s ends well when it is asked to", service)
	})
	t.Cleanup(func() {
		end()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return end
}

// publish sends a message that is no telemetry: QoS 0, without a property.
func publish(t *testing.T, addr, topic, payload string) {
	t.Helper()
	conn := dial(t, addr, nil)
	require.Equal(t, accepted, connect(t, conn, "", ""))
	body := append([]byte{byte(len(topic) >> 8), byte(len(topic))}, topic...)
	body = append(append(body, 0), payload...)
	_, err := conn.Write(append([]byte{0x30, byte(len(body))}, body...))
	require.NoError(t, err)
}

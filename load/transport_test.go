package load

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
	"mqttrace/load/broker/brokertest"
	"mqttrace/load/result"
)

// freePort is a port of 127.0.0.1 that nobody listened on just now.
func freePort(t *testing.T) string {
	t.Helper()
	_, port, err := net.SplitHostPort(brokertest.FreeAddress(t))
	require.NoError(t, err)
	return port
}

// openDoor lets everybody do everything.
type openDoor struct{ mochi.HookBase }

func (*openDoor) Provides(event byte) bool {
	return event == mochi.OnConnectAuthenticate || event == mochi.OnACLCheck
}
func (*openDoor) OnConnectAuthenticate(*mochi.Client, packets.Packet) bool { return true }
func (*openDoor) OnACLCheck(*mochi.Client, string, bool) bool              { return true }

// TestTransports runs over everything that brokers listen on beside TCP.
func TestTransports(t *testing.T) {
	t.Parallel()
	port, socket := freePort(t), filepath.Join(t.TempDir(), "mosquitto.sock")
	b, err := broker.MosquittoConfig{Extra: []string{
		"listener " + port + " 127.0.0.1", "protocol websockets", "listener 0 " + socket,
	}}.Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.Stop(context.Background())) })

	embedded := mochi.New(&mochi.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, embedded.AddHook(new(openDoor), nil))
	mochiPort, mochiSocket := freePort(t), filepath.Join(t.TempDir(), "mochi.sock")
	require.NoError(t, embedded.AddListener(listeners.NewWebsocket(listeners.Config{ID: "ws", Address: "127.0.0.1:" + mochiPort})))
	require.NoError(t, embedded.AddListener(listeners.NewUnixSock(listeners.Config{ID: "unix", Address: mochiSocket})))
	require.NoError(t, embedded.Serve())
	t.Cleanup(func() { embedded.Close() })

	for i, url := range []string{
		"ws://127.0.0.1:" + port, "ws://127.0.0.1:" + port + "/mqtt", "unix://" + socket, "ws://127.0.0.1:" + mochiPort, "unix://" + mochiSocket,
	} {
		for _, client := range []string{"lean", "paho"} {
			t.Run(strings.SplitN(url, ":", 2)[0]+"/"+client, func(t *testing.T) {
				t.Parallel()
				topics := fmt.Sprintf("bench/%d/%s", i, client) // its own, of a broker that others run on
				res := runScenario(t, fmt.Sprintf(`
broker: %s
client: %s
warmup: 0s
duration: 500ms
senders: [{name: sensors, count: 2, rate: 100/s, topic: "%s/{sender}", qos: 1}]
receivers: [{name: backend, filter: %s/+, qos: 1}]
`, url, client, topics, topics))
				assert.NotEqual(t, result.Fail, res.Verdict, res.Reason)
				assert.EqualValues(t, 100, res.Arms[0].Delivery.Received)
			})
		}
	}
	t.Run("not a WebSocket server", func(t *testing.T) {
		t.Parallel()
		_, err := Run(t.Context(), scenario(t, "broker: ws://"+b.Addr()+"\nduration: 1s\nsenders: [{name: s, rate: 1/s, topic: t}]"), Options{})
		assert.ErrorContains(t, err, "connect to "+b.Addr())
	})
}

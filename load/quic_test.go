package load

import (
	"context"
	"crypto/tls"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
	"mqttrace/load/broker/brokertest"
	"mqttrace/load/result"
)

// listenQUIC has a Mosquitto listen for QUIC, with certificates of 127.0.0.1 and of names, and returns what a scenario says of it.
func listenQUIC(t *testing.T, names ...string) (server *brokertest.QUICServer, url, trusted string) {
	t.Helper()
	ours := brokertest.NewAuthority(t, t.TempDir())
	config := &tls.Config{Certificates: []tls.Certificate{ours.Pair(t, "nameless")}}
	for _, name := range names {
		config.Certificates = append(config.Certificates, ours.Pair(t, name, name))
	}
	server = brokertest.ListenQUIC(t, startMosquitto(t, broker.MosquittoConfig{}).Addr(), config)
	t.Cleanup(server.Close)
	return server, "quic://" + server.Addr(), "ca: " + ours.File
}

func startEmbedded(t *testing.T) *broker.Broker {
	t.Helper()
	b, err := broker.StartEmbedded(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.Stop(context.Background())) })
	return b
}

// TestQUICNamesAndAddresses has a server see what clients ask for and where they come from.
func TestQUICNamesAndAddresses(t *testing.T) {
	t.Parallel()
	from := []string{"127.0.0.1", "127.0.0.1", "127.0.0.1"}
	sources := "source_addresses: [127.0.0.1]"
	if runtime.GOOS == "linux" { // which has further loopback addresses
		sources, from = "source_addresses: [127.0.0.1, 127.0.0.2]", []string{"127.0.0.1", "127.0.0.2", "127.0.0.1"}
	}
	server, url, trusted := listenQUIC(t, "one.example")
	allArrived(t, runScenario(t, sources+secured(url, "lean", trusted+", server_name: one.example, alpn: [other, mqtt]")))
	require.Eventually(t, func() bool { return len(server.Clients()) == 3 }, time.Minute, time.Millisecond, "one connection a client")
	var came []string
	for _, client := range server.Clients() {
		assert.Equal(t, "one.example", client.Name)
		assert.Equal(t, "mqtt", client.Protocol)
		came = append(came, client.From)
	}
	assert.ElementsMatch(t, from, came, "in turn: a receiver, two senders")
	_, err := Run(t.Context(), scenario(t, "source_addresses: [192.0.2.1]"+secured(url, "lean", trusted)), Options{})
	assert.ErrorContains(t, err, "192.0.2.1:0", "an address that this machine has not")
}

// A client that says nothing, for longer than the server allows a QUIC connection to be silent, stays connected: that is for MQTT's
// keep-alive to judge.
func TestQUICStaysWhileNothingIsSaid(t *testing.T) {
	t.Parallel()
	server, url, trusted := listenQUIC(t)
	runScenario(t, `
broker: {url: "`+url+`", tls: {`+trusted+`}}
warmup: 0s
duration: 8s
senders: [{name: quiet, idle: true, topic: a}, {name: forever, idle: true, topic: a, keep_alive: 0s}, {name: sensor, rate: 1/s, topic: b}]
`)
	require.Eventually(t, func() bool { return len(server.Clients()) >= 3 }, time.Minute, time.Millisecond)
	for _, client := range server.Clients() {
		assert.Equal(t, &quic.ApplicationError{Remote: true}, client.Ended, "closed in order")
	}
	assert.Len(t, server.Clients(), 3, "one connection a client")
}

// A server that dies in mid-run and is back at once knows no connection any more. Clients hear of it when they have something to say, or find
// out by the keep-alive, and come back to their sessions.
func TestQUICServerRestart(t *testing.T) {
	t.Parallel()
	for _, client := range []string{"lean", "paho"} {
		for _, qos := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s/qos=%d", client, qos), func(t *testing.T) {
				t.Parallel()
				server, url, trusted := listenQUIC(t)
				restarted := make(chan struct{})
				restart := at(0, func() { // and by a clock of its own: a busy machine tells late how far a run has come
					time.AfterFunc(time.Second, func() {
						defer close(restarted)
						server.Close()
						server.Listen(t)
					})
				})
				res, err := Run(t.Context(), scenario(t, fmt.Sprintf(`
broker: {url: "%s", tls: {%s}}
client: %s
warmup: 0s
duration: 3s
drain: 30s
senders: [{name: sensors, count: 4, rate: 250/s, topic: "bench/{sender}", qos: %d, session_expiry: 1h, keep_alive: 1s}]
receivers: [{name: backend, filter: bench/+, qos: %[4]d, session_expiry: 1h, keep_alive: 1s}]
`, url, trusted, client, qos)), Options{Progress: restart})
				require.NoError(t, err)
				<-restarted
				a := res.Arms[0]
				assert.NotEqual(t, result.Fail, res.Verdict, res.Reason)
				assert.EqualValues(t, 3000, a.Sent)
				nothingLost(t, a.Delivery)
				assert.Eventually(t, func() bool { return len(server.Clients()) > 5 }, time.Minute, time.Millisecond, "some twice")
			})
		}
	}
}

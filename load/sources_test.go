package load

import (
	"context"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
	"mqttrace/load/broker/brokertest"
	"mqttrace/load/mqtt"
)

func TestSourceAddresses(t *testing.T) {
	if runtime.GOOS != "linux" {
		assert.Nil(t, sourceOf("127.0.0.1:1883", 1_000_000), "only Linux has others")
		return
	}
	for n, want := range map[int]string{0: "<nil>", clientsPerSource - 1: "<nil>", clientsPerSource: "127.0.0.2", 999_999: "127.0.0.50"} {
		assert.Equal(t, want, sourceOf("127.0.0.1:1883", n).String())
	}
	for _, elsewhere := range []string{"192.0.2.1:1883", "broker.example:1883", "[::1]:1883", "/run/socket"} {
		assert.Nil(t, sourceOf(elsewhere, 1_000_000), elsewhere)
	}

	b := startMosquitto(t, broker.MosquittoConfig{})
	for _, implementation := range []mqtt.Implementation{mqtt.Lean, mqtt.Paho} {
		c, err := mqtt.Connect(t.Context(), mqtt.Settings{
			Address: b.Addr(), ClientID: "far", LocalAddress: sourceOf(b.Addr(), clientsPerSource), Implementation: implementation,
		}, mqtt.Handlers{})
		require.NoError(t, err)
		require.NoError(t, c.Close(context.Background()))
	}
}

func TestClientsConnectFromTheAddressesNamed(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has a second loopback address")
	}
	ours := brokertest.NewAuthority(t, t.TempDir())
	b := startMosquitto(t, broker.MosquittoConfig{})
	for _, client := range []string{"lean", "paho"} {
		t.Run(client, func(t *testing.T) {
			t.Parallel()
			g := openGate(t, b.Addr(), "", ours)
			res := runScenario(t, "source_addresses: [127.0.0.1, 127.0.0.2]"+secured("mqtts://"+g.Addr().String(), client, "ca: "+ours.File))
			allArrived(t, res)
			g.mu.Lock()
			defer g.mu.Unlock()
			assert.ElementsMatch(t, []string{"127.0.0.1", "127.0.0.2", "127.0.0.1"}, g.from, "in turn: a receiver, two senders")
		})
	}
	_, err := Run(t.Context(), scenario(t, "source_addresses: [192.0.2.1]\nbroker: "+b.URL()+"\nduration: 1s\nsenders: [{name: s, rate: 1/s, topic: t}]"), Options{})
	assert.ErrorContains(t, err, "192.0.2.1:0", "an address that this machine has not")
}

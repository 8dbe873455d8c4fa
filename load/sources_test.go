package load

import (
	"context"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
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

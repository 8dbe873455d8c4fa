package mqtt_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
	"mqttrace/load/mqtt"
)

// BenchmarkIdleConnection tells what a connection costs that is there and says nothing: memory of this process, heap and stacks
// after a collection. Try -benchtime 1x: each turn connects a thousand clients.
func BenchmarkIdleConnection(b *testing.B) {
	const clients = 1000
	process, err := broker.StartEmbedded(b.Context())
	require.NoError(b, err)
	defer process.Stop(context.Background())
	for _, implementation := range []mqtt.Implementation{mqtt.Lean, mqtt.Paho} {
		b.Run("client="+string(implementation), func(b *testing.B) {
			for b.Loop() {
				before := inUse()
				all := make([]*mqtt.Client, clients)
				for i := range all {
					settings := mqtt.Settings{Address: process.Addr(), ClientID: fmt.Sprint("idle-", i), ReceiveMaximum: 64, Implementation: implementation}
					var err error
					all[i], err = mqtt.Connect(b.Context(), settings, mqtt.Handlers{})
					require.NoError(b, err)
				}
				b.ReportMetric(float64(inUse()-before)/clients, "B/connection")
				for _, c := range all {
					c.Close(context.Background())
				}
			}
		})
	}
}

// inUse is the memory of heap and stacks.
func inUse() uint64 {
	runtime.GC()
	runtime.GC() // the first leaves what pools hold to the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

package mqtt_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"testing"

	"github.com/shirou/gopsutil/v4/process"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"mqttrace/load/broker"
	"mqttrace/load/mqtt"
)

// BenchmarkIdleConnections reports what a connection takes on which nothing happens: resident memory of this process, and how many
// goroutines it has.
func BenchmarkIdleConnections(b *testing.B) {
	const connections = 9_000 // below the file descriptor limit that systems commonly allow
	for b.Loop() {
		clients := make([]*mqtt.Client, connections)
		broker, err := broker.StartEmbedded(b.Context())
		require.NoError(b, err)
		before, goroutines := resident(b), runtime.NumGoroutine()
		var group errgroup.Group
		group.SetLimit(32)
		for i := range clients {
			group.Go(func() (err error) {
				clients[i], err = dial(b.Context(), mqtt.Settings{Address: broker.Addr(), ClientID: fmt.Sprint("idle-", i), ReceiveMaximum: 8}, mqtt.Handlers{})
				return err
			})
		}
		require.NoError(b, group.Wait())
		b.ReportMetric(float64(resident(b)-before)/connections, "resident-B/conn")
		b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/connections, "goroutines/conn")
		var closing sync.WaitGroup
		for _, c := range clients {
			closing.Go(func() { _ = c.Close(context.Background()) }) // never fails
		}
		closing.Wait()
		require.NoError(b, broker.Stop(context.Background()))
	}
}

// resident is the resident memory of this process without garbage.
func resident(b *testing.B) uint64 {
	b.Helper()
	debug.FreeOSMemory()
	p, err := process.NewProcess(int32(os.Getpid()))
	require.NoError(b, err)
	memory, err := p.MemoryInfo()
	require.NoError(b, err)
	return memory.RSS
}

package shard

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
)

// together runs do in as many members as there are, in one process, and closes them at the end.
func together(t *testing.T, settings mqtt.Settings, spec Spec, do func(t *testing.T, ctx context.Context, m *Member)) {
	t.Helper()
	var all sync.WaitGroup
	for i := range spec.Of {
		all.Go(func() {
			spec := spec
			spec.Index = i
			m, err := Join(limited(t), settings, spec)
			if !assert.NoError(t, err) {
				return
			}
			defer func() { assert.NoError(t, m.Close(limited(t))) }()
			do(t, limited(t), m)
		})
	}
	all.Wait()
}

func TestRun(t *testing.T) {
	eachBroker(t, func(t *testing.T, settings mqtt.Settings) {
		for name, apart := range map[string]bool{"same host": false, "apart": true} {
			t.Run(name, func(t *testing.T) { testRun(t, settings, apart) })
		}
	})
}

func testRun(t *testing.T, settings mqtt.Settings, apart bool) {
	const of = 8
	var connected, got atomic.Uint64
	var mu sync.Mutex
	agreed := make(map[Agreed]bool)
	var starts []clock.Instant
	together(t, settings, Spec{Of: of, Run: "r1", Fingerprint: "f", apart: apart}, func(t *testing.T, ctx context.Context, m *Member) {
		i := m.spec.Index
		mu.Lock()
		agreed[m.Agreed()] = true
		mu.Unlock()
		connected.Add(1)
		if !assert.NoError(t, m.Reach(ctx, "connected")) {
			return
		}
		assert.EqualValues(t, of, connected.Load())
		at, err := m.Start(ctx)
		if !assert.NoError(t, err) {
			return
		}
		mu.Lock()
		starts = append(starts, at)
		mu.Unlock()
		m.Tell(Progress{Sent: uint64(i)})
		arrived := uint64(0)
		drained, err := m.Drain(ctx, 10, func() uint64 {
			if arrived < 10 {
				arrived++
				got.Add(1)
			}
			return arrived
		}, 30*time.Second)
		assert.NoError(t, err)
		assert.True(t, drained)
		assert.EqualValues(t, 10*of, got.Load())
		if i == 0 {
			results, err := m.Collect(ctx)
			assert.NoError(t, err)
			for j := 1; j < of; j++ {
				assert.Equal(t, resultOf(j), results[j])
				assert.EqualValues(t, j, m.All()[j].Sent)
				assert.NotZero(t, m.All()[j].PID)
			}
		} else {
			assert.NoError(t, m.Send(ctx, resultOf(i)))
		}
		assert.NoError(t, m.Why())
		figures := m.Figures(at)
		assert.Equal(t, !apart || i == 0, figures.Same)
		assert.InDelta(t, 0, figures.OffsetNS, float64(figures.BoundNS)+float64(time.Microsecond), "all clocks of this process are one")
		assert.InDelta(t, 0, figures.AheadNS, float64(figures.BoundNS)+float64(time.Microsecond))
	})
	require.Len(t, agreed, 1)
	require.Len(t, starts, of)
	if !apart {
		for _, at := range starts {
			assert.InDelta(t, int64(starts[0]), int64(at), float64(time.Microsecond)) // what the difference of two clocks is known to
		}
	}
}

// resultOf is a result of several parts.
func resultOf(index int) []byte {
	return bytes.Repeat(fmt.Appendf(nil, "result of %d;", index), 20_000)
}

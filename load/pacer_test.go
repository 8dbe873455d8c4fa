package load

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/clock"
)

func TestPacerWakesOnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := startPacer(newTimerAlarm())
		start := clock.Now()
		var wg sync.WaitGroup
		for i := range 100 {
			random := rand.New(rand.NewPCG(1, uint64(i)))
			wg.Go(func() {
				w := newWaiter()
				at := start
				for range 100 {
					at = at.Add(time.Duration(random.Int64N(int64(10 * time.Millisecond))))
					if assert.NoError(t, p.wait(t.Context(), w, at)) {
						assert.Equal(t, at, max(clock.Now(), at), "not before its time")
						assert.LessOrEqual(t, clock.Now(), at, "nor after: time stands still while anybody runs")
					}
				}
			})
		}
		wg.Wait()
		p.close()
	})
}

func TestPacerStopsWaitingWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := startPacer(newTimerAlarm())
		defer p.close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		w := newWaiter()
		require.ErrorIs(t, p.wait(ctx, w, clock.Now().Add(time.Hour)), context.DeadlineExceeded)
		assert.Empty(t, p.waiting)
		require.NoError(t, p.wait(t.Context(), w, clock.Now().Add(time.Second)), "and can wait again")
	})
}

func TestPacerOnTheSystemsAlarm(t *testing.T) {
	p, err := newPacer()
	require.NoError(t, err)
	defer p.close()
	var wg sync.WaitGroup
	start := clock.Now()
	for range 50 {
		wg.Go(func() {
			w := newWaiter()
			for i := range 20 {
				at := start.Add(time.Duration(i) * time.Millisecond)
				if assert.NoError(t, p.wait(t.Context(), w, at)) {
					assert.GreaterOrEqual(t, clock.Now(), at)
				}
			}
		})
	}
	wg.Wait()
}

// BenchmarkPacerLateness reports how late a waiter is woken in an idle process.
func BenchmarkPacerLateness(b *testing.B) {
	p, err := newPacer()
	require.NoError(b, err)
	defer p.close()
	w := newWaiter()
	var late time.Duration
	at := clock.Now()
	for b.Loop() {
		at = max(at, clock.Now()).Add(3 * time.Millisecond)
		_ = p.wait(b.Context(), w, at)
		late += clock.Now().Sub(at)
	}
	b.ReportMetric(float64(late.Nanoseconds())/float64(b.N), "late-ns/op")
}

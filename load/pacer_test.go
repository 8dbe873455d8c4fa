package load

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
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
					now, err := p.await(t.Context(), w, at)
					if assert.NoError(t, err) {
						assert.Equal(t, now, clock.Now(), "time stands still while anybody runs")
						assert.GreaterOrEqual(t, now, at, "not before its time")
						assert.LessOrEqual(t, now, at.Add(quantum), "nor long after")
					}
				}
			})
		}
		wg.Wait()
		p.close()
	})
}

// countedAlarm counts how often it goes off.
type countedAlarm struct {
	alarm
	rings atomic.Int64
}

func (c *countedAlarm) wait() bool {
	c.rings.Add(1)
	return c.alarm.wait()
}

func TestPacerWakesMessagesOfAQuantumTogether(t *testing.T) {
	cases := []struct {
		name    string
		senders int
		every   time.Duration
		rings   int64 // at most
		late    time.Duration
	}{
		{"many, close together", 100, time.Millisecond, int64(100*time.Millisecond/quantum+busyFrom/ration) + 5, quantum},
		{"one, with time between", 1, 2 * quantum, 105, 0},
		{"a few close together", 10, 10 * ration, 100*10 + 5, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				alarm := &countedAlarm{alarm: newTimerAlarm()}
				p := startPacer(alarm)
				start := clock.Now().Add(time.Second)
				var wg sync.WaitGroup
				for i := range c.senders {
					wg.Go(func() {
						w, phase := newWaiter(), c.every*time.Duration(i)/time.Duration(c.senders)
						for n := range 100 {
							at := start.Add(phase + time.Duration(n)*c.every)
							p.messages.Add(1)
							now, err := p.await(t.Context(), w, at)
							assert.NoError(t, err)
							assert.LessOrEqual(t, now.Sub(at), c.late)
						}
					})
				}
				wg.Wait()
				p.close()
				assert.LessOrEqual(t, alarm.rings.Load(), c.rings)
			})
		})
	}
}

func TestPacerStopsWaitingWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := startPacer(newTimerAlarm())
		defer p.close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		w := newWaiter()
		_, err := p.await(ctx, w, clock.Now().Add(time.Hour))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Empty(t, p.waiting)
		_, err = p.await(t.Context(), w, clock.Now().Add(time.Second))
		require.NoError(t, err, "and can wait again")
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
				now, err := p.await(t.Context(), w, at)
				if assert.NoError(t, err) {
					assert.GreaterOrEqual(t, now, at)
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
		_, _ = p.await(b.Context(), w, at)
		late += clock.Now().Sub(at)
	}
	b.ReportMetric(float64(late.Nanoseconds())/float64(b.N), "late-ns/op")
}

func TestPacerTakesSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := startPacer(newTimerAlarm())
		defer p.close()
		const steps = 100
		start := clock.Now().Add(time.Second)
		var wg sync.WaitGroup
		for i := range 10 {
			wg.Go(func() {
				w, taken := newWaiter(), 0
				due := func() clock.Instant { return start.Add(time.Duration(taken*10+i) * time.Millisecond) }
				w.step = func(now, until clock.Instant) (clock.Instant, bool) {
					assert.Equal(t, now, clock.Now())
					assert.Greater(t, until, now)
					assert.GreaterOrEqual(t, now, due())
					assert.LessOrEqual(t, now, due().Add(quantum))
					taken++
					return due(), taken < steps
				}
				now, err := p.await(t.Context(), w, due())
				assert.NoError(t, err)
				assert.Equal(t, steps, taken, "woken once, by the last")
				assert.Equal(t, now, clock.Now())
			})
		}
		wg.Wait()
	})
}

// A step that takes its time holds up no other sender's for longer than the pacer's share: those are woken, and go on by themselves.
func TestPacerWakesThoseItHasNoTimeFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := startPacer(newTimerAlarm())
		defer p.close()
		at := clock.Now().Add(time.Second)
		var stepped atomic.Int64
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				w := newWaiter()
				w.step = func(clock.Instant, clock.Instant) (clock.Instant, bool) {
					stepped.Add(1)
					time.Sleep(stepsFor)
					return at.Add(time.Second), true
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Second+2*stepsFor)
				defer cancel()
				now, err := p.await(ctx, w, at)
				if err == nil {
					assert.LessOrEqual(t, now.Sub(at), stepsFor)
				}
			})
		}
		wg.Wait()
		assert.EqualValues(t, 1, stepped.Load())
		assert.Empty(t, p.waiting, "whoever stepped waited for the next step")
	})
}

func TestPacerLetsGoOfOneThatSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := startPacer(newTimerAlarm())
		defer p.close()
		ctx, cancel := context.WithCancel(t.Context())
		w := newWaiter()
		steps := 0
		w.step = func(now, _ clock.Instant) (clock.Instant, bool) {
			steps++
			cancel()
			time.Sleep(time.Second)
			return now, true
		}
		start := clock.Now()
		_, err := p.await(ctx, w, start.Add(time.Second))
		require.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, 2*time.Second, clock.Now().Sub(start), "not before the step has ended")
		assert.Equal(t, 1, steps)
		assert.Empty(t, p.waiting)
	})
}

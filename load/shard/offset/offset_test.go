package offset

import (
	"math"
	"math/big"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/clock"
	"mqttrace/load/result"
)

func TestExchange(t *testing.T) {
	cases := []struct {
		name          string
		e             Exchange
		offset, delay time.Duration
	}{
		{"the other is ahead", Exchange{0, 1010, 1020, 30}, 1000, 20},
		{"the other is behind", Exchange{5000, 10, 10, 5020}, -5000, 20},
		{"all of the delay is on the way back", Exchange{0, 1000, 1000, 20}, 990, 20},
		{"nothing takes any time", Exchange{7, 7, 7, 7}, 0, 0},
		{"years of uptime", Exchange{-farthest, farthest, farthest, -farthest + 10}, 2*time.Duration(farthest) - 5, 10},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			assert.True(t, c.e.possible())
			assert.Equal(t, c.offset, c.e.Offset())
			assert.Equal(t, c.delay, c.e.Delay())
		})
	}
}

func TestALineLosesNoNanosecondInWeeks(t *testing.T) {
	const weeks = 10 * 7 * 24 * time.Hour
	r := rand.New(rand.NewPCG(1, 1))
	for range 10_000 {
		l := line{
			anchor: clock.Instant(r.Int64N(int64(weeks))),
			offset: time.Duration(r.Int64()-math.MaxInt64/2) / 4,
			slope:  slopeOf((r.Float64()*2 - 1) * mostDrift),
		}
		i := clock.Instant(r.Int64N(int64(2*weeks)) - int64(weeks))
		exact := new(big.Int).Mul(big.NewInt(int64(i-l.anchor)), big.NewInt(l.slope))
		exact.Rsh(exact, 64) // rounds down
		require.Equal(t, exact.Int64(), int64(l.at(i)-l.offset), "%+v at %d", l, i)
		mapped := i.Add(l.at(i))
		require.LessOrEqual(t, magnitude(l.before(mapped).Sub(i)), time.Nanosecond, "%+v at %d", l, i)
		require.LessOrEqual(t, mapped, (i + 1).Add(l.at(i+1)), "a line is monotone")
	}
}

func TestSame(t *testing.T) {
	c := Same(-3 * time.Second)
	c.Add(Exchange{0, 1010, 1020, 30})
	assert.True(t, c.Ready())
	assert.Equal(t, clock.Instant(2*time.Second), c.Map(clock.Instant(5*time.Second)))
	assert.Equal(t, clock.Instant(5*time.Second), c.Unmap(clock.Instant(2*time.Second)))
	assert.Equal(t, result.ShardClock{Same: true, OffsetNS: -3e9}, c.Figures(0))
}

func TestNothingIsKnownWithoutExchanges(t *testing.T) {
	c := New()
	assert.False(t, c.Ready())
	assert.Equal(t, clock.Instant(5), c.Map(5))
	assert.Equal(t, clock.Instant(5), c.Unmap(5))
	assert.Equal(t, result.ShardClock{BoundNS: int64(Unknown)}, c.Figures(0))
	assert.Positive(t, 2*Unknown)
}

func TestWhatCannotBeIsLeftOut(t *testing.T) {
	c := New()
	for _, e := range []Exchange{
		{0, 1000, 1031, 30},                         // a delay of less than nothing
		{30, 1000, 1001, 0},                         // the asker's clock runs backwards
		{0, 1001, 1000, 30},                         // the other's does
		{0, math.MaxInt64, math.MaxInt64, 30},       // no instant
		{math.MinInt64, 0, 0, math.MaxInt64},        // no instant
		{0, math.MinInt64, math.MaxInt64, farthest}, // no instant
	} {
		c.Add(e)
	}
	assert.Equal(t, uint64(6), c.Rejected())
	assert.Zero(t, c.Figures(0).Exchanges)
	assert.Equal(t, clock.Instant(5), c.Map(5))
}

func TestReady(t *testing.T) {
	real := drifting(time.Millisecond, 0)
	c := New()
	for n := range 9 {
		c.Add(real.exchange(clock.Instant(n)*clock.Instant(time.Second)/perSecond, time.Millisecond, time.Millisecond))
		assert.Equal(t, n == 8, c.Ready(), "after %d: eight exchanges that span less than a second are too few", n+1)
	}
}

// exchanges makes those of some seconds, over a path of 5 ± 2 ms each way.
func exchanges(real truth, seconds int) (all []Exchange) {
	r := rand.New(rand.NewPCG(2, 2))
	for n := range seconds * perSecond {
		there, back := even(r, 0)
		all = append(all, real.exchange(clock.Instant(n)*clock.Instant(time.Second)/perSecond, there, back))
	}
	return all
}

func TestTheOrderOfExchangesDoesNotMatterToTheFinalLine(t *testing.T) {
	all := exchanges(drifting(20*time.Millisecond, 50), 30)
	straight, crossed := New(), New()
	for _, e := range all {
		straight.Add(e)
	}
	for i := 0; i < len(all); i += 20 { // late by more than two seconds
		for j := min(i+20, len(all)) - 1; j >= i; j-- {
			crossed.Add(all[j])
		}
	}
	want, got := straight.Figures(0), crossed.Figures(0)
	assert.Equal(t, want.OffsetNS, got.OffsetNS)
	assert.InDelta(t, want.DriftPPM, got.DriftPPM, 0)
	assert.Equal(t, want.HalfRoundTripNS, got.HalfRoundTripNS)
	assert.InDelta(t, 50, want.DriftPPM, 25)
}

func TestDriftIsToldOnlyWhereItStandsOutOfTheNoise(t *testing.T) {
	short, long := New(), New()
	for i, e := range exchanges(drifting(0, 30), 60) {
		if i < 5*perSecond {
			short.Add(e)
		}
		long.Add(e)
	}
	assert.Zero(t, short.Figures(0).DriftPPM)
	assert.InDelta(t, 30, long.Figures(0).DriftPPM, 15)
}

func TestAStepBeforeTheLoadIsForgotten(t *testing.T) {
	step := clock.Instant(5 * time.Second)
	real := truth(func(i clock.Instant) time.Duration {
		if i > step {
			return time.Hour
		}
		return 0
	})
	c := New()
	for _, e := range exchanges(real, 60) {
		c.Add(e)
	}
	figures := c.Figures(clock.Instant(10 * time.Second))
	assert.InDelta(t, time.Hour, figures.OffsetNS, float64(figures.BoundNS))
	assert.Less(t, figures.BoundNS, int64(6*time.Millisecond))
}

func TestMapStepsBackByLessThanTheBound(t *testing.T) {
	c := New()
	var worst time.Duration
	for _, e := range exchanges(drifting(0, -100), 60) {
		was := c.Map(e.T3)
		c.Add(e)
		if c.Ready() {
			worst = max(worst, was.Sub(c.Map(e.T3)))
		}
	}
	assert.Positive(t, worst)
	assert.Less(t, int64(worst), c.Figures(clock.Instant(time.Second)).BoundNS)
}

func TestMapWhileAdding(t *testing.T) {
	c := New()
	real := drifting(time.Second, 10)
	all := exchanges(real, 60)
	c.Add(all[0])
	var readers sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		readers.Go(func() {
			for i := clock.Instant(0); ; i += 1000 {
				select {
				case <-done:
					return
				default:
				}
				if off := magnitude(c.Map(i).Sub(real.other(i))); off > 20*time.Millisecond {
					t.Errorf("mapped %d off by %v", i, off)
					return
				}
				c.Ready()
			}
		})
	}
	for _, e := range all {
		c.Add(e)
	}
	c.Figures(0)
	close(done)
	readers.Wait()
	assert.Zero(t, testing.AllocsPerRun(100, func() { c.Map(5) }))
}

// FuzzAdd feeds what a foreign client might send in a shard's name.
func FuzzAdd(f *testing.F) {
	f.Add(int64(0), int64(1010), int64(1020), int64(30), int64(2e9), int64(math.MaxInt64), int64(math.MaxInt64), int64(3e9))
	f.Add(int64(0), int64(-farthest), int64(farthest), int64(farthest), int64(farthest), int64(-farthest), int64(-farthest), int64(farthest))
	f.Fuzz(func(t *testing.T, a, b, c, d, e, g, h, i int64) {
		clocks := New()
		for _, x := range []Exchange{
			{clock.Instant(a), clock.Instant(b), clock.Instant(c), clock.Instant(d)},
			{clock.Instant(e), clock.Instant(g), clock.Instant(h), clock.Instant(i)},
			{clock.Instant(a), clock.Instant(g), clock.Instant(h), clock.Instant(d)},
			{clock.Instant(e), clock.Instant(b), clock.Instant(c), clock.Instant(i)},
		} {
			clocks.Add(x)
		}
		figures := clocks.Figures(0)
		assert.GreaterOrEqual(t, figures.BoundNS, figures.MinimumDelayNS/2)
		clocks.Unmap(clocks.Map(0))
	})
}

func BenchmarkMap(b *testing.B) {
	c := New()
	for _, e := range exchanges(drifting(time.Second, 10), 60) {
		c.Add(e)
	}
	b.Run("goroutines=1", func(b *testing.B) {
		b.ReportAllocs()
		var i clock.Instant
		for b.Loop() {
			i = c.Map(i)
		}
	})
	b.Run("goroutines=many", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			var i clock.Instant
			for pb.Next() {
				i = c.Map(i)
			}
		})
	})
}

func BenchmarkRefresh(b *testing.B) {
	c := New()
	for _, e := range exchanges(drifting(time.Second, 10), 3600) {
		c.Add(e)
	}
	b.ReportAllocs()
	for b.Loop() {
		c.refresh()
	}
}

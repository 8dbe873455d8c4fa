package offset

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/clock"
)

// A simulation is two clocks and the path between them, and a run as package load makes one: exchanges for 3 s before, 60 s
// during and 1 s after the load.
const (
	perSecond = 8
	before    = 3 * time.Second
	during    = 60 * time.Second
	after     = time.Second
)

// path is how long a message takes there and back at a time since the exchanges began.
type path func(r *rand.Rand, at time.Duration) (there, back time.Duration)

// milliseconds draws evenly from the range.
func milliseconds(r *rand.Rand, from, to float64) time.Duration {
	return time.Duration((from + r.Float64()*(to-from)) * float64(time.Millisecond))
}

func even(r *rand.Rand, _ time.Duration) (time.Duration, time.Duration) {
	return milliseconds(r, 3, 7), milliseconds(r, 3, 7)
}

// truth is how far the other clock really is ahead at an instant of the asker's.
type truth func(clock.Instant) time.Duration

func (t truth) other(i clock.Instant) clock.Instant { return i.Add(t(i)) }

// exchange is one that the asker begins at t0.
func (t truth) exchange(t0 clock.Instant, there, back time.Duration) Exchange {
	const hold = 50 * time.Microsecond
	t1, t3 := t0.Add(there), t0.Add(there+hold+back)
	return Exchange{t0, t.other(t1), t.other(t1.Add(hold)), t3}
}

// drifting is an offset that grows steadily.
func drifting(offset time.Duration, ppm float64) truth {
	return func(i clock.Instant) time.Duration { return offset + time.Duration(float64(i)*ppm*1e-6) }
}

// outcome is what one simulation came to.
type outcome struct {
	bound time.Duration
	// applied is the most that Map was off during the load, final what the figures are off at most, at any second of it.
	applied, final time.Duration
	errors         []time.Duration // of Map, at each message
}

// simulate runs one, beginning at the asker's instant begin.
func simulate(t *testing.T, r *rand.Rand, begin clock.Instant, real truth, p path) outcome {
	t.Helper()
	c := New()
	load := begin.Add(before)
	var o outcome
	for n := range int((before + during + after).Seconds() * perSecond) {
		since := time.Duration(n) * time.Second / perSecond
		now := begin.Add(since)
		if now >= load && now < load.Add(during) {
			// A message leaves this process and comes to the other: its true transit is known.
			sent := now.Add(milliseconds(r, 0, 100))
			transit := milliseconds(r, 3, 7)
			received := real.other(sent.Add(transit))
			o.errors = append(o.errors, magnitude(received.Sub(c.Map(sent))-transit))
		}
		there, back := p(r, since)
		if r.IntN(20) > 0 { // some are lost
			c.Add(real.exchange(now.Add(milliseconds(r, 0, 10)), there, back))
		}
		if since == before {
			require.True(t, c.Ready())
		}
	}
	figures := c.Figures(load)
	o.bound = time.Duration(figures.BoundNS)
	o.applied = slices.Max(o.errors)
	for second := range int(during.Seconds()) {
		since := time.Duration(second) * time.Second
		said := time.Duration(figures.OffsetNS) + time.Duration(float64(since)*figures.DriftPPM*1e-6)
		o.final = max(o.final, magnitude(said-real(load.Add(since))))
	}
	assert.False(t, figures.Same)
	assert.GreaterOrEqual(t, figures.BoundNS, figures.MinimumDelayNS/2)
	assert.GreaterOrEqual(t, figures.HalfRoundTripNS, figures.MinimumDelayNS/2)
	return o
}

func TestTheTruthLiesWithinTheBound(t *testing.T) {
	cases := []struct {
		name string
		path path
	}{
		{"5 ± 2 ms each way", even},
		{"one way always slower", func(r *rand.Rand, _ time.Duration) (time.Duration, time.Duration) {
			return milliseconds(r, 1, 3), milliseconds(r, 9, 13)
		}},
		{"one way takes nearly nothing", func(r *rand.Rand, _ time.Duration) (time.Duration, time.Duration) {
			return milliseconds(r, 0.001, 0.01), milliseconds(r, 4, 8)
		}},
		{"queues in one direction, in bursts", func(r *rand.Rand, at time.Duration) (time.Duration, time.Duration) {
			there, back := even(r, at)
			if int(at.Seconds())%10 >= 6 {
				there += milliseconds(r, 5, 80)
			}
			return there, back
		}},
		{"a heavy tail both ways", func(r *rand.Rand, _ time.Duration) (time.Duration, time.Duration) {
			tail := func() time.Duration { return time.Duration((0.2 + r.ExpFloat64()*3) * float64(time.Millisecond)) }
			return tail(), tail()
		}},
		{"a local network", func(r *rand.Rand, _ time.Duration) (time.Duration, time.Duration) {
			tail := func() time.Duration { return time.Duration((0.08 + r.ExpFloat64()*0.05) * float64(time.Millisecond)) }
			return tail(), tail()
		}},
		{"a detour from the middle on", func(r *rand.Rand, at time.Duration) (time.Duration, time.Duration) {
			there, back := even(r, at)
			if at > 30*time.Second {
				there += 30 * time.Millisecond
			}
			return there, back
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			const seeds = 100
			var within int
			var bounds, typical, applied []time.Duration
			for seed := range uint64(seeds) {
				r := rand.New(rand.NewPCG(seed, 9))
				real := drifting(milliseconds(r, -30, 30), -100+200*r.Float64())
				o := simulate(t, r, clock.Instant(r.Int64N(int64(time.Hour))), real, c.path)
				if max(o.applied, o.final) <= o.bound {
					within++
				}
				bounds, applied = append(bounds, o.bound), append(applied, o.applied)
				typical = append(typical, median(o.errors))
			}
			t.Logf("%d of %d within the bound; median error %v, median of the largest error %v, median bound %v",
				within, seeds, median(typical), median(applied), median(bounds))
			assert.GreaterOrEqual(t, within, 95)
		})
	}
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

func TestAClockThatIsNotALine(t *testing.T) {
	middle := clock.Instant(before + during/2)
	cases := []struct {
		name string
		real truth
	}{
		{"steps", func(i clock.Instant) time.Duration {
			if i > middle {
				return 50 * time.Millisecond
			}
			return 0
		}},
		{"steps a little", func(i clock.Instant) time.Duration {
			if i > middle {
				return 2 * time.Millisecond
			}
			return 0
		}},
		{"sleeps for a minute", func(i clock.Instant) time.Duration {
			if i > middle {
				return time.Minute
			}
			return 0
		}},
		{"steps in the last seconds", func(i clock.Instant) time.Duration {
			if i > clock.Instant(before+during-2*time.Second) {
				return -20 * time.Millisecond
			}
			return 0
		}},
		{"turns", func(i clock.Instant) time.Duration {
			return time.Duration(200e-6 * float64(magnitude(i.Sub(middle))))
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for seed := range uint64(20) {
				o := simulate(t, rand.New(rand.NewPCG(seed, 9)), 0, c.real, even)
				assert.LessOrEqual(t, o.applied, o.bound, fmt.Sprintf("seed %d", seed))
				assert.LessOrEqual(t, o.final, o.bound, fmt.Sprintf("seed %d", seed))
				if seed == 0 {
					t.Logf("largest error %v, bound %v, at the last message %v", o.applied, o.bound, o.errors[len(o.errors)-1])
				}
			}
		})
	}
}

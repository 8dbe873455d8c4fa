package load

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/scenarios"
)

func seconds(n float64) scenarios.Duration { return scenarios.Duration(n * float64(time.Second)) }

func stage(from, to, lasts float64) scenarios.Stage {
	return scenarios.Stage{Rate: perSecond(from), To: perSecond(to), For: seconds(lasts)}
}

// instants are all messages of a schedule that are due before end.
func instants(s *schedule, end time.Duration) (all []time.Duration) {
	for s.peek() < end {
		all = append(all, s.peek())
		s.advance()
	}
	return all
}

func TestCurveIsTheInverseOfTheIntegral(t *testing.T) {
	cases := []struct {
		name   string
		stages []scenarios.Stage
		n      float64
		want   time.Duration
	}{
		{"hold", []scenarios.Stage{stage(100, 100, 5)}, 250, 2500 * time.Millisecond},
		{"a quarter of a ramp is half of its time", []scenarios.Stage{stage(0, 100, 10)}, 125, 5 * time.Second},
		{"ramp up from a rate", []scenarios.Stage{stage(100, 1000, 10)}, 1625, 5 * time.Second},
		{"ramp down", []scenarios.Stage{stage(100, 0, 10)}, 375, 5 * time.Second},
		{"the second stage", []scenarios.Stage{stage(100, 100, 5), stage(10, 10, 10)}, 510, 6 * time.Second},
		{"where the stages meet", []scenarios.Stage{stage(100, 100, 5), stage(10, 10, 10)}, 500, 5 * time.Second},
		{"the end of a silence", []scenarios.Stage{stage(100, 100, 5), stage(0, 0, 3), stage(1, 1, 1)}, 500, 8 * time.Second},
		{"a third", []scenarios.Stage{stage(3, 3, 5)}, 1, 333333333},
		{"a slow ramp", []scenarios.Stage{stage(1000, 1000.000001, 1000)}, 999_000, 999 * time.Second},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			curve := newStagedCurve(c.stages, 0)
			assert.InDelta(t, c.want, curve.at(c.n), float64(time.Microsecond))
			assert.InDelta(t, c.n, curve.count(c.want), 1e-3)
		})
	}
	ramp := newStagedCurve([]scenarios.Stage{stage(0, 100, 10)}, 0)
	assert.Equal(t, 5*time.Second, ramp.at(125), "to the nanosecond")
	assert.Equal(t, never, ramp.at(500), "500 have become due by the end, counted from 0, and no other will")
}

func TestStagesSendWhatTheyHave(t *testing.T) {
	sender := scenarios.Sender{Stages: []scenarios.Stage{stage(100, 100, 5), stage(100, 1000, 10), stage(1000, 1000, 5), stage(0, 0, 2), stage(10, 10, 1)}}
	for _, jitter := range []bool{false, true} {
		sender.StartJitter = jitter
		s := newSchedule(sender, place{}, 2*time.Second, 1)
		for i, want := range []uint64{200, 500, 5500, 5000, 0, 10} {
			ends := []time.Duration{2, 7, 17, 22, 24, 25}[i] * time.Second
			assert.Equal(t, want, s.skipTo(ends), "stage %d, jitter %v", i, jitter)
		}
		assert.Equal(t, never, s.peek(), "and nothing after the last")
	}
}

func TestRampsSpaceMessagesByTheirRate(t *testing.T) {
	s := newSchedule(scenarios.Sender{Stages: []scenarios.Stage{stage(0, 1000, 10)}}, place{}, 0, 1)
	all := instants(s, never)
	require.Len(t, all, 5000)
	for k, at := range all {
		exact := 10 * math.Sqrt(float64(k)/5000) // the inverse of 1000 t²/20
		require.InDelta(t, exact*1e9, float64(at), 1, "message %d", k)
	}
}

func TestStagedPoissonHasTheRateOfEachStage(t *testing.T) {
	s := newSchedule(scenarios.Sender{Arrival: scenarios.Poisson, Stages: []scenarios.Stage{stage(1000, 1000, 10), stage(1000, 0, 10), stage(0, 0, 5), stage(100, 100, 10)}}, place{}, 0, 1)
	for i, want := range []float64{10_000, 3750, 1250, 0, 1000} {
		end := []time.Duration{10, 15, 20, 25, 35}[i] * time.Second
		assert.InDelta(t, want, s.skipTo(end), 5*math.Sqrt(want), "five standard deviations, part %d", i)
	}
	assert.Equal(t, never, s.peek())
}

func TestInterval(t *testing.T) {
	sender := scenarios.Sender{Count: 10, Interval: seconds(30), Rate: scenarios.Rate{Messages: 1, Per: 30 * time.Second}, StartJitter: true}
	for i := range sender.Count {
		first := newSchedule(sender, place{i, uint32(100 + i)}, 0, 1)
		at := first.peek()
		assert.GreaterOrEqual(t, at, time.Duration(i)*3*time.Second, "its own share of the interval")
		assert.Less(t, at, time.Duration(i+1)*3*time.Second)
		first.advance()
		assert.Equal(t, at+30*time.Second, first.peek())
	}
	sender.StartJitter = false
	assert.Equal(t, []time.Duration{0, 30 * time.Second, time.Minute}, instants(newSchedule(sender, place{3, 3}, 0, 1), 61*time.Second))
}

func TestLowRatesAreExact(t *testing.T) {
	for name, c := range map[string]struct {
		rate scenarios.Rate
		want time.Duration
	}{
		"one a minute":     {scenarios.Rate{Messages: 1, Per: time.Minute}, time.Minute},
		"one in ten":       {perSecond(0.1), 10 * time.Second},
		"half a minute's":  {scenarios.Rate{Messages: 0.5, Per: time.Minute}, 2 * time.Minute},
		"one in a month":   {scenarios.Rate{Messages: 1, Per: 720 * time.Hour}, 720 * time.Hour},
		"a million's part": {scenarios.Rate{Messages: 1e-7, Per: time.Minute}, 1e7 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSchedule(scenarios.Sender{Rate: c.rate}, place{}, 0, 1)
			s.advance()
			assert.Equal(t, c.want, s.peek())
			s.advance()
			assert.Equal(t, 2*c.want, s.peek())
		})
	}
}

func TestJitterKeepsTheOrderAndTheMean(t *testing.T) {
	sender := scenarios.Sender{Rate: perSecond(10), Jitter: seconds(0.1)}
	all := instants(newSchedule(sender, place{}, 0, 1), 100*time.Second)
	require.Len(t, all, 1000)
	var late time.Duration
	for k, at := range all {
		turn := time.Duration(k) * 100 * time.Millisecond
		require.GreaterOrEqual(t, at, turn)
		require.Less(t, at, turn+100*time.Millisecond)
		late += at - turn
	}
	assert.InDelta(t, 50*time.Millisecond, late/1000, float64(5*time.Millisecond))
	assert.Equal(t, all, instants(newSchedule(sender, place{}, 0, 1), 100*time.Second), "the seed decides")
}

func TestBurstsAreDueTogether(t *testing.T) {
	sender := scenarios.Sender{Burst: &scenarios.Burst{Every: seconds(5), Messages: 3}}
	s := newSchedule(sender, place{}, 0, 1)
	assert.Equal(t, []time.Duration{0, 0, 0, 5e9, 5e9, 5e9, 10e9, 10e9, 10e9}, instants(s, 15*time.Second))
	s = newSchedule(sender, place{}, 7*time.Second, 1)
	assert.Equal(t, []time.Duration{2e9, 2e9, 2e9, 7e9, 7e9, 7e9}, instants(s, 10*time.Second), "one begins with the measured phase")
	sender.StartJitter = true
	s = newSchedule(sender, place{}, 0, 1)
	first := s.peek()
	assert.Less(t, first, 5*time.Second)
	assert.Equal(t, []time.Duration{first, first, first, first + 5e9}, instants(s, 20*time.Second)[:4])
}

func TestStartAndStop(t *testing.T) {
	sender := scenarios.Sender{Rate: perSecond(10), Start: seconds(5), Stop: seconds(7)}
	all := instants(newSchedule(sender, place{}, time.Second, 1), time.Minute)
	require.Len(t, all, 20)
	assert.Equal(t, 6*time.Second, all[0], "after a warm-up of one second")
	assert.Equal(t, 7900*time.Millisecond, all[19])

	sender = scenarios.Sender{Stages: []scenarios.Stage{stage(10, 10, 2)}, Start: seconds(5)}
	all = instants(newSchedule(sender, place{}, time.Second, 1), time.Minute)
	require.Len(t, all, 20)
	assert.Equal(t, 6*time.Second, all[0])
}

// TestSkippingCountsAsWalkingDoes holds the short way that each course has against the long one.
func TestSkippingCountsAsWalkingDoes(t *testing.T) {
	senders := map[string]scenarios.Sender{
		"stages":         {Stages: []scenarios.Stage{stage(0, 33.3, 7), stage(100, 7, 3.3), stage(0, 0, 2), stage(0, 5, 4)}},
		"stages poisson": {Arrival: scenarios.Poisson, Stages: []scenarios.Stage{stage(0, 33.3, 7), stage(100, 7, 3.3), stage(0, 0, 2), stage(0, 5, 4)}},
		"burst":          {Burst: &scenarios.Burst{Every: seconds(0.7), Messages: 13}},
		"interval":       {Count: 3, Interval: seconds(0.3), Rate: scenarios.Rate{Messages: 1, Per: 300 * time.Millisecond}},
		"jitter":         {Rate: perSecond(33.3), Jitter: seconds(0.02)},
		"slow":           {Rate: perSecond(0.3)},
		"started late":   {Rate: perSecond(33.3), Start: seconds(3), Stop: seconds(5)},
	}
	for name, sender := range senders {
		for _, jitter := range []bool{false, true} {
			sender.StartJitter = jitter
			for _, end := range []time.Duration{-1, 0, 1, time.Second, 7 * time.Second, 7*time.Second + 1, 9_777_777_777, 12 * time.Second, time.Minute} {
				walked, skipped := newSchedule(sender, place{2, 5}, 500*time.Millisecond, 9), newSchedule(sender, place{2, 5}, 500*time.Millisecond, 9)
				skipped.skipTo(end / 3)
				instants(walked, end/3)
				want := uint64(len(instants(walked, end)))
				require.Equal(t, want, skipped.skipTo(end), "%s jitter=%v end=%v", name, jitter, end)
				require.Equal(t, walked.peek(), skipped.peek(), "%s jitter=%v end=%v", name, jitter, end)
			}
		}
	}
}

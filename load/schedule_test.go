package load

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/scenarios"
)

func perSecond(n float64) scenarios.Rate { return scenarios.Rate{Messages: n, Per: time.Second} }

func TestScheduleUniform(t *testing.T) {
	s := newSchedule(scenarios.Sender{Rate: perSecond(3)}, place{}, 0, 1)
	for _, want := range []time.Duration{0, 333333333, 666666666, 1000000000, 1333333333} {
		assert.Equal(t, want, s.peek())
		s.advance()
	}
}

func TestScheduleDoesNotDrift(t *testing.T) {
	s := newSchedule(scenarios.Sender{Rate: perSecond(7)}, place{}, 0, 1)
	s.course.(*uniform).k = 7 * 86400 * 30
	assert.Equal(t, 30*24*time.Hour, s.peek(), "after a month")
}

func TestScheduleCountsAreExact(t *testing.T) {
	rates := []scenarios.Rate{perSecond(1000), perSecond(0.5), perSecond(33.3), {Messages: 7, Per: time.Minute}}
	for _, rate := range rates {
		for _, arrival := range []scenarios.Arrival{scenarios.Uniform, scenarios.Poisson} {
			for _, jitter := range []bool{false, true} {
				sender := scenarios.Sender{Rate: rate, Arrival: arrival, StartJitter: jitter}
				for _, end := range []time.Duration{0, 1, time.Second, 7*time.Second + 1, time.Minute} {
					walked, skipped := newSchedule(sender, place{0, 5}, 0, 9), newSchedule(sender, place{0, 5}, 0, 9)
					var want uint64
					for walked.peek() < end {
						walked.advance()
						want++
					}
					require.Equal(t, want, skipped.skipTo(end), "%v %v jitter=%v end=%v", rate, arrival, jitter, end)
					require.Equal(t, walked.peek(), skipped.peek())
				}
			}
		}
	}
}

func TestScheduleJitterStaysWithinOneInterval(t *testing.T) {
	sender := scenarios.Sender{Rate: perSecond(10), StartJitter: true}
	distinct := make(map[time.Duration]bool)
	for i := range uint32(1000) {
		first := newSchedule(sender, place{0, i}, 0, 1).peek()
		require.GreaterOrEqual(t, first, time.Duration(0))
		require.Less(t, first, 100*time.Millisecond)
		distinct[first] = true
	}
	assert.Greater(t, len(distinct), 990, "senders must not beat together")
}

func TestScheduleIsAFunctionOfTheSeed(t *testing.T) {
	sender := scenarios.Sender{Rate: perSecond(10), Arrival: scenarios.Poisson}
	take := func(index uint32, seed uint64) (at []time.Duration) {
		s := newSchedule(sender, place{0, index}, 0, seed)
		for range 100 {
			at = append(at, s.peek())
			s.advance()
		}
		return at
	}
	assert.Equal(t, take(1, 2), take(1, 2))
	assert.NotEqual(t, take(1, 2), take(1, 3))
	assert.NotEqual(t, take(1, 2), take(2, 2))
}

func TestSchedulePoissonHasTheRate(t *testing.T) {
	s := newSchedule(scenarios.Sender{Rate: perSecond(1000), Arrival: scenarios.Poisson}, place{}, 0, 1)
	n := s.skipTo(100 * time.Second)
	assert.InDelta(t, 100_000, n, 5*316, "five standard deviations")
}

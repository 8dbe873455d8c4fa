package load

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/scenarios"
)

func TestBalancedOrder(t *testing.T) {
	for arms := 1; arms <= 6; arms++ {
		order := balancedOrder(arms, rand.New(rand.NewPCG(1, uint64(arms))))
		require.Len(t, order, arms*arms)
		after := make(map[[2]int]int)
		for i, arm := range order {
			after[[2]int{arm, order[(i+1)%len(order)]}]++
		}
		assert.Len(t, after, arms*arms, "each arm after each arm, once")
	}
}

func TestTimelineOfOneArmIsPlain(t *testing.T) {
	line := newTimeline(2*time.Second, 10*time.Second, 0, 1, 1)
	for _, offset := range []time.Duration{0, time.Second, 2 * time.Second, 5 * time.Second, 12*time.Second - 1} {
		assert.Equal(t, offset, line.real(offset))
		assert.Equal(t, offset, line.own(offset))
		_, counts := line.counted(offset)
		assert.Equal(t, offset >= 2*time.Second, counts)
	}
	assert.Equal(t, 12*time.Second, line.end())
}

func TestTimelineOfSeveralArms(t *testing.T) {
	line := newTimeline(time.Second, 12*time.Second, 500*time.Millisecond, 3, 1)
	require.Len(t, line.slices, 18, "whole cycles of nine")
	var last time.Duration
	for offset := time.Duration(0); offset < line.end(); offset += 7 * time.Millisecond {
		real := line.real(offset)
		require.GreaterOrEqual(t, real, last, "time does not run backwards")
		require.Equal(t, offset, line.own(real))
		last = real
	}
	first := line.slices[0]
	assert.Equal(t, first.begin+line.gap, line.real(first.begin))
	assert.Equal(t, first.begin, line.own(first.begin+line.gap/2), "nothing is due in a gap")
	arm, counts := line.counted(first.begin)
	assert.Equal(t, first.arm, arm)
	assert.False(t, counts, "a slice begins by settling")
	_, counts = line.counted(first.begin + line.settle)
	assert.True(t, counts)
}

func TestTimelineCountsEachArm(t *testing.T) {
	line := newTimeline(time.Second, 9*time.Second, 300*time.Millisecond, 3, 1)
	sender := scenarios.Sender{Rate: perSecond(777), Arrival: scenarios.Poisson}
	want := make([]uint64, 3)
	for s := newSchedule(sender, place{0, 0}, 0, 1); s.peek() < line.end(); s.advance() {
		if arm, counts := line.counted(s.peek()); counts && s.peek() >= time.Second {
			want[arm]++
		}
	}
	for arm := range want {
		assert.Equal(t, want[arm], line.scheduled(newSchedule(sender, place{0, 0}, 0, 1), arm, line.end()))
	}
}

func TestSlicesOfBurstsAreAlike(t *testing.T) {
	const every, length = 200 * time.Millisecond, 600 * time.Millisecond
	line := newTimeline(700*time.Millisecond, 9*time.Second, length, 2, 1)
	for _, jitter := range []bool{false, true} {
		for client := range uint32(10) {
			sender := scenarios.Sender{Burst: &scenarios.Burst{Every: scenarios.Duration(every), Messages: 5}, StartJitter: jitter}
			p := newSchedule(sender, place{index: client}, 700*time.Millisecond, 1)
			alike := make(map[uint64]int)
			for _, s := range line.slices {
				p.skipTo(s.begin + line.settle)
				alike[p.skipTo(s.end)]++
			}
			assert.Len(t, alike, 1, "each slice has the same")
			assert.Zero(t, alike[0])
		}
	}
}

package load

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// slicesAround draws per-slice costs around a mean, with a slow drift and now and then a disturbed slice, as a shared machine has.
func slicesAround(mean float64, n int, random *rand.Rand) weighted {
	values := make([]float64, n)
	for i := range values {
		values[i] = mean * (1 + 0.02*random.NormFloat64() + 0.02*float64(i)/float64(n))
		if random.IntN(20) == 0 {
			values[i] *= 1.1
		}
	}
	return equally(values...)
}

// equally gives every value the same weight.
func equally(values ...float64) (w weighted) {
	for _, v := range values {
		w.values, w.weights = append(w.values, v), append(w.weights, 1000)
	}
	return w
}

func TestDifferenceKnowsNoiseFromCost(t *testing.T) {
	t.Parallel()
	const trials, slices = 400, 20
	var falseAlarms, found, covered int
	for seed := range uint64(trials) {
		random := rand.New(rand.NewPCG(seed, 1))
		base, same, dearer := slicesAround(45_000, slices, random), slicesAround(45_000, slices, random), slicesAround(47_000, slices, random)
		d, ok := difference(base, same, seed)
		require.True(t, ok)
		if d.Detected {
			falseAlarms++
		}
		d, ok = difference(base, dearer, seed)
		require.True(t, ok)
		if d.Detected {
			found++
		}
		if d.Low <= 2030 && 2030 <= d.High { // the drift and the disturbed slices are shares of the mean
			covered++
		}
	}
	t.Logf("of %d: false alarms %d, 2 µs of 45 µs found %d, true difference inside the interval %d", trials, falseAlarms, found, covered)
	assert.LessOrEqual(t, falseAlarms, trials/50, "at most one in fifty")
	assert.GreaterOrEqual(t, found, trials*9/10)
	assert.GreaterOrEqual(t, covered, trials*93/100)
}

func TestDifferenceNeedsSlices(t *testing.T) {
	_, ok := difference(equally(1, 2), equally(1, 2, 3), 1)
	assert.False(t, ok)
	d, ok := difference(equally(5, 5, 5), equally(7, 7, 7), 1)
	require.True(t, ok)
	assert.Equal(t, 2.0, d.Diff)
	assert.Equal(t, 2.0, d.Low)
	assert.Equal(t, 2.0, d.High)
	assert.True(t, d.Detected, "nothing varies: bytes on the wire are like that")
}

func TestDifferenceGivesStarvedSlicesLittleWeight(t *testing.T) {
	base, arm := equally(5, 5, 5, 5, 5, 5), equally(7, 7, 7, 7, 7, 7)
	arm.values, arm.weights = append(arm.values, 5000), append(arm.weights, 0.1)
	d, ok := difference(base, arm, 1)
	require.True(t, ok)
	assert.InDelta(t, 2, d.Diff, 0.2)
	assert.True(t, d.Detected)
}

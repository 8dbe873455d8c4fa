package stats

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestMedian(t *testing.T) {
	for name, tc := range map[string]struct {
		values []float64
		want   float64
	}{
		"one":           {[]float64{7}, 7},
		"two":           {[]float64{1, 2}, 1.5},
		"three":         {[]float64{9, 1, 2}, 2},
		"four":          {[]float64{4, 1, 100, 2}, 3},
		"an outlier":    {[]float64{1, 1, 1, 1e9, 2}, 1},
		"all the same":  {[]float64{5, 5, 5}, 5},
		"negative ones": {[]float64{-3, -1}, -2},
	} {
		t.Run(name, func(t *testing.T) { assert.InDelta(t, tc.want, Median(tc.values), 1e-12) })
	}
	assert.True(t, math.IsNaN(Median(nil)))
	values := []float64{3, 1, 2}
	Median(values)
	assert.Equal(t, []float64{3, 1, 2}, values, "left in their order")
}

func TestCompare(t *testing.T) {
	base := []float64{10, 11, 12, 13, 14}
	above := []float64{20, 21, 22, 23, 24}
	d := Compare(base, above)
	assert.Equal(t, Difference{Base: 12, New: 22, RunsBase: 5, RunsNew: 5, Shift: 10, Low: 7, High: 13, P: 2.0 / 252, Delta: 1}, rounded(d))
	d = Compare(above, base)
	assert.Equal(t, Difference{Base: 22, New: 12, RunsBase: 5, RunsNew: 5, Shift: -10, Low: -13, High: -7, P: 2.0 / 252, Delta: -1}, rounded(d))

	d = Compare(base, base)
	assert.Equal(t, 1.0, d.P)
	assert.Zero(t, d.Delta)
	assert.Zero(t, d.Shift)

	d = Compare([]float64{0, 0, 0}, []float64{0, 0})
	assert.True(t, d.Constant)
	assert.Equal(t, 1.0, d.P)

	d = Compare([]float64{1}, []float64{2})
	assert.Equal(t, 1.0, d.P)
	assert.Equal(t, 1.0, d.Shift)
	assert.True(t, math.IsInf(d.Low, -1) && math.IsInf(d.High, 1), "one run a side says nothing")
	d = Compare([]float64{1, 2, 3}, []float64{11, 12, 13})
	assert.True(t, math.IsInf(d.High, 1), "no test of three a side is significant at 5 %%")
}

// rounded takes off what adding up fractions leaves.
func rounded(d Difference) Difference {
	if d.P < 0.01 {
		d.P = math.Round(d.P*252) / 252
	}
	return d
}

// The p-value is that of all ways to deal the values out, ties included.
func TestCompareAgreesWithEveryPermutation(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 200 {
		n1, n2, values := 1+random.IntN(5), 1+random.IntN(5), 2+i%30
		all := make([]float64, n1+n2)
		for i := range all {
			all[i] = float64(random.IntN(values))
		}
		assert.InDelta(t, permutationP(all, n1), Compare(all[:n1], all[n1:]).P, 1e-9, "%v | %v", all[:n1], all[n1:])
	}
	low, high := []float64{155, 155, 155, 155}, []float64{226, 226, 226, 226, 226}
	assert.InDelta(t, 2.0/126, Compare(low, high).P, 1e-12, "ties on both sides")
	assert.InDelta(t, 2.0/126, Compare(high, low).P, 1e-12)
}

// permutationP is twice the share of deals that are as far out as the actual one, on the side where that is less.
func permutationP(all []float64, n1 int) float64 {
	u := func(isFirst []bool) (u float64) {
		for i, x := range all {
			for j, y := range all {
				switch {
				case !isFirst[i] || isFirst[j]:
				case x > y:
					u++
				case x == y:
					u += 0.5
				}
			}
		}
		return u
	}
	actual := make([]bool, len(all))
	for i := range n1 {
		actual[i] = true
	}
	at := u(actual)
	var ways, atMost, atLeast float64
	everyChoice(make([]bool, len(all)), 0, n1, func(isFirst []bool) {
		ways++
		if u(isFirst) <= at {
			atMost++
		}
		if u(isFirst) >= at {
			atLeast++
		}
	})
	return min(1, 2*min(atMost, atLeast)/ways)
}

// An interval leaves 0 out exactly when the test is significant, and holds the true difference as often as it says.
func TestIntervalOfTheShift(t *testing.T) {
	const truth, trials = 0.5, 2000
	random := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{4, 5, 8, 10} {
		covered := 0
		for range trials {
			base, changed := lognormal(random, n, 0, 0.3), lognormal(random, n, truth, 0.3)
			d := Compare(base, changed)
			assert.Equal(t, d.P <= 1-Confidence, d.Low > 0 || d.High < 0, "%+v", d)
			if d.Low <= truth && truth <= d.High {
				covered++
			}
		}
		share := float64(covered) / trials
		t.Logf("%d runs a side: %.1f %% of the intervals hold the truth", n, 100*share)
		assert.GreaterOrEqual(t, share, Confidence-0.015)
	}
}

// lognormal values have a long tail, as latencies do; shift is added to each.
func lognormal(random *rand.Rand, n int, shift, sigma float64) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = math.Exp(sigma*random.NormFloat64()) + shift
	}
	return values
}

func TestCriticalUOfManyRunsIsClose(t *testing.T) {
	for n := 10; n <= mostExact; n += 5 {
		assert.InDelta(t, criticalU(n, n, 0.05), criticalUOfMany(n, n, 0.05), 1, "%d", n)
		assert.InDelta(t, criticalU(n, 10, 0.05), criticalUOfMany(n, 10, 0.05), 1, "%d", n)
	}
	d := Compare(lognormal(rand.New(rand.NewPCG(1, 1)), 40, 0, 0.1), lognormal(rand.New(rand.NewPCG(2, 2)), 60, 1, 0.1))
	assert.Greater(t, d.Low, 0.9)
	assert.Less(t, d.High, 1.1)
}

func TestHolm(t *testing.T) {
	for name, tc := range map[string]struct{ p, want []float64 }{
		"none":           {nil, []float64{}},
		"one":            {[]float64{0.03}, []float64{0.03}},
		"in their order": {[]float64{0.04, 0.01, 0.03}, []float64{0.06, 0.03, 0.06}},
		"never above 1":  {[]float64{0.9, 0.8}, []float64{1, 1}},
		"ties":           {[]float64{0.01, 0.01}, []float64{0.02, 0.02}},
	} {
		t.Run(name, func(t *testing.T) { assert.InDeltaSlice(t, tc.want, Holm(tc.p), 1e-12) })
	}
}

func TestNoiseFloor(t *testing.T) {
	_, ok := NoiseFloor([]float64{5}, 1, 1)
	assert.False(t, ok, "one run does not tell")
	floor, ok := NoiseFloor([]float64{5, 5, 5, 5}, 4, 4)
	assert.True(t, ok)
	assert.Zero(t, floor)
	one, ok := NoiseFloor([]float64{10, 12}, 1, 1)
	assert.True(t, ok)
	assert.InDelta(t, 2*widened(2), one, 1e-9, "two runs differ by that")
	two, _ := NoiseFloor([]float64{10, 12}, 2, 2)
	assert.InDelta(t, one/math.Sqrt2, two, 1e-9, "two of each side even out")
	assert.Greater(t, one, 5.0, "two runs know little of the noise")
}

// With nothing changed few differences are above the floor, however many runs there are.
func TestNoiseFloorHolds(t *testing.T) {
	const trials = 400
	random := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{5, 10, 16} {
		above := 0
		for range trials {
			base, changed := lognormal(random, n, 0, 0.1), lognormal(random, n, 0, 0.1)
			floor, _ := NoiseFloor(base, n, n)
			if math.Abs(Compare(base, changed).Shift) > floor {
				above++
			}
		}
		t.Logf("%d runs a side: %.1f %% of the differences are above the floor", n, 100*float64(above)/trials)
		assert.Less(t, above, trials/8)
	}
}

func TestFewestRuns(t *testing.T) {
	for alpha, want := range map[float64]int{0.5: 2, 0.1: 3, 0.05: 4, 0.01: 5, 0.001: 7, 0.05 / 40: 7, 0.05 / 200: 8} {
		assert.Equal(t, want, FewestRuns(alpha), "%g", alpha)
	}
}

func TestRunsFor(t *testing.T) {
	quiet, noisy := []float64{100, 101, 99, 100, 102}, []float64{100, 160, 90, 120, 70}
	assert.Equal(t, 4, RunsFor(10, 0.05, quiet, quiet), "what the test takes at least")
	assert.Equal(t, 7, RunsFor(10, 0.001, quiet, quiet))
	assert.Greater(t, RunsFor(10, 0.05, noisy, noisy), 20)
	assert.Equal(t, MostRuns, RunsFor(0.001, 0.05, noisy, noisy))
	assert.Equal(t, 4, RunsFor(0, 0.05, noisy, noisy), "no size, no demand")
	assert.Equal(t, 4, RunsFor(5, 0.05, []float64{1}, []float64{2}), "one run a side has no spread")
	assert.Greater(t, RunsFor(5, 0.05, []float64{100, 120}, []float64{100, 130}), 10)
}

// So many runs as RunsFor advises find a difference of the size that it was asked for, about as often as it promises.
func TestRunsForIsEnough(t *testing.T) {
	const trials, size, alpha = 300, 0.15, 0.01
	random := rand.New(rand.NewPCG(7, 8))
	var advice []float64
	for range trials {
		advice = append(advice, float64(RunsFor(size, alpha, lognormal(random, 8, 0, 0.12), lognormal(random, 8, 0, 0.12))))
	}
	n, found := int(Median(advice)), 0
	for range trials {
		if Compare(lognormal(random, n, 0, 0.12), lognormal(random, n, size, 0.12)).P <= alpha {
			found++
		}
	}
	t.Logf("%d runs advised, which find the difference in %.0f %% of the trials", n, 100*float64(found)/trials)
	assert.Greater(t, float64(found)/trials, Power-0.12)
}

package load

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
	"mqttrace/load/result"
)

// differenceIn finds the difference of a figure between two arms.
func differenceIn(t *testing.T, res *result.Result, base, arm, figure string) result.Difference {
	t.Helper()
	for _, d := range res.Overhead {
		if d.Base == base && d.Arm == arm && d.Figure == figure {
			return d
		}
	}
	require.FailNow(t, "no difference of "+figure+" between "+base+" and "+arm)
	panic("unreachable")
}

// compareThree runs off, off again, and off with a planted cost in turns. What a machine is too busy to tell apart is left out of a
// comparison: a run that has too little left is made again.
func compareThree(t *testing.T, url string, seed uint64, planted time.Duration) (*run, *result.Result) {
	t.Helper()
	const mostAttempts = 5
	for range mostAttempts {
		sc := scenario(t, `
broker: `+url+`
warmup: 100ms
duration: 1350ms
senders: [{name: s, rate: max, topic: bench}]
tracing: {compare: [off, off, off], slice: 50ms}
`)
		sc.Seed = seed
		r := newRun(t.Context(), sc, Options{})
		r.timeline.gap, r.timeline.settle = 25*time.Millisecond, 10*time.Millisecond
		r.plant = func(a *arm) {
			if a.index == 2 {
				a.planted = planted
			}
		}
		res, err := r.execute(t.Context())
		require.NoError(t, err)
		if len(res.Overhead) > 0 && !slices.ContainsFunc(r.arms, func(a *arm) bool { return len(a.slices) < minSlices }) {
			return r, res
		}
	}
	require.FailNow(t, "too busy to compare", "seed %d, %d times", seed, mostAttempts)
	panic("unreachable")
}

// The comparison of two arms that are the same is what tells noise from cost: it must find nothing, run after run. What is really
// there it must find, if not in each run of a second on a busy machine, then in all of them together.
func TestCompareFindsAPlantedCostAndNothingElse(t *testing.T) {
	const seeds, planted = 20, 2 * time.Microsecond
	b := startMosquitto(t, broker.MosquittoConfig{})
	var falseAlarms int
	var all [3][]sliceFigures
	for seed := range uint64(seeds) {
		r, res := compareThree(t, b.URL(), seed, planted)
		for i, a := range r.arms {
			all[i] = append(all[i], a.slices...)
		}
		same := differenceIn(t, res, "off", "off#2", "cpu_ns_per_message")
		t.Logf("seed %d: %+.0f [%.0f, %.0f] of %.0f ns per message", seed, same.Diff, same.Low, same.High, same.BaseMean)
		if same.Detected {
			falseAlarms++
		}
	}
	assert.LessOrEqual(t, falseAlarms, 1, "of %d seeds", seeds)
	cpu := sliceFigureList[0]
	found, ok := difference(valuesOf(all[0], cpu), valuesOf(all[2], cpu), 1)
	require.True(t, ok)
	t.Logf("planted: %+.0f [%.0f, %.0f] of %.0f ns per message", found.Diff, found.Low, found.High, found.BaseMean)
	assert.True(t, found.Detected)
	assert.Positive(t, found.Diff)
	same, ok := difference(valuesOf(all[0], cpu), valuesOf(all[1], cpu), 1)
	require.True(t, ok)
	assert.False(t, same.Detected, "%+.0f [%.0f, %.0f]", same.Diff, same.Low, same.High)
}

package load

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
	"mqttrace/load/result"
)

// differenceIn finds the difference of a figure between two arms.
func differenceIn(t *testing.T, all []result.Difference, base, arm, figure string) result.Difference {
	t.Helper()
	for _, d := range all {
		if d.Base == base && d.Arm == arm && d.Figure == figure {
			return d
		}
	}
	require.FailNow(t, "no difference of "+figure+" between "+base+" and "+arm)
	panic("unreachable")
}

// compareThree runs off, off again, and off with a planted cost in turns, and returns the arms with their slices. Slices that a
// machine was too busy to tell apart are left out of a comparison: it goes on until each arm has enough.
func compareThree(t *testing.T, url string, seed uint64, planted time.Duration) *run {
	t.Helper()
	const mostAttempts = 20
	var all [3][]sliceFigures
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
		_, err := r.execute(t.Context())
		require.NoError(t, err)
		enough := true
		for i, a := range r.arms {
			all[i] = append(all[i], a.slices...)
			a.slices = all[i]
			enough = enough && len(a.slices) >= minSlices
		}
		if enough {
			return r
		}
	}
	require.FailNow(t, "too busy to compare", "seed %d, %d times", seed, mostAttempts)
	panic("unreachable")
}

// The comparison of two arms that are the same is what tells noise from cost: it must find nothing, run after run. What is really
// there it must find, if not in each run of a second on a busy machine, then in all of them together, of which a busier machine takes
// more.
func TestCompareFindsAPlantedCostAndNothingElse(t *testing.T) {
	const atLeast, atMost, planted = 20, 60, 2 * time.Microsecond
	const tolerated = 3 // of 20, whose intervals are of 99 % where nothing else disturbs the runs
	b := startMosquitto(t, broker.MosquittoConfig{})
	cpu := sliceFigureList[0]
	var falseAlarms, runs int
	var all [3][]sliceFigures
	between := func(base, arm int) result.Difference {
		d, ok := difference(valuesOf(all[base], cpu), valuesOf(all[arm], cpu), 1)
		require.True(t, ok)
		return d
	}
	for runs < atLeast || runs < atMost && !between(0, 2).Detected {
		r := compareThree(t, b.URL(), uint64(runs), planted)
		for i, a := range r.arms {
			all[i] = append(all[i], a.slices...)
		}
		same := differenceIn(t, r.overhead(), "off", "off#2", cpu.name)
		t.Logf("run %d: %+.0f [%.0f, %.0f] of %.0f ns per message", runs, same.Diff, same.Low, same.High, same.BaseMean)
		if same.Detected {
			falseAlarms++
		}
		runs++
	}
	assert.LessOrEqual(t, falseAlarms, tolerated*runs/atLeast, "of %d runs", runs)
	found := between(0, 2)
	t.Logf("planted: %+.0f [%.0f, %.0f] of %.0f ns per message", found.Diff, found.Low, found.High, found.BaseMean)
	assert.True(t, found.Detected)
	assert.Positive(t, found.Diff)
	same := between(0, 1)
	assert.False(t, same.Detected, "%+.0f [%.0f, %.0f]", same.Diff, same.Low, same.High)
}

package load

import (
	"context"
	"math"
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
func compareThree(ctx context.Context, t *testing.T, url string, seed uint64, planted time.Duration) *run {
	t.Helper()
	var all [3][]sliceFigures
	for ctx.Err() == nil {
		sc := scenario(t, `
broker: `+url+`
warmup: 100ms
duration: 1350ms
senders: [{name: s, rate: max, topic: bench}]
tracing: {compare: [off, off, off], slice: 50ms}
`)
		sc.Seed = seed
		r := newRun(ctx, sc, Options{})
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
	require.FailNow(t, "too busy to compare", "seed %d", seed)
	panic("unreachable")
}

// The comparison of two arms that are the same is what tells noise from cost: it must find nothing, run after run. What is really
// there it must find, in all of them together. A busy machine takes many attempts at a run, and makes fewer.
func TestCompareFindsAPlantedCostAndNothingElse(t *testing.T) {
	const atLeast, atMost = 4, 20
	const enough, tooLong = 2 * time.Minute, 8 * time.Minute
	const tolerated = 3 // false alarms: intervals are of 99 % where nothing else disturbs the runs
	ctx, cancel := context.WithTimeout(t.Context(), tooLong)
	defer cancel()
	b := startMosquitto(t, broker.MosquittoConfig{})
	cpu := sliceFigureList[0]
	same := func(r *run) result.Difference { return differenceIn(t, r.overhead(), "off", "off#2", cpu.name) }
	asMuch := time.Duration(same(compareThree(ctx, t, b.URL(), atMost, 0)).BaseMean) // as a message costs here

	var falseAlarms int
	var all [3][]sliceFigures
	began := time.Now()
	for runs := 0; runs < atMost && (runs < atLeast || time.Since(began) < enough); runs++ {
		r := compareThree(ctx, t, b.URL(), uint64(runs), asMuch)
		for i, a := range r.arms {
			all[i] = append(all[i], a.slices...)
		}
		d := same(r)
		t.Logf("run %d: %+.0f [%.0f, %.0f] of %.0f ns per message", runs, d.Diff, d.Low, d.High, d.BaseMean)
		if d.Detected {
			falseAlarms++
		}
	}
	assert.LessOrEqual(t, falseAlarms, tolerated)

	between := func(arm int) result.Difference {
		d, ok := difference(valuesOf(all[0], cpu), valuesOf(all[arm], cpu), 1)
		require.True(t, ok)
		t.Logf("off and %d: %+.0f [%.0f, %.0f] of %.0f ns per message", arm, d.Diff, d.Low, d.High, d.BaseMean)
		return d
	}
	planted := between(2)
	assert.True(t, planted.Detected)
	assert.Positive(t, planted.Diff)
	assert.Less(t, math.Abs(between(1).Diff), planted.Diff/2, "what is the same is closer by far")
}

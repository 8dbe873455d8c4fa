package compare

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
	"mqttrace/reports"
)

func TestUnlikeRunsAreRefusedWithEveryDifference(t *testing.T) {
	base, changed := quietMachine().sides(3, 1)
	edit(base, func(r *result.Result) {
		r.Scenario = json.RawMessage(`{"name":"a","description":"x","repeat":{"runs":3},"thresholds":["x"],"broker":"embedded","duration":"20s","senders":[{"rate":"10/s","qos":1}]}`)
	})
	edit(changed, func(r *result.Result) {
		r.Scenario = json.RawMessage(`{"name":"b","thresholds":[],"broker":{"url":"mqtt://x"},"duration":"30s","senders":[{"rate":"20/s","qos":1,"retain":true}]}`)
		r.Environment.Cores, r.Environment.Host, r.Environment.Broker.Version = 4, "other", "3.0"
	})
	edit(changed[1:2], func(r *result.Result) { r.Environment.Cores = 8 })
	_, err := New(base, changed, Options{})
	var unlike *UnlikeError
	require.ErrorAs(t, err, &unlike)
	assert.Equal(t, `the runs are not alike:
  scenario duration: 20s in base, 30s in new
  scenario senders[0].rate: 10/s in base, 20/s in new
  scenario senders[0].retain: nothing in base, true in new
  broker version: 2.7.9 in base, 3.0 in new
  cores: 2 in base, 4 (2 runs) and 8 (1 run) in new
  host: bench in base, other in new
to compare them all the same: --allow scenario,broker,machine`, err.Error())

	_, err = New(base, changed, Options{Allow: []Kind{Scenario, Machine}})
	require.ErrorAs(t, err, &unlike)
	assert.Len(t, unlike.Unlike, 1)

	c := compared(t, base, changed, Options{Allow: Kinds})
	assert.Len(t, c.Unlike, 6, "allowed, and still told")
}

func TestRunsOfOneSideMustBeAlikeToo(t *testing.T) {
	base, changed := quietMachine().sides(2, 1)
	edit(base[1:], func(r *result.Result) { r.Environment.CPU = "another" })
	_, err := New(base, changed, Options{})
	require.Error(t, err)
	assert.Contains(t, err.Error(), "processor: simulated (1 run) and another (1 run) in base, simulated in new")
}

func TestRunsThatSayNothingOfTheBrokerAreLeftOut(t *testing.T) {
	base, changed := quietMachine().sides(6, 1)
	base[0].Verdict, base[0].Reason = result.Invalid, "the generator did not keep up"
	base[1].Verdict = result.Interrupted
	base[2].Observed = &result.Observed{}
	base[3].Result = base[4].Result
	c := compared(t, base, changed, Options{})
	assert.Equal(t, 2, c.Base.Runs)
	assert.Equal(t, []LeftOut{
		{"130000.json", "the run is invalid: the generator did not keep up"},
		{"130200.json", "the run was interrupted"},
		{"130400.json", "it is of observed services, and not of a run"},
		{"130800.json", "it is a copy of another file's"},
	}, c.Base.LeftOut)

	c = compared(t, base, changed, Options{Allow: []Kind{Invalid}})
	assert.Equal(t, 3, c.Base.Runs)
	assert.Contains(t, c.Notes, "of base 1 run invalid: the figures may be the generator's own")

	_, err := New(base[:3], nil, Options{})
	require.Error(t, err)
	assert.Equal(t, `base has no run left to compare
  130000.json: the run is invalid: the generator did not keep up
  130200.json: the run was interrupted
  130400.json: it is of observed services, and not of a run
new has no result`, err.Error())
}

func TestDoubtsAboutTheSides(t *testing.T) {
	base, changed := quietMachine().sides(4, 1)
	assert.Empty(t, compared(t, base, changed, Options{}).Notes)

	c := compared(t, base[:2], base[2:], Options{})
	require.Len(t, c.Notes, 1)
	assert.Contains(t, c.Notes[0], "the sides did not take turns")

	c = compared(t, base, append(changed, base[0]), Options{})
	assert.Equal(t, []string{"a run is on both sides: 130000.json"}, c.Notes)
}

func TestArms(t *testing.T) {
	base, changed := quietMachine().sides(3, 1)
	edit(base, secondArm)
	c := compared(t, base, changed, Options{})
	require.Len(t, c.Arms, 1)
	assert.Contains(t, c.Notes, "arm off is in base alone")

	edit(changed, secondArm)
	assert.Len(t, compared(t, base, changed, Options{}).Arms, 2)
	assert.Len(t, compared(t, base, changed, Options{Arms: []string{"off"}}).Arms, 1)

	_, err := New(base, changed, Options{Arms: []string{"off", "export"}, Gates: gates(t, "memory.sink +5%")})
	var wrong *GateError
	require.ErrorAs(t, err, &wrong)
	assert.Len(t, wrong.Problems, 2)
	assert.Contains(t, err.Error(), `gate "memory.sink +5%": no run has memory.sink: nothing was measured`)
	assert.Contains(t, err.Error(), `arm "export" is not on both sides: base has off, record, new has off, record`)

	edit(base, func(r *result.Result) { r.Arms = r.Arms[:1] })
	edit(changed, func(r *result.Result) { r.Arms = r.Arms[1:] })
	c = compared(t, base, changed, Options{})
	require.Len(t, c.Arms, 1, "one arm a side is a pair whatever they are called")
	assert.Equal(t, "off → record", c.Arms[0].Name)

	edit(base, secondArm)
	edit(base, func(r *result.Result) { r.Arms[1].Name = "export" })
	edit(changed, func(r *result.Result) { r.Arms[0].Name = "context" })
	_, err = New(base, changed, Options{})
	assert.ErrorContains(t, err, "no arm is on both sides: base has off, export, new has context")
}

func TestSweepsAndSearches(t *testing.T) {
	step := func(value string, r *result.Result) result.Step {
		return result.Step{Value: value, Verdict: result.Pass, Arms: r.Arms}
	}
	base, changed := quietMachine().sides(5, 1)
	for _, side := range [][]reports.Saved{base, changed} {
		edit(side, func(r *result.Result) {
			bad := step("1000/s", r)
			bad.Verdict = result.Invalid
			r.Sweep = &result.Sweep{Over: "senders[0].rate", Steps: []result.Step{step("10/s", r), step("100/s", r), bad}}
		})
	}
	c := compared(t, base, changed, Options{})
	require.Len(t, c.Arms, 2)
	assert.Equal(t, "record at 10/s", c.Arms[0].Name)
	assert.Equal(t, "record at 100/s", c.Arms[1].Name)

	for i, side := range [][]reports.Saved{base, changed} {
		for j, r := range side {
			r.Sweep.Found = []result.Found{{Arm: "record", Number: float64(1000 - 300*i + j)}}
		}
	}
	c = compared(t, base, changed, Options{})
	require.Len(t, c.Arms, 1)
	require.Len(t, c.Arms[0].Figures, 1, "what a search measured on its way depends on what it found")
	f := c.Arms[0].Figures[0]
	assert.Equal(t, FoundFigure, f.Name)
	assert.Equal(t, Regressed, f.Verdict, "a lower one is worse")
}

// rates compares runs with these rates.
func rates(t *testing.T, base, changed []float64, opts Options) *Comparison {
	t.Helper()
	b, n := quietMachine().sides(max(len(base), len(changed)), 1)
	b, n = b[:len(base)], n[:len(changed)]
	for i, v := range base {
		b[i].Arms[0].RatePerS = v
	}
	for i, v := range changed {
		n[i].Arms[0].RatePerS = v
	}
	return compared(t, b, n, opts)
}

func TestVerdicts(t *testing.T) {
	gated := Options{Gates: gates(t, "rate_per_s -10%")}
	for name, tc := range map[string]struct {
		base, changed []float64
		opts          Options
		want          Verdict
	}{
		"clearly lower":                        {[]float64{100, 101, 99, 100.5, 99.5}, []float64{80, 81, 79, 80.5, 79.5}, gated, Regressed},
		"clearly higher":                       {[]float64{100, 101, 99, 100.5, 99.5}, []float64{120, 121, 119, 120.5, 119.5}, gated, Improved},
		"clearly lower, by less than the gate": {[]float64{100, 100.1, 99.9, 100.2, 99.8}, []float64{95, 95.1, 94.9, 95.2, 94.8}, gated, Same},
		"about as much as the gate":            {[]float64{100, 103, 98, 100.5, 99.5}, []float64{91, 93, 88, 91.5, 90.5}, gated, Inconclusive},
		"all the same":                         {[]float64{100, 100, 100}, []float64{100, 100, 100}, gated, Same},
		"too few for the test":                 {[]float64{100, 101, 99}, []float64{50, 51, 49}, gated, Inconclusive},
		"too much noise":                       {[]float64{100, 160, 40, 120, 80}, []float64{60, 100, 30, 90, 50}, gated, Inconclusive},
		"few runs, when dozens are looked at":  {[]float64{100, 101, 99, 100.5, 99.5}, []float64{80, 81, 79, 80.5, 79.5}, Options{}, Inconclusive},
		"enough runs, when dozens are looked at": {
			[]float64{100, 101, 99, 100.5, 99.5, 100.1, 99.9, 100.2, 99.8}, []float64{80, 81, 79, 80.5, 79.5, 80.1, 79.9, 80.2, 79.8}, Options{}, Regressed},
	} {
		t.Run(name, func(t *testing.T) {
			f := figureNamed(t, rates(t, tc.base, tc.changed, tc.opts), "rate_per_s")
			assert.Equal(t, tc.want, f.Verdict, "%+v", f)
			if tc.want == Inconclusive {
				assert.Positive(t, f.MoreRuns)
			}
		})
	}
}

func TestMoreRunsFindWhatIsPlainToSee(t *testing.T) {
	base := []float64{100, 120, 85, 110, 92, 105}
	near := figureNamed(t, rates(t, base, []float64{101, 118, 87, 108, 94, 104}, Options{}), "rate_per_s")
	far := figureNamed(t, rates(t, base, []float64{42, 60, 31, 52, 38, 49}, Options{}), "rate_per_s")
	for _, f := range []*Figure{near, far} {
		require.Equal(t, Inconclusive, f.Verdict)
	}
	assert.GreaterOrEqual(t, near.MoreRuns, 900, "to find 1 % where runs vary by 10 %")
	assert.LessOrEqual(t, far.MoreRuns, 5, "half of it is gone: what is left open is whether the correction lets it count")
}

func TestTheWhole(t *testing.T) {
	lower, higher := []float64{80, 81, 79, 80.5, 79.5}, []float64{100, 101, 99, 100.5, 99.5}
	c := rates(t, higher, lower, Options{Gates: gates(t, "rate_per_s -10%", "response.p99 +50%")})
	assert.Equal(t, Regressed, c.Verdict)
	assert.Equal(t, "1 of 2 gated figures: rate sent -20 % (100/s to 80/s)", c.Reason)
	assert.Equal(t, 2, c.Tests)

	c = rates(t, higher, lower, Options{Gates: gates(t, "response.p99 +50%")})
	assert.Equal(t, Same, c.Verdict, "what has no gate decides nothing")
	c = rates(t, lower, higher, Options{Gates: gates(t, "rate_per_s -10%")})
	assert.Equal(t, Improved, c.Verdict)
	c = rates(t, lower[:3], higher[:3], Options{Gates: gates(t, "rate_per_s -10%")})
	assert.Equal(t, Inconclusive, c.Verdict)
	assert.Equal(t, "open: rate sent; about 1 more run a side would tell", c.Reason)

	c = rates(t, lower[:1], higher[:1], Options{})
	assert.Equal(t, Inconclusive, c.Verdict)
	assert.Contains(t, c.Reason, "one run a side says nothing: the next differs from it by chance; at least 6 more runs a side needed")
}

func TestPromises(t *testing.T) {
	lose := func(qos byte, n uint64) func(*result.Result) {
		return func(r *result.Result) {
			r.Verdict = result.Fail
			r.Arms[0].Delivery.Lost = n
			r.Arms[0].Delivery.Flows = []result.Flow{{QoS: qos, Lost: n}}
		}
	}
	for name, tc := range map[string]struct {
		runs          int
		base, changed func(*result.Result) // of the first run of the side
		want          Verdict
	}{
		"a message lost at QoS 1, with one run a side": {1, nil, lose(1, 1), Regressed},
		"a message lost in one of five":                {5, nil, lose(1, 1), Regressed},
		"one run lost some before and none now":        {1, lose(1, 4), nil, Improved},
		"one of five lost some before":                 {5, lose(1, 4), nil, Inconclusive},
		"at QoS 0 that may be chance":                  {5, nil, lose(0, 1), Same},
		"one run at QoS 0 says nothing":                {1, nil, lose(0, 50), Inconclusive},
		"both lose some":                               {1, lose(1, 4), lose(1, 9), Inconclusive},
	} {
		t.Run(name, func(t *testing.T) {
			base, changed := quietMachine().sides(tc.runs, 1)
			for _, side := range []struct {
				runs []reports.Saved
				by   func(*result.Result)
			}{{base, tc.base}, {changed, tc.changed}} {
				if side.by != nil {
					edit(side.runs[:1], side.by)
				}
			}
			f := figureNamed(t, compared(t, base, changed, Options{}), "delivery.lost")
			assert.Equal(t, tc.want, f.Verdict, "%+v", f)
		})
	}
}

func TestAFigureThatASideDoesNotHave(t *testing.T) {
	base, changed := quietMachine().sides(5, 1)
	edit(changed, func(r *result.Result) {
		l := r.Arms[0].Latency[result.Trace]
		l.Withheld = "900 of 20000 traces are not whole"
		r.Arms[0].Latency[result.Trace] = l
	})
	c := compared(t, base, changed, Options{Gates: gates(t, "trace.p99 +10%")})
	f := figureNamed(t, c, "trace.p99")
	assert.Equal(t, Inconclusive, f.Verdict)
	assert.Equal(t, "not in new: withheld: 900 of 20000 traces are not whole", f.Reason)
	assert.Equal(t, Inconclusive, c.Verdict)
	assert.Equal(t, "open: trace p99 (not in new: withheld: 900 of 20000 traces are not whole)", c.Reason)
}

func TestWhatOneSideAloneHasIsNoted(t *testing.T) {
	base, changed := quietMachine().sides(5, 1)
	edit(base, func(r *result.Result) {
		delete(r.Arms[0].Latency, result.Trace)
		r.Arms[0].Spans = nil
	})
	c := compared(t, base, changed, Options{})
	assert.Equal(t, []string{"arm record: not in base: trace p50, trace p90, trace p99, trace p99.9, trace max (nothing was measured)"}, c.Notes)
}

func TestValuesStandInTheOrderOfTheRuns(t *testing.T) {
	base, changed := quietMachine().sides(3, 1)
	for i := range base {
		base[i].Arms[0].RatePerS = float64(1000 + i)
	}
	base[0], base[2] = base[2], base[0]
	c := compared(t, base, changed, Options{})
	assert.Equal(t, []float64{1000, 1001, 1002}, figureNamed(t, c, "rate_per_s").Base.Values)
	assert.Equal(t, 4*time.Minute, c.Base.Last.Sub(c.Base.First))
}

package compare

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
	"mqttrace/reports"
)

// machine makes runs with known noise. Each run is faster or slower as a whole, by a factor that all its latencies and CPU times
// share in part; each figure has noise of its own on top, lognormal, as that of latencies is: few runs are much slower, none much
// faster.
type machine struct {
	random *rand.Rand
	noise  float64 // scales that of all figures; at 1 a p99 varies by 5 % from run to run
	loses  float64 // messages a run, at QoS 0
}

// latencyNoise is how much percentiles vary, and how much of it the whole run has in common.
var latencyNoise = map[string]float64{"p50": 0.03, "p90": 0.04, "p99": 0.05, "p999": 0.08, "max": 0.2}

const inCommon = 0.6

// run makes one. slower scales the p99 of the response times.
func (m machine) run(at time.Time, slower float64) reports.Saved {
	whole := m.random.NormFloat64()
	vary := func(value, share float64) float64 {
		z := inCommon*whole + math.Sqrt(1-inCommon*inCommon)*m.random.NormFloat64()
		return value * math.Exp(share*m.noise*z)
	}
	ns := func(value, share float64) *int64 {
		v := int64(vary(value, share))
		return &v
	}
	latency := func(p50 float64) result.Latency {
		l := result.Latency{Count: 20_000, MinNS: int64(p50 / 2), MeanNS: int64(1.1 * p50)}
		l.P50NS, l.P90NS = ns(p50, latencyNoise["p50"]), ns(1.5*p50, latencyNoise["p90"])
		l.P95NS, l.P99NS = l.P90NS, ns(3*p50, latencyNoise["p99"])
		l.P999NS, l.MaxNS = ns(9*p50, latencyNoise["p999"]), *ns(20*p50, latencyNoise["max"])
		return l
	}
	arm := result.Arm{
		Name: "record", ElapsedNS: 20e9, Sent: 20_000, Received: 20_000,
		RatePerS: vary(1000, 0.0005), ReceivedRatePerS: vary(1000, 0.0005),
		Latency: map[string]result.Latency{
			result.Response: latency(400e3), result.Transit: latency(300e3), result.Trace: latency(310e3), result.Send: latency(250e3),
			result.ProcessTime: latency(30e3), result.ScheduleLag: latency(90e3), result.Connect: latency(2e6), result.Subscribe: latency(300e3),
		},
		Cost: result.Cost{
			CPUNSPerMessage: vary(61e3, 0.03), AllocsPerMessage: vary(63, 0.003), AllocBytesPerMsg: vary(5100, 0.005),
			WireBytesPerMessage: 241, BrokerCPUNSPerMessage: vary(25e3, 0.03),
		},
		Process: result.Processes{
			Generator: &result.Process{RSSBytes: *ns(48e6, 0.04)}, Broker: &result.Process{RSSBytes: *ns(30e6, 0.04)},
		},
		Spans: &result.Spans{Messages: 20_000, Whole: 20_000},
	}
	response := arm.Latency[result.Response]
	p99 := int64(float64(*response.P99NS) * slower)
	response.P99NS = &p99
	arm.Latency[result.Response] = response
	if m.random.Float64() < m.loses {
		arm.Delivery.Lost = 1
		arm.Delivery.Flows = []result.Flow{{QoS: 0, Lost: 1}}
	}
	return reports.Saved{Path: at.Format("150405") + ".json", Result: &result.Result{
		Schema: result.Schema, Verdict: result.Pass, Started: at, Arms: []result.Arm{arm}, Scenario: json.RawMessage(`{"name":"simulated","duration":"20s"}`),
		Environment: result.Environment{OS: "linux", Arch: "amd64", CPU: "simulated", Cores: 2, Host: "bench", Tool: "v1", Broker: result.Broker{Name: "embedded", Version: "2.7.9"}},
	}}
}

// sides makes runs of both sides in turns.
func (m machine) sides(runs int, slower float64) (base, changed []reports.Saved) {
	at := time.Date(2026, 11, 22, 13, 0, 0, 0, time.UTC)
	for i := range runs {
		base = append(base, m.run(at.Add(time.Duration(2*i)*time.Minute), 1))
		changed = append(changed, m.run(at.Add(time.Duration(2*i+1)*time.Minute), slower))
	}
	return base, changed
}

// simulate compares so many pairs of sides.
func simulate(t *testing.T, seed uint64, pairs int, m machine, runs int, slower float64, each func(*Comparison)) {
	t.Helper()
	for i := range uint64(pairs) {
		m.random = rand.New(rand.NewPCG(seed, i))
		base, changed := m.sides(runs, slower)
		c, err := New(base, changed, Options{})
		require.NoError(t, err)
		each(c)
	}
}

// With nothing changed, hardly ever is any figure called regressed.
func TestFalseAlarms(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		machine
		runs, pairs int
	}{
		"ten runs a side":                   {machine{noise: 1}, 10, 200},
		"five runs a side":                  {machine{noise: 1}, 5, 200},
		"ten runs on a noisy machine":       {machine{noise: 4}, 10, 80},
		"ten runs that lose a few messages": {machine{noise: 1, loses: 0.2}, 10, 80},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			alarms, wrong, tests := 0, 0, 0
			simulate(t, 1, tc.pairs, tc.machine, tc.runs, 1, func(c *Comparison) {
				tests = c.Tests
				if c.Verdict == Regressed {
					alarms++
				}
				if c.Verdict == Regressed || c.Verdict == Improved {
					wrong++
				}
			})
			t.Logf("%s: %d pairs with nothing changed, %d figures tested in each: %d called regressed (%.1f %%), %d regressed or improved",
				name, tc.pairs, tests, alarms, 100*float64(alarms)/float64(tc.pairs), wrong)
			assert.LessOrEqual(t, float64(alarms)/float64(tc.pairs), 0.05)
		})
	}
}

// A p99 that is 15 % slower is found, and where the noise is too much for that the comparison says so rather than "same".
func TestDetection(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name        string
		noise       float64
		runs, pairs int
		least       float64
	}{
		{"ten runs a side, p99 varies by 5 %", 1, 10, 200, 0.9},
		{"ten runs a side, p99 varies by 3 %", 0.6, 10, 80, 0.98},
		{"ten runs a side, p99 varies by 7.5 %", 1.5, 10, 80, 0},
		{"sixteen runs a side, p99 varies by 7.5 %", 1.5, 16, 40, 0.75},
		{"five runs a side, p99 varies by 5 %", 1, 5, 80, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			found, missed := 0, 0
			var more []int
			simulate(t, 2, tc.pairs, machine{noise: tc.noise}, tc.runs, 1.15, func(c *Comparison) {
				f := figureNamed(t, c, "response.p99")
				switch f.Verdict {
				case Regressed:
					found++
				case Same, Improved:
					missed++
				default:
					more = append(more, f.MoreRuns)
				}
			})
			slices.Sort(more)
			t.Logf("%s: %d pairs with a p99 15 %% slower: found in %.1f %%, called the same in %d, inconclusive in %d (more runs advised: %v)",
				tc.name, tc.pairs, 100*float64(found)/float64(tc.pairs), missed, len(more), quartiles(more))
			assert.GreaterOrEqual(t, float64(found)/float64(tc.pairs), tc.least)
			assert.LessOrEqual(t, float64(missed)/float64(tc.pairs), 0.05)
		})
	}
}

func quartiles(sorted []int) []int {
	if len(sorted) == 0 {
		return nil
	}
	return []int{sorted[len(sorted)/4], sorted[len(sorted)/2], sorted[len(sorted)*3/4]}
}

func figureNamed(t testing.TB, c *Comparison, name string) *Figure {
	t.Helper()
	for i := range c.Arms[0].Figures {
		if f := &c.Arms[0].Figures[i]; f.Name == name {
			return f
		}
	}
	require.Fail(t, "no such figure", name)
	return nil
}

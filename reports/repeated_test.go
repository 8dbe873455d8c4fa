package reports_test

import (
	"bytes"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
	"mqttrace/reports"
)

// repetitions are runs of a result whose response times and costs differ a little.
func repetitions(of int, make func() *result.Result) (all []reports.Saved) {
	for i := range of {
		r := make()
		r.Repetition = &result.Repetition{Run: i + 1, Of: of, Began: time.Unix(0, 0)}
		for j := range r.Arms {
			a := &r.Arms[j]
			l := a.Latency[result.Response]
			p50, p99 := *l.P50NS+int64(10_000*i), *l.P99NS+int64(100_000*(i%3))
			l.P50NS, l.P99NS = &p50, &p99
			a.Latency[result.Response] = l
			a.Cost.CPUNSPerMessage += float64(500 * i)
		}
		all = append(all, reports.Saved{Result: r, Path: "results/telemetry-1k-20261122T134500Z.json"})
	}
	return all
}

func TestRepeated(t *testing.T) {
	mixed := repetitions(5, passed)
	mixed[1].Verdict, mixed[1].Reason = result.Fail, "threshold missed: response.p99 < 1ms"
	mixed[2].Verdict, mixed[2].Reason = result.Invalid, "the generator did not keep up: it sent messages late by 31 ms (p99) of its own doing; ask for less, or give it more cores"
	mixed[2].Warnings = []result.Warning{{About: "response", Text: "late"}}
	for name, all := range map[string][]reports.Saved{
		"repeated":             repetitions(5, passed),
		"repeated-arms":        repetitions(3, func() *result.Result { return arms("off", "export") }),
		"repeated-mixed":       mixed,
		"repeated-interrupted": repetitions(5, passed)[:2],
		"repeated-invalid":     {mixed[2], mixed[2]},
		"repeated-sweep":       repetitions(2, stepped),
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			for _, s := range all {
				require.NoError(t, reports.Brief(&got, s, reports.TextOptions{}))
			}
			got.WriteString("\n")
			require.NoError(t, reports.Repeated(&got, all, reports.TextOptions{}))
			golden(t, filepath.Join("testdata", name+".txt"), got.Bytes())
		})
	}
}

func TestOneRunIsNotSummedUp(t *testing.T) {
	var got bytes.Buffer
	require.NoError(t, reports.Repeated(&got, repetitions(1, passed), reports.TextOptions{}))
	assert.Empty(t, got.String())
}

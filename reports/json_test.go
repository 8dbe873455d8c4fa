package reports_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/reports"
)

// report is as much of the schema as other programs rely on most.
type report struct {
	Schema  string
	Results []struct {
		Verdict, Reason, Scenario, File string
		Arms                            []struct {
			Name    string
			Figures map[string]struct {
				Value float64
				Unit  string
			}
			Missing map[string]string
		}
		Thresholds []struct {
			Expression, Unit string
			Actual           float64
			OK               bool
		}
	}
}

func readJSON(t *testing.T, all ...reports.Saved) (r report, text string) {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, reports.JSON(&b, all))
	require.NoError(t, json.Unmarshal(b.Bytes(), &r))
	return r, b.String()
}

func TestJSONCallsFiguresAsThresholdsDo(t *testing.T) {
	r, text := readJSON(t, fixtures()["several"]...)
	assert.Equal(t, "mqttrace/report/1", r.Schema)
	require.Len(t, r.Results, 3)
	first, second, third := r.Results[0], r.Results[1], r.Results[2]
	assert.Equal(t, []string{"pass", "telemetry-1k", "a.json"}, []string{first.Verdict, first.Scenario, first.File})
	p99 := first.Arms[0].Figures["response.p99"]
	assert.Equal(t, 1_203_456.0, p99.Value)
	assert.Equal(t, "ns", p99.Unit)
	assert.Equal(t, map[string]string{"subscribe.p50": "too few values (2)", "subscribe.p90": "too few values (2)", "subscribe.p95": "too few values (2)", "subscribe.p99": "too few values (2)", "subscribe.p999": "too few values (2)", "connect.p999": "too few values (102)"}, first.Arms[0].Missing)
	assert.NotContains(t, second.Arms[0].Figures, "trace.p99", "withheld")
	assert.Contains(t, second.Arms[0].Missing["trace"], "withheld: 12 of 19,859 traces are broken")
	assert.Equal(t, "ns", second.Thresholds[0].Unit)
	assert.Len(t, third.Arms, 2)
	for _, word := range []string{"hdr", "series", "at_ns"} {
		assert.NotContains(t, text, `"`+word+`"`)
	}
}

func TestJSONHasListsWhereThereIsNothing(t *testing.T) {
	_, text := readJSON(t, unsaved(nothing()))
	assert.NotContains(t, text, "null")
	none, text := readJSON(t)
	assert.Empty(t, none.Results)
	assert.NotContains(t, text, "null")
}

package compare

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
)

func TestParseGate(t *testing.T) {
	for text, want := range map[string]Gate{
		"response.p99 +10%":                {"response.p99", Size{Share: 0.1}, "response.p99 +10%"},
		"  transit.p50   +2ms ":            {"transit.p50", Size{Amount: 2e6}, "transit.p50 +2ms"},
		"response.p99 +10% +2ms":           {"response.p99", Size{Share: 0.1, Amount: 2e6}, "response.p99 +10% +2ms"},
		"rate_per_s -5%":                   {"rate_per_s", Size{Share: 0.05}, "rate_per_s -5%"},
		"received_rate_per_s -50/s":        {"received_rate_per_s", Size{Amount: 50}, "received_rate_per_s -50/s"},
		"delivery.lost +0":                 {"delivery.lost", Size{}, "delivery.lost +0"},
		"cost.allocs_per_message +0.5":     {"cost.allocs_per_message", Size{Amount: 0.5}, "cost.allocs_per_message +0.5"},
		"cost.wire_bytes_per_message +16B": {"cost.wire_bytes_per_message", Size{Amount: 16}, "cost.wire_bytes_per_message +16B"},
		"response.mean +1us":               {"response.mean", Size{Amount: 1000}, "response.mean +1us"},
		"found -10%":                       {"found", Size{Share: 0.1}, "found -10%"},
	} {
		t.Run(text, func(t *testing.T) {
			got, err := ParseGate(text)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
}

func TestBadGates(t *testing.T) {
	for text, want := range map[string]string{
		"":                              wantGate,
		"response.p99":                  wantGate,
		"response.p99 +10% +2ms +1":     wantGate,
		"response.p98 +10%":             `unknown figure "response.p98": want one of response.min, response.mean, response.p50, response.p90, response.p95, response.p99, response.p999, response.max`,
		"reponse.p99 +10%":              `unknown figure "reponse.p99": want a latency such as response.p99`,
		"response.p99 10%":              `"10%" has no sign: want +10%`,
		"response.p99 -10%":             "response.p99 gets worse in the other direction: want +10%",
		"rate_per_s +5%":                "rate_per_s gets worse in the other direction: want -5%",
		"response.p99 +10":              `"+10" is neither a share nor a duration: want +10% or +2ms`,
		"response.p99 ++2ms":            `"++2ms" has two signs: want +2ms`,
		"response.p99 +-2ms":            `"+-2ms" has two signs: want +2ms`,
		"response.p99 +x%":              `"+x" is no number: want such as +10%`,
		"response.p99 ++5%":             `"++5%" has two signs: want +5%`,
		"delivery.lost +many":           `"+many" is no number: want such as +5`,
		"rate_per_s -NaN":               `"-NaN" is no number`,
		"response.p99 +10% +5%":         "two sizes of the same kind",
		"response.p99 +1ms +5ms":        "two sizes of the same kind",
		"cost.allocs_per_message +-Inf": "has two signs",
	} {
		t.Run(text, func(t *testing.T) {
			_, err := ParseGate(text)
			require.Error(t, err)
			assert.Contains(t, err.Error(), want)
		})
	}
}

func TestEveryProblemOfGatesIsFound(t *testing.T) {
	_, err := ParseGates([]string{"response.p99 +10%", "nonsense", "response.p99 +5%", "rate_per_s +1%"})
	require.Error(t, err)
	lines := strings.Split(err.Error(), "\n")
	require.Len(t, lines, 3)
	assert.Contains(t, lines[1], `gate "response.p99 +5%": response.p99 has one already, "response.p99 +10%"`)
}

// Figures are called as thresholds call them: whatever a run can have is found by the same name.
func TestFiguresAreThoseOfResults(t *testing.T) {
	arm := &result.Arm{Latency: map[string]result.Latency{}, Spans: &result.Spans{}}
	arm.Process = result.Processes{Generator: &result.Process{}, Broker: &result.Process{}, Sink: &result.Process{}}
	for _, name := range result.LatencyNames {
		v := int64(1)
		arm.Latency[name] = result.Latency{P50NS: &v, P90NS: &v, P95NS: &v, P99NS: &v, P999NS: &v}
	}
	var names []string
	for _, s := range Specs() {
		assert.NotContains(t, names, s.Name)
		names = append(names, s.Name)
		if s.Name == FoundFigure {
			continue
		}
		_, missing := arm.Figure(s.Name)
		assert.Empty(t, missing, s.Name)
		assert.NotEmpty(t, s.Label)
		assert.Positive(t, s.Size.Of(0)+s.Size.Of(1), s.Name)
	}
	assert.True(t, slices.Contains(names, "response.p99"))
}

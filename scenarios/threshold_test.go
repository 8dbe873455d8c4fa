package scenarios

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseThreshold(t *testing.T) {
	cases := []struct {
		name, text string
		want       Threshold
	}{
		{"a percentile", "response.p99 < 20ms", Threshold{"response.p99", Less, 20e6, "response.p99 < 20ms"}},
		{"blanks do not matter", "  transit.max<=1s ", Threshold{"transit.max", LessOrEqual, 1e9, "transit.max<=1s"}},
		{"a count", "delivery.lost == 0", Threshold{"delivery.lost", Equal, 0, "delivery.lost == 0"}},
		{"a latency's count", "trace.count > 100", Threshold{"trace.count", Greater, 100, "trace.count > 100"}},
		{"negative values", "transit.negative != 0", Threshold{"transit.negative", NotEqual, 0, "transit.negative != 0"}},
		{"a rate", "rate_per_s >= 990/s", Threshold{"rate_per_s", GreaterOrEqual, 990, "rate_per_s >= 990/s"}},
		{"a rate without its unit", "received_rate_per_s > 1e3", Threshold{"received_rate_per_s", Greater, 1000, "received_rate_per_s > 1e3"}},
		{"a cost in time", "cost.cpu_per_message < 100us", Threshold{"cost.cpu_per_message", Less, 100e3, "cost.cpu_per_message < 100us"}},
		{"a cost in allocations", "cost.allocs_per_message < 2.5", Threshold{"cost.allocs_per_message", Less, 2.5, "cost.allocs_per_message < 2.5"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := ParseThreshold(c.text)
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestThresholdHolds(t *testing.T) {
	cases := []struct {
		op                  Op
		below, equal, above bool
	}{
		{Less, true, false, false},
		{LessOrEqual, true, true, false},
		{Greater, false, false, true},
		{GreaterOrEqual, false, true, true},
		{Equal, false, true, false},
		{NotEqual, true, false, true},
	}
	for _, c := range cases {
		t.Run(string(c.op), func(t *testing.T) {
			threshold := Threshold{Op: c.op, Value: 10}
			assert.Equal(t, c.below, threshold.Holds(9.9))
			assert.Equal(t, c.equal, threshold.Holds(10))
			assert.Equal(t, c.above, threshold.Holds(10.1))
			assert.False(t, threshold.Holds(math.NaN()))
		})
	}
}

// TestEveryFigureParses walks the list that the judge of a run works through.
func TestEveryFigureParses(t *testing.T) {
	examples := map[Unit]string{Nanoseconds: "1ms", Count: "1", PerSecond: "1/s"}
	seen := map[string]bool{}
	for _, f := range Figures() {
		assert.False(t, seen[f.Name], f.Name)
		seen[f.Name] = true
		got, err := ParseThreshold(f.Name + " < " + examples[f.Unit])
		require.NoError(t, err, f.Name)
		assert.Equal(t, f.Name, got.Figure)
	}
	assert.Len(t, seen, 8*10+8+7+6+5+5+3)
}

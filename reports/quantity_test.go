package reports

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"mqttrace/load/result"
)

func TestDifference(t *testing.T) {
	for name, tc := range map[string]struct {
		quantity quantity
		d        result.Difference
		want     string
	}{
		"microseconds":            {nanos, result.Difference{Diff: 1_912, Low: 1_212, High: 2_612, Detected: true}, "+1.9 µs [+1.2, +2.6]"},
		"more of them":            {nanos, result.Difference{Diff: 139_517, Low: 93_266, High: 193_426, Detected: true}, "+140 µs [+93, +193]"},
		"one unit for all":        {nanos, result.Difference{Diff: 912_345, Low: 12_345, High: 1_912_345, Detected: true}, "+0.9 ms [0.0, +1.9]"},
		"nanoseconds":             {nanos, result.Difference{Diff: -41.2, Low: -51.2, High: -31.2, Detected: true}, "-41 ns [-51, -31]"},
		"a number":                {plainly, result.Difference{Diff: 26.04, Low: 25.9, High: 26.2, Detected: true}, "+26 [+26, +26]"},
		"a small number":          {plainly, result.Difference{Diff: 0.12, Low: 0.051, High: 0.19, Detected: true}, "+0.12 [+0.05, +0.19]"},
		"a large number":          {plainly, result.Difference{Diff: 12_345, Low: 11_000, High: 13_000, Detected: true}, "+12,345 [+11,000, +13,000]"},
		"bytes":                   {inBytes, result.Difference{Diff: 71, Low: 71, High: 71, Detected: true}, "+71 B [+71, +71]"},
		"less":                    {inBytes, result.Difference{Diff: -1712, Low: -1812, High: -1612, Detected: true}, "-1.7 kB [-1.8, -1.6]"},
		"not seen, by interval":   {nanos, result.Difference{Diff: 12, Low: -912, High: 812, Floor: 512}, "none (< 920 ns)"},
		"not seen, by floor":      {nanos, result.Difference{Diff: 12, Low: -912, High: 812, Floor: 1_234}, "none (< 1.3 µs)"},
		"not seen, rounded up":    {nanos, result.Difference{Low: -12_001, High: 812}, "none (< 13 µs)"},
		"not seen, rounded never": {nanos, result.Difference{Low: -12_000, High: 812}, "none (< 12 µs)"},
		"not seen, to the next":   {nanos, result.Difference{Low: -999_001, High: 812}, "none (< 1 ms)"},
		"not seen, a fraction":    {inBytes, result.Difference{Low: -0.00015, High: 0.0001}, "none (< 0.01 B)"},
		"not there":               {inBytes, result.Difference{}, "none"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tc.want, tc.quantity.difference(tc.d, true).text)
		})
	}
	assert.Equal(t, missing, nanos.difference(result.Difference{}, false))
}

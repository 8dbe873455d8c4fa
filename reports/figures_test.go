package reports

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"mqttrace/load/result"
)

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                                      "0 ns",
		7:                                      "7 ns",
		999:                                    "999 ns",
		1_000:                                  "1.00 µs",
		-3_100:                                 "-3.10 µs",
		412_345:                                "412 µs",
		999_400:                                "999 µs",
		999_600:                                "1.00 ms",
		1_204_999:                              "1.20 ms",
		31_250_000:                             "31.2 ms",
		999_999_999:                            "1.00 s",
		1_926 * time.Millisecond:               "1.93 s",
		75 * time.Second:                       "75.0 s",
		999*time.Second + 600*time.Millisecond: "16.7 min",
		100 * time.Hour:                        "6,000 min",
	} {
		assert.Equal(t, want, Duration(d), "%d ns", d)
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1,000", 1_234_567: "1,234,567"} {
		assert.Equal(t, want, Count(n))
	}
}

func TestRate(t *testing.T) {
	for v, want := range map[float64]string{0: "0/s", 0.5: "0.5/s", 16.666: "16.7/s", 987.4: "987/s", 999.96: "1,000/s", 12_345.6: "12,346/s"} {
		assert.Equal(t, want, Rate(v))
	}
}

func TestBytes(t *testing.T) {
	for v, want := range map[float64]string{0: "0 B", 182.25: "182 B", 999.99: "1,000 B", 5120: "5.12 kB", 48_100_000: "48.1 MB", 999_999: "1.00 MB", 2.5e9: "2.50 GB"} {
		assert.Equal(t, want, Bytes(v))
	}
}

// A miss must be visible: rounding may not show the very limit that was missed.
func TestActualOfAThreshold(t *testing.T) {
	for name, tc := range map[string]struct {
		expression string
		actual     float64
		want       string
	}{
		"a latency":                 {"response.p99 < 20ms", 31_234_567, "31.2 ms"},
		"a latency near its limit":  {"response.p99 < 20ms", 20_000_400, "20.0004 ms"},
		"a latency on its limit":    {"response.p99 <= 20ms", 20_000_000, "20.0 ms"},
		"a count":                   {"delivery.lost == 0", 12_345, "12,345"},
		"without spaces":            {"response.p99<20ms", 31_234_567, "31.2 ms"},
		"above nothing":             {"response.min > 0", 31_234_567, "31.2 ms"},
		"a rate with its unit":      {"rate_per_s >= 1000/s", 999.96, "999.96"},
		"a cost that is a duration": {"cost.cpu_per_message < 50us", 61_234.5, "61.2 µs"},
		"nothing to compare":        {"response.p99", 31_234_567, "31.2 ms"},
		"a count of latencies":      {"response.count > 5", 4, "4"},
		"a rate":                    {"rate_per_s >= 1000", 999.96, "999.96"},
		"a rate far off":            {"rate_per_s >= 1000", 512.349, "512"},
		"a limit nobody reads":      {"response.p99 < fast", 1_204_999, "1.20 ms"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tc.want, actual(result.Threshold{Expression: tc.expression, Actual: tc.actual}))
		})
	}
}

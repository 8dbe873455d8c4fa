package result_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"mqttrace/load/result"
)

func TestFigure(t *testing.T) {
	arm := &sample().Arms[0]
	arm.Cost = result.Cost{CPUNSPerMessage: 61_000, AllocBytesPerMsg: 4096}
	arm.Latency[result.Trace] = result.Latency{Count: 3, Withheld: "2 of 3 traces are not whole"}
	for name, want := range map[string]float64{
		"response.p50": 412_000, "response.min": -3, "response.max": 9e6, "response.count": 20_000, "response.negative": 1,
		"rate_per_s": 999.999999, "sent": 20_000, "delivery.expected": 3, "delivery.lost": 0, "spans.whole": 19_999,
		"cost.cpu_per_message": 61_000, "cost.alloc_bytes_per_message": 4096, "memory.generator": 1 << 25,
	} {
		got, missing := arm.Figure(name)
		assert.Empty(t, missing, name)
		assert.InDelta(t, want, got, 1e-9, name)
	}
	for name, want := range map[string]string{
		"response.p999":               "too few values (20000)",
		"response.p98":                "unknown statistic p98",
		"trace.max":                   "withheld: 2 of 3 traces are not whole",
		"transit.p50":                 "nothing was measured",
		"cost.broker_cpu_per_message": "nothing was measured",
		"memory.broker":               "nothing was measured",
		"spans.received":              "nothing was measured",
		"frobnicate":                  "nothing was measured",
	} {
		_, missing := arm.Figure(name)
		assert.Equal(t, want, missing, name)
	}
}

package load

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"mqttrace/load/result"
	"mqttrace/scenarios"
)

// Whatever a threshold may be about is found in the results of a run that has everything.
func TestEveryFigureOfAThresholdIsInAResult(t *testing.T) {
	some, received := int64(1), uint64(1)
	arm := &result.Arm{Latency: map[string]result.Latency{}, Spans: &result.Spans{Received: &received}}
	arm.Process = result.Processes{Generator: &result.Process{}, Broker: &result.Process{}, Sink: &result.Process{}}
	for _, name := range result.LatencyNames {
		arm.Latency[name] = result.Latency{P50NS: &some, P90NS: &some, P95NS: &some, P99NS: &some, P999NS: &some}
	}
	for _, f := range scenarios.Figures() {
		_, missing := arm.Figure(f.Name)
		assert.Empty(t, missing, f.Name)
	}
}

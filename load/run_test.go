package load

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
	"mqttrace/scenarios"
)

// scenario decodes a scenario from YAML.
func scenario(t *testing.T, yaml string) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Decode("test.yaml", []byte(yaml))
	require.NoError(t, err)
	return s
}

// runScenario runs a scenario that must be able to start.
func runScenario(t *testing.T, yaml string) *result.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	res, err := Run(ctx, scenario(t, yaml), Options{})
	require.NoError(t, err)
	require.Len(t, res.Arms, 1)
	return res
}

func TestRunLosesNothing(t *testing.T) {
	for _, broker := range []string{"embedded", "mosquitto"} {
		for _, arm := range []string{"off", "context", "record"} {
			t.Run(broker+"/"+arm, func(t *testing.T) {
				res := runScenario(t, `
broker: `+broker+`
warmup: 300ms
duration: 1s
senders: [{name: sensors, count: 5, rate: 100/s, topic: "bench/{sender}", qos: 1}]
receivers: [{name: backend, count: 2, filter: bench/#, qos: 1}]
tracing: {arm: `+arm+`}
`)
				a := res.Arms[0]
				assert.NotEqual(t, result.Fail, res.Verdict, res.Reason)
				assert.EqualValues(t, 500, a.Scheduled)
				assert.EqualValues(t, 500, a.Sent)
				assert.EqualValues(t, 500, a.Acked)
				assert.EqualValues(t, 1000, a.Received)
				assert.EqualValues(t, 1000, a.Delivery.Expected)
				assert.EqualValues(t, 0, a.Delivery.Lost)
				assert.Empty(t, a.Delivery.Violations)
				assert.EqualValues(t, 1000, a.Latency[result.Response].Count)
				assert.EqualValues(t, 500, a.Latency[result.Send].Count)
				assert.EqualValues(t, 7, a.Latency[result.Connect].Count)
				assert.Zero(t, a.Delivery.Foreign)
				if arm != "record" {
					assert.Nil(t, a.Spans)
					return
				}
				assert.EqualValues(t, 1500, a.Spans.Started)
				assert.EqualValues(t, 1500, a.Spans.Ended)
				assert.EqualValues(t, 1000, a.Spans.Messages)
				assert.EqualValues(t, 1000, a.Spans.Whole)
				assert.EqualValues(t, 1000, a.Latency[result.Trace].Count)
			})
		}
	}
}

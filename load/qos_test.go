package load

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
)

// brokers are the ones that the harness starts itself.
var brokers = []string{"embedded", "mosquitto"}

// TestQualitiesOfService sends and subscribes at every quality of service: messages arrive at the lower of the two.
func TestQualitiesOfService(t *testing.T) {
	t.Parallel()
	for _, broker := range brokers {
		for _, c := range []struct{ sent, subscribed, effective int }{{2, 2, 2}, {2, 1, 1}, {1, 2, 1}, {2, 0, 0}, {0, 2, 0}} {
			t.Run(fmt.Sprintf("%s/%d to %d", broker, c.sent, c.subscribed), func(t *testing.T) {
				t.Parallel()
				res := runScenario(t, fmt.Sprintf(`
broker: %s
warmup: 0s
duration: 500ms
senders: [{name: sensors, count: 4, rate: 100/s, topic: "bench/{sender}", qos: %d}]
receivers: [{name: backend, count: 2, filter: bench/+, qos: %d}]
tracing: {arm: record}
`, broker, c.sent, c.subscribed))
				a := res.Arms[0]
				assert.NotEqual(t, result.Fail, res.Verdict, res.Reason)
				assert.EqualValues(t, 200, a.Sent)
				assert.EqualValues(t, 400, a.Delivery.Received)
				assert.Zero(t, a.Delivery.Duplicated)
				require.Len(t, a.Delivery.Flows, 1)
				assert.EqualValues(t, c.effective, a.Delivery.Flows[0].QoS)
				assert.EqualValues(t, a.Spans.Messages, a.Spans.Whole)
				if c.sent > 0 {
					assert.EqualValues(t, 200, a.Acked, "at PUBACK or PUBCOMP")
					assert.EqualValues(t, 200, a.Latency[result.Send].Count)
				}
			})
		}
	}
}

// TestWindowOfQoS2 keeps the window full: every PUBREL must leave although no PUBLISH follows.
func TestWindowOfQoS2(t *testing.T) {
	t.Parallel()
	for _, broker := range brokers {
		for _, rate := range []string{"max", "2000/s"} {
			t.Run(broker+"/"+rate, func(t *testing.T) {
				t.Parallel()
				res := runScenario(t, `
broker: `+broker+`
warmup: 0s
duration: 250ms
drain: 1m
senders: [{name: sensors, count: 2, rate: `+rate+`, window: 3, topic: "bench/{sender}", qos: 2}]
receivers: [{name: backend, filter: bench/+, qos: 2}]
`)
				a := res.Arms[0]
				assert.Positive(t, a.Sent)
				assert.Equal(t, a.Sent, a.Acked)
				assert.Equal(t, a.Sent, a.Delivery.Received)
				assert.Empty(t, a.Delivery.Violations)
			})
		}
	}
}

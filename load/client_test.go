package load

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"mqttrace/scenarios"
)

// TestLedgerIsExactAtFullSpeed sends as fast as window and socket allow, on both clients: every message is accounted for, once.
func TestLedgerIsExactAtFullSpeed(t *testing.T) {
	t.Parallel()
	for _, client := range []scenarios.Client{scenarios.Lean, scenarios.Paho} {
		for qos := 1; qos <= 2; qos++ {
			t.Run(fmt.Sprintf("%s/qos=%d", client, qos), func(t *testing.T) {
				t.Parallel()
				res := runScenario(t, fmt.Sprintf(`
broker: mosquitto
client: %s
warmup: 100ms
duration: 500ms
senders: [{name: sensors, count: 5, rate: max, window: 100, topic: "bench/{sender}", qos: %d}]
receivers: [{name: backend, filter: bench/+, qos: %d}]
tracing: {arm: context}
`, client, qos, qos))
				a := res.Arms[0]
				assert.Equal(t, string(client), res.Environment.Client)
				assert.Positive(t, a.Sent)
				assert.Equal(t, a.Sent, a.Acked)
				assert.Equal(t, a.Sent, a.Delivery.Received)
				assert.Zero(t, a.Delivery.Lost+a.Delivery.Duplicated+a.Delivery.Reordered+a.Delivery.Foreign)
			})
		}
	}
}

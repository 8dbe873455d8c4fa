package mqtt_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/mqtt"
)

// TestLateAcknowledgements sees the broker hold messages back until the ones before them are acknowledged. Mosquitto 2.0 then sends
// all that it has kept, whatever the Receive Maximum, and the embedded broker does not heed it at all.
func TestLateAcknowledgements(t *testing.T) {
	const delay = 300 * time.Millisecond
	for name, start := range brokers {
		for _, implementation := range []mqtt.Implementation{mqtt.Lean, mqtt.Paho} {
			t.Run(name+"/"+string(implementation), func(t *testing.T) {
				ctx, b := deadline(t), start(t)
				arrived := make(chan mqtt.Delivery, 10)
				settings := mqtt.Settings{Address: b.Addr(), ClientID: "late", ReceiveMaximum: 2, Implementation: implementation}
				client := connect(t, settings, mqtt.Handlers{
					Message:  func(d mqtt.Delivery) { arrived <- d },
					AckDelay: func() time.Duration { return delay },
				})
				_, err := client.Subscribe(ctx, "a", 1)
				require.NoError(t, err)
				publisher := connect(t, mqtt.Settings{Address: b.Addr(), ClientID: "publisher"}, mqtt.Handlers{})
				outcomes := make(chan mqtt.Outcome, 6)
				for i := range 6 {
					require.NoError(t, publisher.Publish(ctx, 1, numbered{topic: "a", qos: 1, number: uint32(i), outcomes: outcomes}, false))
				}
				var at []time.Duration
				first := receive(t, arrived)
				for i := 1; i < 6; i++ {
					d := receive(t, arrived)
					assert.EqualValues(t, i, d.Payload[3], "in order")
					at = append(at, d.Received.Sub(first.Received))
				}
				assert.Less(t, at[4], 5*delay, "two may be unacknowledged: not every message waits for the one before")
				if name == "mosquitto" {
					assert.GreaterOrEqual(t, at[1], delay-10*time.Millisecond, "the third waits for an acknowledgement")
				}
			})
		}
	}
}

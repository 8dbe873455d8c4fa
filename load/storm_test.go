package load

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/mqtt"
	"mqttrace/load/result"
)

func TestStormDropsItsShareAndAllComeBack(t *testing.T) {
	t.Parallel()
	for _, broker := range []string{"embedded", "mosquitto"} {
		t.Run(broker, func(t *testing.T) {
			t.Parallel()
			var r *run
			dropped := 0
			options := Options{Progress: at(300*time.Millisecond, func() {
				st := storm{share: 0.5, pauseMax: 20 * time.Millisecond}
				assert.Len(t, r.receiverClients("backend"), 1)
				dropped = st.drop(r.senderClients("")) + st.drop(r.senderClients("nobody"))
			})}
			r = newRun(t.Context(), scenario(t, `
broker: `+broker+`
warmup: 0s
duration: 2s
senders: [{name: sensors, count: 7, rate: 10/s, topic: "bench/{sender}", qos: 0}]
receivers: [{name: backend, filter: bench/#}]
`), options)
			res, err := r.execute(t.Context())
			require.NoError(t, err)
			assert.Equal(t, 4, dropped, "half of seven, rounded up")
			a := res.Arms[0]
			assert.EqualValues(t, 140, a.Sent, "late, but sent")
			assert.EqualValues(t, 8+4, a.Latency[result.Connect].Count)
			assert.Equal(t, 4, r.measured.connections)
			assert.True(t, warned(res, "4 connections lost and made again"))
		})
	}
}

func TestStormPauses(t *testing.T) {
	assert.Zero(t, storm{share: 1}.drop(nil))
	assert.Zero(t, storm{}.drop([]*mqtt.Client{nil}), "no share, no client touched")
}

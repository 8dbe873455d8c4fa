package load

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
)

// medianAround is the mean of the medians of the response times of the seconds from one instant of the measured phase up to another.
func medianAround(a result.Arm, from, until time.Duration) time.Duration {
	var sum, n float64
	for _, p := range a.Series {
		if at := time.Duration(p.AtNS); at >= from && at+time.Second <= until && p.Received > 0 {
			sum += float64(p.P50NS)
			n++
		}
	}
	return time.Duration(sum / math.Max(n, 1))
}

// Messages that expire while their receiver is away are lost, and no promise is broken; others wait for it.
func TestMessagesExpireWhileNobodyIsThere(t *testing.T) {
	t.Parallel()
	res := runScenario(t, `
broker: mosquitto
warmup: 0s
duration: 5s
senders:
  - {name: brief, rate: 20/s, topic: t/brief, qos: 1, message_expiry: 1s}
  - {name: patient, rate: 20/s, topic: t/patient, qos: 1, message_expiry: 1h}
receivers: [{name: backend, filter: t/+, qos: 1, session_expiry: 1h}]
drain: 10s
faults: [{at: 1s, for: 3s, receivers: disconnect}]
`)
	addsUp(t, res)
	d := res.Arms[0].Delivery
	brief, patient := d.Flows[0], d.Flows[1]
	assert.Positive(t, brief.Lost, "what was sent in the first second of three")
	assert.Equal(t, brief.Lost, brief.Unpromised)
	assert.Zero(t, patient.Lost)
	assert.Empty(t, d.Violations)
}

// A network that is told to be 50 ms late is 50 ms late, and no more where the machine was in time: on a busy one a run may be repeated twice.
func TestLatencyOfANetworkIsWhatItSays(t *testing.T) {
	const latency, tolerance = 50 * time.Millisecond, time.Millisecond
	var moved, before time.Duration
	var res *result.Result
	for range 3 {
		res = runScenario(t, `
broker: mosquitto
warmup: 1s
duration: 12s
senders: [{name: sensors, count: 5, rate: 20/s, topic: "bench/{sender}"}]
receivers: [{name: backend, filter: bench/#}]
faults: [{at: 5s, for: 6s, network: {latency: 50ms}, on: senders}]
`)
		a := res.Arms[0]
		assert.Zero(t, a.Delivery.Lost)
		assert.Zero(t, res.Faults[0].ConnectionsLost)
		assert.Greater(t, medianAround(a, 7*time.Second, 10*time.Second), latency-tolerance)
		before = medianAround(a, 0, 5*time.Second)
		moved = medianAround(a, 6*time.Second, 11*time.Second) - before
		t.Logf("the median moved by %v, from %v", moved, before)
		if (moved - latency).Abs() <= tolerance {
			return
		}
	}
	if res.Verdict == result.Invalid || before > 2*tolerance {
		t.Logf("not judged any closer: the machine is too busy for a difference of %v: %s", tolerance, res.Reason)
		return
	}
	assert.InDelta(t, float64(latency), float64(moved), float64(tolerance))
}

func TestNetworkFaults(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, fault string
		lost        uint64 // connections
		check       func(*testing.T, *result.Result)
	}{
		{"cut", "{at: 3s, for: 1s, network: cut}", 6, func(t *testing.T, res *result.Result) {
			require.NotNil(t, res.Faults[0].DetectedNS)
			require.NotNil(t, res.Faults[0].ReconnectedNS)
		}},
		{"cut, receivers only", "{at: 3s, for: 1s, network: cut, on: receivers}", 1, func(t *testing.T, res *result.Result) {}},
		{"cut, a group", "{at: 3s, for: 1s, network: cut, on: sensors}", 5, func(t *testing.T, res *result.Result) {}},
		{"stall", "{at: 3s, for: 1s, network: stall}", 0, func(t *testing.T, res *result.Result) {
			assert.GreaterOrEqual(t, res.Arms[0].Latency[result.Response].MaxNS, int64(900*time.Millisecond))
		}},
		// 200 messages of 1,000 bytes a second are 1.6 Mbit/s, of which the receiver's connection carries a half.
		{"bandwidth", "{at: 3s, for: 2s, network: {bandwidth: 800kbit/s}, on: receivers}", 0, func(t *testing.T, res *result.Result) {
			assert.GreaterOrEqual(t, res.Arms[0].Latency[result.Response].MaxNS, int64(500*time.Millisecond))
			if res.Verdict != result.Invalid { // everything may be as late before the fault then
				assert.Positive(t, res.Faults[0].Late)
			}
		}},
	}
	for _, broker := range []string{"embedded", "mosquitto"} {
		for _, c := range cases {
			t.Run(broker+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				res := runScenario(t, `
broker: `+broker+`
warmup: 1s
duration: 6s
senders: [{name: sensors, count: 5, rate: 40/s, topic: "bench/{sender}", qos: 1, session_expiry: 1h, payload: {size: 1000}}]
receivers: [{name: backend, filter: bench/#, qos: 1, session_expiry: 1h}]
faults: [`+c.fault+`]
`)
				assert.EqualValues(t, 1200, res.Arms[0].Sent)
				addsUp(t, res)
				if broker == "mosquitto" || c.lost == 0 { // mochi drops messages of sessions that are being resumed
					nothingLost(t, res.Arms[0].Delivery)
				}
				f := res.Faults[0]
				assert.Equal(t, c.lost, f.ConnectionsLost)
				assert.Zero(t, f.NotReconnected)
				c.check(t, res)
			})
		}
	}
}

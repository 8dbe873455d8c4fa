package load

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/clock"
	"mqttrace/load/result"
	"mqttrace/scenarios"
)

func newcomersOf(n int, c scenarios.Connect) *newcomers {
	return &newcomers{connect: c, clients: make([]func(context.Context) error, n)}
}

func TestConnectsAreSpaced(t *testing.T) {
	for name, c := range map[string]struct {
		connect scenarios.Connect
		want    time.Duration // of client 100 of 200
	}{
		"not at all": {scenarios.Connect{}, 0},
		"by a rate":  {scenarios.Connect{Rate: perSecond(200)}, 500 * time.Millisecond},
		"over time":  {scenarios.Connect{Over: seconds(5)}, 2500 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			g := newcomersOf(200, c.connect)
			assert.Zero(t, g.due(0))
			assert.Equal(t, c.want, g.due(100))
			g.connect.Jitter = true
			gap := c.connect.Gap(200).Std()
			assert.GreaterOrEqual(t, g.due(100), c.want)
			assert.LessOrEqual(t, g.due(100), c.want+gap)
			assert.Equal(t, g.due(100), g.due(100), "the seed decides")
		})
	}
}

func TestLivesAreAFunctionOfTheSeed(t *testing.T) {
	c := scenarios.Connections{Lifetime: scenarios.Spread{Min: seconds(2), Max: seconds(4)}, Pause: scenarios.Spread{Mean: seconds(1)}}
	a, b := livesOf(c, 1, 7), livesOf(c, 1, 7)
	assert.Equal(t, a.first(), b.first())
	for range 100 {
		life := a.next()
		require.Equal(t, life, b.next())
		assert.GreaterOrEqual(t, life, 2*time.Second)
		assert.LessOrEqual(t, life, 4*time.Second)
		assert.Equal(t, a.pause(), b.pause())
	}
	fixed := livesOf(scenarios.Connections{Lifetime: scenarios.Spread{Min: seconds(3), Max: seconds(3)}}, 1, 7)
	assert.Less(t, fixed.first(), 3*time.Second, "a share of it")
	assert.Equal(t, 3*time.Second, fixed.next())
	assert.Zero(t, fixed.pause())
}

func TestSendersComeAndGo(t *testing.T) {
	t.Parallel()
	for _, broker := range []string{"embedded", "mosquitto"} {
		t.Run(broker, func(t *testing.T) {
			t.Parallel()
			res := runScenario(t, `
broker: `+broker+`
warmup: 0s
duration: 2s
senders:
  - {name: sensors, count: 10, rate: 20/s, topic: "bench/{sender}", qos: 1, connect: {rate: 100/s, jitter: true}, lifetime: {min: 200ms, max: 400ms}, pause: 50ms}
  - {name: steady, rate: 20/s, topic: bench/steady, qos: 1, connect: {over: 100ms}}
receivers: [{name: backend, filter: bench/#, qos: 1, work: {mean: 1ms}}]
`)
			a := res.Arms[0]
			assert.NotEqual(t, result.Fail, res.Verdict, res.Reason)
			assert.EqualValues(t, 440, a.Sent, "late, but sent")
			assert.EqualValues(t, 440, a.Acked, "nobody left before that")
			assert.Zero(t, a.Delivery.Lost)
			connects := a.Latency[result.Connect].Count
			if res.Verdict != result.Invalid { // nor do senders come back in time then
				assert.Greater(t, connects, uint64(12+10), "each has left at least once")
			}
			assert.LessOrEqual(t, connects, uint64(12+10*8))
			assert.False(t, warned(res, "connection", " lost and "), "%v", res.Warnings)
		})
	}
}

func TestSlowReceivers(t *testing.T) {
	t.Parallel()
	for _, client := range []string{"lean", "paho"} {
		t.Run(client, func(t *testing.T) {
			t.Parallel()
			res := runScenario(t, `
broker: embedded
client: `+client+`
warmup: 0s
duration: 2s
senders: [{name: sensors, rate: 50/s, topic: bench, qos: 1}]
receivers:
  - {name: stalled, filter: bench, qos: 1, stall: {at: 500ms, for: 1s}}
  - {name: slow, filter: bench, qos: 1, work: {min: 1ms, max: 5ms}}
`)
			a := res.Arms[0]
			assert.NotEqual(t, result.Fail, res.Verdict, res.Reason)
			assert.EqualValues(t, 200, a.Received)
			var stalled int64
			for _, l := range []string{result.Response, result.ProcessTime} {
				stalled = max(stalled, a.Latency[l].MaxNS)
			}
			assert.Greater(t, stalled, int64(500*time.Millisecond), "somebody waited for the end of the stall")
		})
	}
}

// However long a handler slept, its work begins when the message arrived or the one before was to be done.
func TestWorkFollowsArrivals(t *testing.T) {
	over := make(chan struct{})
	close(over) // nobody sleeps
	v := &receiver{run: &run{over: over}, group: new(scenarios.Receiver)}
	v.group.Work = scenarios.Spread{Min: scenarios.Duration(time.Millisecond), Max: scenarios.Duration(time.Millisecond)}
	first := clock.Now()
	for _, c := range []struct{ received, done time.Duration }{
		{0, time.Millisecond},
		{0, 2 * time.Millisecond},
		{1500 * time.Microsecond, 3 * time.Millisecond},
		{time.Second, 1001 * time.Millisecond},
	} {
		v.work(first.Add(c.received))
		assert.Equal(t, first.Add(c.done), v.free)
	}
}

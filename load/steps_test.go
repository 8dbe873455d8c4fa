package load

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
	"mqttrace/scenarios"
)

func TestSweepIsARunPerValue(t *testing.T) {
	t.Parallel()
	res := runScenario(t, `
warmup: 0s
duration: 500ms
senders: [{name: sensors, count: 2, rate: 20/s, topic: "bench/{sender}", payload: {size: 10}}]
receivers: [{name: backend, filter: bench/#}]
sweep: {over: "senders[0].rate", values: [20/s, 1200/min, 80/s]}
thresholds: [sent < 50]
`)
	require.NotNil(t, res.Sweep)
	assert.Equal(t, "senders[0].rate", res.Sweep.Over)
	assert.Equal(t, "msg/s", res.Sweep.Unit)
	var sent []uint64
	var numbers []float64
	var verdicts []result.Verdict
	for _, s := range res.Sweep.Steps {
		assert.Equal(t, result.SweepStep, s.Role)
		sent, numbers, verdicts = append(sent, s.Arms[0].Sent), append(numbers, s.Number), append(verdicts, s.Verdict)
		assert.Zero(t, s.Arms[0].Delivery.Lost)
		assert.Empty(t, s.Arms[0].Series)
	}
	assert.Equal(t, []uint64{20, 20, 80}, sent)
	assert.Equal(t, []float64{20, 20, 80}, numbers)
	assert.Equal(t, []result.Verdict{result.Pass, result.Pass, result.Fail}, verdicts)
	assert.Equal(t, result.Fail, res.Verdict)
	assert.Equal(t, "at 80/s: threshold missed: sent < 50", res.Reason)
	assert.Contains(t, string(res.Scenario), `"sweep"`, "the scenario as it was asked for")
	assert.EqualValues(t, 80, res.Arms[0].Sent, "the last step's")
}

func TestSweepIsARunPerCombination(t *testing.T) {
	t.Parallel()
	res := runScenario(t, `
warmup: 0s
duration: 500ms
senders: [{name: sensors, rate: 20/s, topic: bench, payload: {size: 10}}]
receivers: [{name: backend, filter: bench, qos: 2}]
sweep:
  over: senders.sensors.qos
  values: [1, 2]
  with: [{over: senders.sensors.rate, values: [20/s, 80/s]}, {over: client, values: [lean, paho]}]
thresholds: [sent < 30]
`)
	require.NotNil(t, res.Sweep)
	assert.Equal(t, []string{"senders.sensors.rate", "client"}, res.Sweep.With)
	var settings []string
	for _, s := range res.Sweep.Steps {
		settings = append(settings, s.Setting())
		sent, qos := map[string]uint64{"20/s": 10, "80/s": 40}[s.With[0]], map[float64]uint8{1: 1, 2: 2}[s.Number]
		assert.Equal(t, sent, s.Arms[0].Sent, s.Setting())
		assert.Equal(t, qos, s.Arms[0].Delivery.Flows[0].QoS, s.Setting())
		assert.Zero(t, s.Arms[0].Delivery.Lost, s.Setting())
	}
	assert.Equal(t, []string{
		"1, 20/s, lean", "2, 20/s, lean", "1, 20/s, paho", "2, 20/s, paho", "1, 80/s, lean", "2, 80/s, lean", "1, 80/s, paho", "2, 80/s, paho",
	}, settings)
	assert.Equal(t, result.Fail, res.Verdict)
	assert.True(t, strings.HasPrefix(res.Reason, "at 1, 80/s, lean: threshold missed: sent < 30; at 2, 80/s, lean: "), res.Reason)
}

func TestSearchPerArmUpToItsRange(t *testing.T) {
	res := runScenario(t, `
warmup: 0s
duration: 500ms
senders: [{name: sensors, rate: 20/s, topic: bench}]
receivers: [{name: backend, filter: bench}]
search: {over: senders.sensors.rate, from: 50/s, to: 150/s, step: 250ms}
tracing: {compare: [off, context]}
thresholds: [delivery.lost == 0]
`)
	require.NotNil(t, res.Sweep)
	assert.Equal(t, result.Pass, res.Verdict, res.Reason)
	assert.Equal(t, []result.Found{
		{Arm: "off", Number: 150, Limit: result.LimitRange, Confirmed: true},
		{Arm: "context", Number: 150, Limit: result.LimitRange, Confirmed: true},
	}, res.Sweep.Found)
	require.Len(t, res.Arms, 2)
	assert.Equal(t, []string{"off", "context"}, []string{res.Arms[0].Name, res.Arms[1].Name})
	assert.EqualValues(t, 75, res.Arms[1].Sent, "the whole duration")
}

func TestSearchFindsNothingWhereTheLowestMisses(t *testing.T) {
	t.Parallel()
	res := runScenario(t, `
warmup: 0s
duration: 500ms
senders: [{name: sensors, rate: 20/s, topic: bench}]
receivers: [{name: backend, filter: bench}]
search: {over: senders.sensors.rate, from: 50/s, to: 150/s, step: 250ms}
thresholds: [sent < 1]
`)
	assert.Equal(t, result.Fail, res.Verdict)
	assert.Equal(t, "50/s, the lowest value, did not hold", res.Reason)
	assert.Equal(t, []result.Found{{Arm: "off", Limit: result.LimitThresholds}}, res.Sweep.Found)
	assert.Len(t, res.Sweep.Steps, 2, "a miss is tried twice")
}

// A search is as good as its steps: here they are played.
func TestSearchHalvesItsWayToTheLimit(t *testing.T) {
	for _, limit := range []float64{120, 333, 999, 4000} {
		sc, err := scenarios.Decode("x.yaml", []byte(`
duration: 10s
senders: [{name: a, rate: 100/s, topic: t}]
search: {over: "senders[0].rate", from: 100/s, to: 100000/s, precision: 0.05}
`))
		require.NoError(t, err)
		s := &searching{steps: newSteps(sc, sc.Search.Over, Options{}), search: sc.Search, arm: sc.Tracing.Arms()[0]}
		tries := 0
		s.try = func(_ context.Context, number float64, _ scenarios.Duration, role string) (answer, error) {
			tries++
			s.sweep.Steps = append(s.sweep.Steps, result.Step{Number: number, Role: role})
			if number > limit {
				return misses, nil
			}
			return holds, nil
		}
		found, err := s.find(t.Context())
		require.NoError(t, err)
		assert.LessOrEqual(t, found.Number, limit)
		assert.GreaterOrEqual(t, found.Number*1.05, limit)
		assert.Less(t, tries, 30)
	}
}

func TestArrivedInTime(t *testing.T) {
	arm := func(received uint64, minimum int64) result.Arm {
		return result.Arm{
			Sent: 1000, Delivery: result.Delivery{Expected: 2000},
			Latency: map[string]result.Latency{result.Response: {MinNS: minimum}},
			Series: []result.Point{
				{AtNS: -1e9, LengthNS: 1e9, Scheduled: 500, Received: 1},
				{AtNS: 0, LengthNS: 1e9, Scheduled: 1000, Received: received},
				{AtNS: 1e9, LengthNS: 1e9, Scheduled: 0, Received: 500},
			},
		}
	}
	share, allowed := arrivedInTime(arm(1900, 1e6))
	assert.InDelta(t, 0.95, share, 1e-9, "two copies of each, the rest came later")
	assert.InDelta(t, 0.989, allowed, 1e-9)
	_, allowed = arrivedInTime(arm(1900, 100e6))
	assert.InDelta(t, 0.89, allowed, 1e-9, "what is on a long way cannot have arrived")
}

// A broker that is throttled to a known rate is found to have it: here by a network that lets a receiver have so many bits a second. On a
// busy machine steps far below that may miss: the search finds less then, but never more, and is repeated.
func TestSearchFindsAKnownLimit(t *testing.T) {
	const bitsPerSecond, tolerance, mostAttempts = 1_600_000, 0.05, 4
	for range mostAttempts {
		res := runScenario(t, `
broker: mosquitto
warmup: 0s
duration: 3s
senders: [{name: sensors, rate: 20/s, topic: bench, payload: {size: 1000}}]
receivers: [{name: backend, filter: bench}]
faults: [{at: 0s, network: {bandwidth: 1600kbit/s}, on: receivers}]
search: {over: senders.sensors.rate, from: 100/s, to: 400/s, step: 2s, precision: 0.02}
`)
		require.Len(t, res.Sweep.Found, 1)
		found := res.Sweep.Found[0]
		limit := bitsPerSecond / 8 / res.Arms[0].Cost.WireBytesPerMessage
		t.Logf("found %.1f/s in %d steps, the network lets %.1f/s through", found.Number, len(res.Sweep.Steps), limit)
		require.LessOrEqual(t, found.Number, limit*(1+tolerance))
		if !slices.ContainsFunc(res.Sweep.Steps, func(s result.Step) bool { return s.Number < 0.98*limit && s.Verdict != result.Pass }) {
			assert.InEpsilon(t, limit, found.Number, tolerance)
			assert.True(t, found.Confirmed)
			return
		}
	}
	t.Log("what was found is not judged: the machine was too busy for what is far below the limit")
}

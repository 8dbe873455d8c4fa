package load

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
)

func TestReceiversComeLateAndLeaveEarly(t *testing.T) {
	t.Parallel()
	for _, broker := range []string{"embedded", "mosquitto"} {
		for _, qos := range []string{"0", "1"} {
			t.Run(broker+"/qos="+qos, func(t *testing.T) {
				t.Parallel()
				res := runScenario(t, `
broker: `+broker+`
warmup: 100ms
duration: 2s
senders:
  - {name: sensors, count: 5, rate: 100/s, topic: "bench/{sender}", qos: `+qos+`}
  - {name: others, count: 2, rate: 100/s, topic: ["bench/other/{sender}", elsewhere], qos: `+qos+`}
receivers:
  - {name: always, filter: bench/#, qos: `+qos+`}
  - {name: late, count: 2, filter: bench/#, qos: `+qos+`, start: 500ms}
  - {name: early, filter: bench/#, qos: `+qos+`, stop: 1s}
  - {name: between, filter: bench/#, count: 2, qos: `+qos+`, start: 500ms, stop: 1500ms}
`)
				a := res.Arms[0]
				assert.NotEqual(t, result.Fail, res.Verdict, res.Reason)
				assert.EqualValues(t, 1400, a.Sent)
				assert.Zero(t, a.Delivery.Lost)
				got := map[string]uint64{}
				for _, f := range a.Delivery.Flows {
					assert.Equal(t, f.Expected, f.Received, f.Receiver)
					got[f.Receiver] += f.Received
				}
				assert.EqualValues(t, 1200, got["always"])
				for receiver, all := range map[string]uint64{"late": 2 * 1200, "early": 1200, "between": 2 * 1200} {
					if res.Verdict != result.Invalid { // nor do receivers come and go in time then
						assert.Positive(t, got[receiver], receiver)
						assert.Less(t, got[receiver], all, receiver)
					}
				}
				var stages []string
				for _, s := range res.Stages {
					stages = append(stages, s.Group+" "+s.Name+" "+time.Duration(s.AtNS).String()+" "+time.Duration(s.ForNS).String())
				}
				assert.Equal(t, []string{"early subscribed 0s 1s", "late subscribed 500ms 1.5s", "between subscribed 500ms 1s"}, stages)
			})
		}
	}
}

func TestReceiversComeAndGo(t *testing.T) {
	t.Parallel()
	for _, broker := range []string{"embedded", "mosquitto"} {
		for _, client := range []string{"lean", "paho"} {
			t.Run(broker+"/"+client, func(t *testing.T) {
				t.Parallel()
				res := runScenario(t, `
broker: `+broker+`
client: `+client+`
warmup: 0s
duration: 2s
senders: [{name: sensors, count: 5, rate: 100/s, topic: "bench/{sender}", qos: 1}]
receivers:
  - {name: churned, count: 4, filter: bench/#, qos: 1, lifetime: {min: 200ms, max: 500ms}, pause: {mean: 50ms}}
`)
				a := res.Arms[0]
				assert.NotEqual(t, result.Fail, res.Verdict, res.Reason)
				assert.EqualValues(t, 1000, a.Sent)
				assert.Zero(t, a.Delivery.Lost)
				require.Len(t, a.Delivery.Flows, 1)
				if res.Verdict != result.Invalid { // nor do receivers come and go in time then
					assert.Less(t, a.Delivery.Flows[0].Expected, uint64(4000), "nothing is owed to those who are away")
					assert.Greater(t, a.Delivery.Flows[0].Expected, uint64(1000))
					assert.Greater(t, a.Latency[result.Connect].Count, uint64(5+4), "some have come back")
				}
			})
		}
	}
}

func TestSilentRunsLastAsLongAsTheyShould(t *testing.T) {
	t.Parallel()
	res := runScenario(t, `
broker: embedded
warmup: 0s
duration: 2s
senders:
  - {name: idle, count: 3, topic: "bench/{sender}", idle: true}
  - {name: short, rate: 10/s, stop: 200ms, topic: bench/short, start_jitter: false}
receivers: [{name: late, filter: "bench/#", start: 1500ms}]
`)
	a := res.Arms[0]
	assert.Equal(t, result.Pass, res.Verdict, res.Reason)
	assert.EqualValues(t, 2, a.Sent)
	assert.Zero(t, a.Delivery.Expected, "it was sent before anybody came")
	assert.GreaterOrEqual(t, a.ElapsedNS, int64(2*time.Second))
	assert.EqualValues(t, 5, a.Latency[result.Connect].Count)
}

func TestStretchesOfSeveralMembersAreOne(t *testing.T) {
	at := func(n uint32) mark { return mark{seq: n} }
	during := func(low, high uint32) *window { return &window{low: []mark{at(low)}, high: []mark{at(high)}} }
	p := &presence{windows: []*window{during(50, 60), during(10, 20), during(15, 30), {low: []mark{at(90)}}, during(5, 5), during(60, 70)}}
	assert.Equal(t, []stretch{{at(10), at(30)}, {at(50), at(70)}, {at(90), at(100)}}, p.stretches(0, at(100)))
	assert.Equal(t, []stretch{{at(10), at(30)}, {at(50), at(55)}}, p.stretches(0, at(55)), "what was not handed over after all is not owed")
}

func TestMembersOfSharedSubscriptionsComeAndGo(t *testing.T) {
	t.Parallel()
	for _, broker := range []string{"embedded", "mosquitto"} {
		for _, client := range []string{"lean", "paho"} {
			for qos, late := range map[string]string{"0": "work: 1ms", "1": "ack_delay: 30ms", "2": "ack_delay: 30ms"} {
				t.Run(broker+"/"+client+"/qos="+qos, func(t *testing.T) {
					t.Parallel()
					res := runScenario(t, `
broker: `+broker+`
client: `+client+`
warmup: 0s
duration: 3s
senders: [{name: sensors, count: 5, rate: 100/s, topic: "bench/{sender}", qos: `+qos+`}]
receivers:
  - {name: constant, filter: $share/workers/bench/#, qos: `+qos+`}
  - {name: restless, count: 3, filter: $share/workers/bench/#, qos: `+qos+`, lifetime: {min: 200ms, max: 500ms}, pause: {mean: 50ms}}
  - {name: early, count: 2, filter: $share/workers/bench/#, qos: `+qos+`, stop: 1500ms, `+late+`}
`)
					a := res.Arms[0]
					assert.NotEqual(t, result.Fail, res.Verdict, res.Reason)
					assert.EqualValues(t, 1500, a.Sent)
					assert.EqualValues(t, 1500, a.Delivery.Expected, "there is always somebody")
					assert.EqualValues(t, 1500, a.Delivery.Received)
					assert.Zero(t, a.Delivery.Lost)
					assert.Zero(t, a.Delivery.Duplicated)
					if res.Verdict != result.Invalid { // nor do receivers come back in time then
						assert.Greater(t, a.Latency[result.Connect].Count, uint64(5+6), "some have come back")
					}
				})
			}
		}
	}
}

func TestNothingIsOwedWhenTheLastMemberIsGone(t *testing.T) {
	t.Parallel()
	for _, broker := range []string{"embedded", "mosquitto"} {
		t.Run(broker, func(t *testing.T) {
			t.Parallel()
			res := runScenario(t, `
broker: `+broker+`
warmup: 100ms
duration: 3s
senders: [{name: sensors, count: 5, rate: 100/s, topic: "bench/{sender}", qos: 1}]
receivers:
  - {name: early, count: 2, filter: $share/workers/bench/#, qos: 1, stop: 500ms}
  - {name: between, filter: $share/workers/bench/#, qos: 1, start: 300ms, stop: 1s}
  - {name: late, filter: $share/workers/bench/#, qos: 1, start: 2500ms}
`)
			a := res.Arms[0]
			assert.NotEqual(t, result.Fail, res.Verdict, res.Reason)
			assert.EqualValues(t, 1500, a.Sent)
			assert.Zero(t, a.Delivery.Lost)
			assert.Positive(t, a.Delivery.Expected)
			if res.Verdict != result.Invalid { // nor do receivers come and go in time then
				assert.Less(t, a.Delivery.Expected, uint64(1500), "nobody is there for a second and a half")
			}
			require.Len(t, a.Delivery.Flows, 1)
			assert.True(t, a.Delivery.Flows[0].Shared)
		})
	}
}

func TestReceiverThatStopsLeavesItsSession(t *testing.T) {
	t.Parallel()
	res := runScenario(t, `
broker: mosquitto
warmup: 0s
duration: 2s
senders: [{name: sensors, rate: 100/s, topic: bench, qos: 1}]
receivers: [{name: early, filter: bench, qos: 1, stop: 500ms, session_expiry: 60s}]
`)
	a := res.Arms[0]
	assert.NotEqual(t, result.Fail, res.Verdict, res.Reason)
	assert.Zero(t, a.Delivery.Lost)
	if res.Verdict != result.Invalid { // nor does the receiver leave in time then
		assert.Less(t, a.Delivery.Expected, uint64(200))
	}
}

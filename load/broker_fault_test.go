package load

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
)

// addsUp asserts that the ledger agrees with itself, with its examples and with the faults, message by message.
func addsUp(t *testing.T, res *result.Result) {
	t.Helper()
	d := res.Arms[0].Delivery
	assert.Equal(t, d.Expected, d.Received+d.Lost)
	assert.Equal(t, res.Arms[0].Received, d.Received+d.Duplicated)
	assert.LessOrEqual(t, d.Unpromised, d.Lost)
	var lost, duplicated uint64
	for _, f := range res.Faults {
		lost += f.Lost
		duplicated += f.Duplicated
	}
	assert.Equal(t, d.Lost, lost, "each lost message is put down to a fault")
	assert.Equal(t, d.Duplicated, duplicated)
	assert.Len(t, d.LostExamples, int(min(d.Lost, result.MaxExamples)))
	assert.Len(t, d.DuplicatedExamples, int(min(d.Duplicated, result.MaxExamples)))
	assert.Len(t, d.ReorderedExamples, int(min(d.Reordered, result.MaxExamples)))
}

// nothingLost is what a broker that keeps its sessions owes to clients that keep theirs.
func nothingLost(t *testing.T, d result.Delivery) {
	assert.Zero(t, d.Lost)
	assert.Empty(t, d.Violations)
}

// nothingPromised is what clients get whose sessions end with their connections.
func nothingPromised(t *testing.T, d result.Delivery) {
	assert.Equal(t, d.Lost, d.Unpromised, "what was sent before the receiver had subscribed again")
	assert.Empty(t, d.Violations)
}

// promiseBroken is what clients get who keep their sessions, of a broker that does not. How much it loses is a matter of who comes
// back first.
func promiseBroken(t *testing.T, d result.Delivery) {
	assert.Zero(t, d.Unpromised)
	if d.Lost > 0 {
		assert.Equal(t, []string{fmt.Sprintf("sensors → backend: %d of 500 messages lost at QoS 1", d.Lost)}, d.Violations)
	}
}

func TestBrokerFault(t *testing.T) {
	t.Parallel()
	const (
		persistent = "{name: mosquitto, persistence: true}"
		dead       = "{at: 3s, for: 1s, broker: kill}"
		restarted  = "{at: 3s, broker: restart}"
		sessions   = "qos: 1, session_expiry: 1h"
	)
	cases := []struct {
		name, broker, fault, clients string
		check                        func(*testing.T, result.Delivery)
	}{
		{"killed, persistent sessions", persistent, dead, sessions, nothingLost},
		{"killed and started, persistent sessions", persistent, "{at: 3s, broker: kill}, {at: 4s, broker: start}", sessions, nothingLost},
		{"restarted, persistent sessions", persistent, restarted, sessions, nothingLost},
		{"killed, sessions in memory", "mosquitto", dead, sessions, promiseBroken},
		{"killed, no sessions", "mosquitto", dead, "qos: 1", nothingPromised},
		{"embedded, killed, no sessions", "embedded", dead, "qos: 1", nothingPromised},
		{"embedded, restarted, at most once", "embedded", restarted, "qos: 0", func(t *testing.T, d result.Delivery) { assert.Empty(t, d.Violations) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			res := runScenario(t, `
broker: `+c.broker+`
warmup: 1s
duration: 5s
drain: 5s
senders: [{name: sensors, count: 5, rate: 20/s, topic: "bench/{sender}", `+c.clients+`}]
receivers: [{name: backend, filter: bench/#, `+c.clients+`}]
faults: [`+c.fault+`]
`)
			a := res.Arms[0]
			assert.EqualValues(t, 500, a.Sent, "late, but sent")
			addsUp(t, res)
			c.check(t, a.Delivery)
			require.Len(t, res.Faults, 1, "a start is the end of a fault")
			f := res.Faults[0]
			assert.EqualValues(t, 6, f.ConnectionsLost)
			assert.Zero(t, f.NotReconnected)
			require.NotNil(t, f.DetectedNS)
			assert.Positive(t, *f.DetectedNS)
			require.NotNil(t, f.ReconnectedNS)
			assert.Less(t, *f.ReconnectedNS, int64(time.Minute))
			if res.Verdict != result.Invalid { // nor do a hundred messages arrive in time before the fault then
				assert.NotNil(t, f.BeforeP99NS)
			}
			assert.Positive(t, f.ForNS)
			assert.NotContains(t, res.Reason, "the broker ended")
		})
	}
}

// A first fault that came before anybody could know what response times are like does not keep them from being known at the next.
func TestFaultAfterAnEarlyOne(t *testing.T) {
	t.Parallel()
	res := runScenario(t, `
broker: mosquitto
warmup: 0s
duration: 8s
senders: [{name: sensors, count: 5, rate: 20/s, topic: "bench/{sender}", qos: 1, session_expiry: 1h}]
receivers: [{name: backend, filter: bench/#, qos: 1, session_expiry: 1h}]
faults: [{at: 200ms, for: 300ms, network: cut}, {at: 6s, for: 200ms, network: cut}]
`)
	require.Len(t, res.Faults, 2)
	early, next := res.Faults[0], res.Faults[1]
	if res.Verdict != result.Invalid { // nor do faults begin in time then
		assert.Nil(t, early.BeforeP99NS)
		assert.Nil(t, early.RecoveredNS)
		assert.NotNil(t, next.BeforeP99NS)
	}
}

// Connections that have not been made again by the end are not said to have been.
func TestConnectionsLost(t *testing.T) {
	for away, want := range map[int]string{0: "3 connections lost and made again", 2: "3 connections lost and 2 of them not made again"} {
		r := newRun(t.Context(), scenario(t, "duration: 1s\nsenders: [{name: s, rate: 1/s, topic: t}]"), Options{})
		r.mine = r.crew()
		r.measured.connections, r.measured.away = 3, away
		r.doubtBroker(nil)
		assert.True(t, warned(&result.Result{Warnings: r.warnings}, want), "%v", r.warnings)
	}
}

func TestBrokerPaused(t *testing.T) {
	t.Parallel()
	for _, broker := range []string{"embedded", "mosquitto"} {
		t.Run(broker, func(t *testing.T) {
			t.Parallel()
			res := runScenario(t, `
broker: `+broker+`
warmup: 1s
duration: 6s
senders: [{name: sensors, count: 5, rate: 20/s, topic: "bench/{sender}", qos: 1}]
receivers: [{name: backend, filter: bench/#, qos: 1}]
faults: [{at: 3s, for: 2s, broker: pause}]
`)
			a, f := res.Arms[0], res.Faults[0]
			assert.EqualValues(t, 600, a.Sent)
			addsUp(t, res)
			nothingLost(t, a.Delivery)
			assert.Zero(t, f.ConnectionsLost)
			assert.Nil(t, f.DetectedNS)
			assert.Nil(t, f.ReconnectedNS)
			if res.Verdict != result.Invalid { // nor does the pause begin and end in time then
				assert.GreaterOrEqual(t, a.Latency[result.Response].MaxNS, int64(1900*time.Millisecond), "the first message of the pause waited for all of it")
				assert.GreaterOrEqual(t, *a.Latency[result.Response].P90NS, int64(time.Second), "a third of the run was spent in it")
				assert.GreaterOrEqual(t, f.Late, uint64(150))
			}
		})
	}
}

func TestClientsDisconnect(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, fault, clients string
		lost                 uint64 // connections
		check                func(*testing.T, result.Delivery)
	}{
		{"receivers with sessions", "{at: 2s, receivers: disconnect}", "qos: 1, session_expiry: 1h", 2, nothingLost},
		{"receivers without", "{at: 2s, receivers: disconnect}", "qos: 1", 2, func(t *testing.T, d result.Delivery) { assert.Empty(t, d.Violations) }},
		{"half of the senders, politely", "{at: 2s, senders: disconnect, share: 50%, how: disconnect}", "qos: 1, session_expiry: 1h", 3, nothingLost},
		{"a group", "{at: 2s, senders: disconnect, on: sensors}", "qos: 0", 6, func(t *testing.T, d result.Delivery) { assert.Empty(t, d.Violations) }},
	}
	for _, broker := range []string{"embedded", "mosquitto"} {
		for _, c := range cases {
			t.Run(broker+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				res := runScenario(t, `
broker: `+broker+`
warmup: 1s
duration: 4s
drain: 5s
senders: [{name: sensors, count: 6, rate: 20/s, topic: "bench/{sender}", `+c.clients+`}]
receivers: [{name: backend, count: 2, filter: bench/#, `+c.clients+`}]
faults: [`+c.fault+`]
`)
				assert.EqualValues(t, 480, res.Arms[0].Sent)
				addsUp(t, res)
				if broker == "mosquitto" { // mochi drops messages of sessions that are being resumed
					c.check(t, res.Arms[0].Delivery)
				}
				f := res.Faults[0]
				assert.Equal(t, c.lost, f.ConnectionsLost)
				assert.Zero(t, f.NotReconnected)
				assert.NotNil(t, f.ReconnectedNS)
			})
		}
	}
}

package load

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
)

// assertBalance checks that every span of an arm is accounted for.
func assertBalance(t *testing.T, s *result.Spans) {
	t.Helper()
	assert.Equal(t, s.Sampled, s.Ended, "every span ends")
	assert.Equal(t, s.Ended, s.Exported+s.Dropped+s.Failed+s.Queued)
	assert.Zero(t, s.Queued, "the last flush succeeded")
	require.NotNil(t, s.Received)
	assert.GreaterOrEqual(t, *s.Received, s.Exported, "what was acknowledged has arrived")
}

func TestExportBalancesToTheSpan(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, tracing string
		check         func(t *testing.T, s *result.Spans)
	}{
		{"gRPC", "{arm: export, batch: {queue: 1000}}", func(t *testing.T, s *result.Spans) {
			assert.EqualValues(t, 800, s.Started)
			assert.Equal(t, s.Started, s.Exported)
			assert.Equal(t, s.Exported, *s.Received)
		}},
		{"HTTP and gzip", "{arm: export, exporter: {protocol: http/protobuf, compression: gzip}, batch: {queue: 1000}}", func(t *testing.T, s *result.Spans) {
			assert.EqualValues(t, 800, s.Exported)
			assert.Equal(t, s.Exported, *s.Received)
		}},
		{"sampled", "{arm: export, sampler: {traceidratio: 0.1}, batch: {queue: 1000}}", func(t *testing.T, s *result.Spans) {
			assert.EqualValues(t, 800, s.Started)
			assert.Less(t, s.Sampled, s.Started/2)
			assert.Zero(t, s.Sampled%2, "both sides agree")
			assert.Equal(t, s.Sampled, s.Exported)
			assert.Equal(t, s.Messages, s.Whole)
		}},
		{"queue too small", "{arm: export, batch: {queue: 16, size: 16, delay: 1s}}", func(t *testing.T, s *result.Spans) {
			assert.Positive(t, s.Dropped, "and it says so")
			assert.Equal(t, s.Exported, *s.Received)
			assert.Equal(t, s.Messages, s.Whole, "what the exporter loses does not break the traces in process")
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			res := runScenario(t, `
broker: mosquitto
warmup: 0s
duration: 1s
senders: [{name: sensors, count: 2, topic: "bench/{sender}", burst: {every: 250ms, messages: 50}}]
receivers: [{name: backend, filter: bench/#}]
tracing: `+c.tracing+`
`)
			a := res.Arms[0]
			assert.EqualValues(t, 400, a.Sent)
			assert.NotNil(t, a.Process.Sink)
			assertBalance(t, a.Spans)
			c.check(t, a.Spans)
		})
	}
}

func TestExporterUnderStress(t *testing.T) {
	t.Parallel()
	cases := []struct{ name, fault string }{
		{"slow", "{at: 500ms, for: 1s, exporter: slow, delay: 100ms}"},
		{"stall", "{at: 500ms, for: 1s, exporter: stall}"},
		{"refuse", "{at: 500ms, for: 1s, exporter: refuse}"},
		{"kill", "{at: 500ms, for: 1s, exporter: kill}"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			res := runScenario(t, `
broker: mosquitto
warmup: 0s
duration: 2s
senders: [{name: sensors, count: 2, rate: 250/s, topic: "bench/{sender}", qos: 1}]
receivers: [{name: backend, filter: bench/#, qos: 1}]
tracing: {arm: export, batch: {queue: 256, size: 64, delay: 100ms, timeout: 500ms}}
faults: [`+c.fault+`]
`)
			a := res.Arms[0]
			assert.EqualValues(t, 1000, a.Sent, "the load goes on")
			assert.Zero(t, a.Delivery.Lost)
			assert.Len(t, res.Faults, 1)
			assert.Positive(t, a.Spans.Exported)
			assertBalance(t, a.Spans)
			if c.name != "slow" {
				assert.Positive(t, a.Spans.Dropped+a.Spans.Failed, "a second of spans does not fit into the queue")
			}
		})
	}
}

// tooBusy reports whether a machine was too busy to tell the arms of some slices apart, which are left out of what a message costs.
func tooBusy(res *result.Result) bool { return warned(res, "slices were left out") }

// everyArm runs all arms in turns, and again where the machine was too busy for that.
func everyArm(t *testing.T) *result.Result {
	t.Helper()
	const mostAttempts = 3
	var res *result.Result
	for range mostAttempts {
		res = runScenario(t, `
broker: mosquitto
warmup: 200ms
duration: 2500ms
senders: [{name: sensors, count: 4, rate: 50/s, topic: "bench/{sender}", qos: 1}]
receivers: [{name: backend, count: 2, filter: bench/#, qos: 1}]
tracing:
  compare: [off, context, record, export, {arm: context, tracestate: 3, baggage: 500, payload: 1000}]
  slice: 100ms
`)
		require.Len(t, res.Arms, 5)
		if !tooBusy(res) {
			break
		}
	}
	return res
}

func TestCompareRunsEveryArm(t *testing.T) {
	res := everyArm(t)
	for _, a := range res.Arms {
		if !tooBusy(res) {
			assert.Positive(t, a.Cost.SendCPUNSPerMessage, a.Name)
			assert.Positive(t, a.Cost.ReceiveCPUNSPerMessage, a.Name)
		}
		assert.Positive(t, a.Sent, a.Name)
		assert.Equal(t, a.Scheduled, a.Sent, a.Name)
		assert.Equal(t, 2*a.Sent, a.Delivery.Received, a.Name)
		assert.Zero(t, a.Delivery.Lost, a.Name)
		assert.Len(t, a.Series, 5, a.Name)
		assert.Equal(t, a.Name == "record" || a.Name == "export", a.Spans != nil)
		if a.Spans != nil {
			assert.Equal(t, a.Spans.Messages, a.Spans.Whole, a.Name)
			assert.Equal(t, 2*a.Sent, a.Spans.Messages, a.Name)
		}
	}
	assertBalance(t, res.Arms[3].Spans)
	const traceparent = 5 + 11 + 55 // identifier and lengths, name, value
	wire := func(arm int) float64 { return res.Arms[arm].Cost.WireBytesPerMessage }
	assert.InDelta(t, traceparent, wire(1)-wire(0), 1.5, "and perhaps a byte of length")
	assert.Equal(t, wire(1), wire(2))
	assert.Greater(t, wire(4)-wire(1), 3*16+500+1000-128.0)
}

package load

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
	"mqttrace/load/result"
)

// startMosquitto starts a broker that the run does not own.
func startMosquitto(t *testing.T, cfg broker.MosquittoConfig) *broker.Broker {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	b, err := cfg.Start(ctx)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.Stop(context.Background())) })
	return b
}

// at returns a progress function that calls do once, when the run has come that far.
func at(elapsed time.Duration, do func()) func(Progress) {
	var once sync.Once
	return func(p Progress) {
		if p.Phase == Measuring && p.Elapsed >= elapsed {
			once.Do(do)
		}
	}
}

// A generator that waits for the broker before it looks at the clock again reports a stall of two seconds as a handful of slow
// messages. Here every message that was due in the stall counts from when it was due.
func TestStallIsNotOmitted(t *testing.T) {
	t.Parallel()
	const stall = 2 * time.Second
	for _, qos := range []string{"0", "1"} {
		t.Run("qos="+qos, func(t *testing.T) {
			t.Parallel()
			b := startMosquitto(t, broker.MosquittoConfig{})
			var stalled, resumed clock.Instant
			ended := make(chan struct{})
			options := Options{Progress: at(5*time.Second, func() {
				assert.NoError(t, b.Pause())
				stalled = clock.Now()
				time.AfterFunc(stall, func() {
					defer close(ended)
					resumed = clock.Now()
					assert.NoError(t, b.Resume())
				})
			})}
			res, err := Run(t.Context(), scenario(t, `
broker: `+b.URL()+`
warmup: 0s
duration: 10s
senders: [{name: sensors, count: 10, rate: 20/s, topic: "bench/{sender}", qos: `+qos+`}]
receivers: [{name: backend, filter: bench/#, qos: `+qos+`}]
`), options)
			require.NoError(t, err)
			<-ended
			a := res.Arms[0]
			assert.EqualValues(t, 2000, a.Scheduled)
			assert.EqualValues(t, a.Scheduled, a.Sent, "late, but sent")
			assert.Zero(t, a.Delivery.Lost)
			if res.Verdict == result.Invalid { // nor need the stall begin before the last message is through then
				t.Log("response times are not judged: " + res.Reason)
				return
			}
			response := a.Latency[result.Response]
			assert.GreaterOrEqual(t, *response.P99NS, int64(time.Second), "a fifth of the run was spent in the stall")
			assert.GreaterOrEqual(t, response.MaxNS, int64(stall-100*time.Millisecond))
			assert.InDelta(t, int64(resumed.Sub(stalled)), response.MaxNS, float64(2*time.Second), "about the stall")
		})
	}
}

// counter reads a counter that Mosquitto publishes, as of its last update before now.
func counter(t *testing.T, b *broker.Broker, name string) uint64 {
	t.Helper()
	values := make(chan uint64, 100)
	c, err := mqtt.Connect(t.Context(), mqtt.Settings{Address: b.Addr(), ClientID: "watcher"}, mqtt.Handlers{Message: func(d mqtt.Delivery) {
		n, err := strconv.ParseUint(string(d.Payload), 10, 64)
		assert.NoError(t, err)
		values <- n
	}})
	require.NoError(t, err)
	defer c.Close(context.Background())
	_, err = c.Subscribe(t.Context(), "$SYS/broker/"+name, 0)
	require.NoError(t, err)
	select {
	case n := <-values:
		return n
	case <-time.After(30 * time.Second):
		require.FailNow(t, "the broker says nothing about "+name)
		return 0
	}
}

func TestCountsAgreeWithTheBrokers(t *testing.T) {
	t.Parallel()
	b := startMosquitto(t, broker.MosquittoConfig{})
	res := runScenario(t, `
broker: `+b.URL()+`
warmup: 0s
duration: 5s
senders: [{name: sensors, count: 10, rate: 50/s, topic: "bench/{sender}", qos: 1}]
receivers: [{name: backend, filter: bench/#, qos: 1}]
`)
	a := res.Arms[0]
	assert.EqualValues(t, 2500, a.Sent)
	assert.Equal(t, a.Sent, a.Acked)
	assert.Equal(t, a.Sent, a.Received)
	// The broker has seen the probes too: at least one, and each went to the one receiver. It counts what it tells the
	// watchers as well, one message or two for each, but not among what it received.
	var received, watchers uint64
	require.Eventually(t, func() bool {
		received = counter(t, b, "publish/messages/received")
		watchers++
		return received > a.Sent
	}, time.Minute, 200*time.Millisecond)
	probes := received - a.Sent
	assert.LessOrEqual(t, probes, uint64(50))
	sent := counter(t, b, "publish/messages/sent")
	assert.GreaterOrEqual(t, sent, a.Received+probes)
	assert.LessOrEqual(t, sent, a.Received+probes+2*watchers)
}

func TestBrokerKilledInMidRun(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"embedded", "mosquitto"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var r *run
			options := Options{Progress: at(500*time.Millisecond, func() { assert.NoError(t, r.target.process.current().Kill()) })}
			r = newRun(t.Context(), scenario(t, `
broker: `+name+`
warmup: 0s
duration: 1m
senders: [{name: sensors, count: 3, rate: 100/s, topic: "bench/{sender}", qos: 1}]
receivers: [{name: backend, filter: bench/#, qos: 1}]
`), options)
			res, err := r.execute(t.Context())
			require.NoError(t, err)
			assert.Equal(t, result.Invalid, res.Verdict)
			assert.Contains(t, res.Reason, "the broker ended")
			a := res.Arms[0]
			assert.Positive(t, a.Received, "what was measured is kept")
			assert.Less(t, a.Scheduled, uint64(18_000), "and nothing was due after the end")
			assert.GreaterOrEqual(t, a.Scheduled, a.Sent)
		})
	}
}

func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	res, err := Run(ctx, scenario(t, `
broker: embedded
warmup: 0s
duration: 1m
senders: [{name: sensors, count: 3, rate: 10/s, topic: "bench/{sender}", qos: 1}]
receivers: [{name: backend, filter: bench/#, qos: 1}]
`), Options{Progress: at(500*time.Millisecond, cancel)})
	require.NoError(t, err)
	assert.Equal(t, result.Interrupted, res.Verdict)
	a := res.Arms[0]
	assert.Positive(t, a.Sent)
	assert.Zero(t, a.Delivery.Lost, "what was under way has been drained")
	assert.LessOrEqual(t, a.Unsent, uint64(3), "at most the message that each sender was about to send")
}

func TestInterruptedBeforeTheLoad(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Run(ctx, scenario(t, `
broker: embedded
duration: 1m
senders: [{name: sensors, rate: 100/s, topic: bench}]
receivers: [{name: backend, filter: bench}]
`), Options{Progress: func(p Progress) { cancel() }})
	assert.ErrorIs(t, err, context.Canceled)
}

func TestCannotStart(t *testing.T) {
	t.Parallel()
	acl := filepath.Join(t.TempDir(), "acl")
	require.NoError(t, os.WriteFile(acl, []byte("topic readwrite open/#\n"), 0o600))
	guarded := startMosquitto(t, broker.MosquittoConfig{ACLFile: acl})
	atMostOnce := startMosquitto(t, broker.MosquittoConfig{Extra: []string{"max_qos 0", "retain_available false"}})
	cases := []struct {
		name, yaml string
		want       []string
	}{
		{"nobody listens", "broker: mqtt://127.0.0.1:1\nsenders: [{name: s, rate: 1/s, topic: t}]", []string{"127.0.0.1:1", "connection refused"}},
		{"QoS not supported", "broker: " + atMostOnce.URL() + "\nsenders: [{name: s, rate: 1/s, topic: t, qos: 1}]", []string{"sender s", "QoS 1", "Maximum QoS is 0"}},
		{"retain not available", "broker: " + atMostOnce.URL() + "\nsenders: [{name: s, rate: 1/s, topic: t, retain: true}]", []string{"sender s", "Retain Available"}},
		{"not allowed to publish", "broker: " + guarded.URL() + "\nsenders: [{name: s, rate: 1/s, topic: secret}]\nreceivers: [{name: r, filter: secret}]",
			[]string{"subscribed to secret", "no message published to it arrived", "does the broker allow"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := Run(t.Context(), scenario(t, "duration: 10s\n"+c.yaml), Options{})
			require.Error(t, err)
			for _, want := range c.want {
				assert.ErrorContains(t, err, want)
			}
		})
	}
}

func TestRefusedMessagesAreNotLost(t *testing.T) {
	t.Parallel()
	acl := filepath.Join(t.TempDir(), "acl")
	require.NoError(t, os.WriteFile(acl, []byte("topic readwrite open/#\ntopic read bench/#\n"), 0o600))
	b := startMosquitto(t, broker.MosquittoConfig{ACLFile: acl})
	res := runScenario(t, `
broker: `+b.URL()+`
warmup: 0s
duration: 1s
senders: [{name: sensors, rate: 50/s, topic: bench/a, qos: 1}]
`)
	a := res.Arms[0]
	assert.Equal(t, result.Fail, res.Verdict)
	assert.Contains(t, res.Reason, "refused 50 of 50")
	assert.EqualValues(t, 50, a.Refused)
	assert.Zero(t, a.Delivery.Lost)
}

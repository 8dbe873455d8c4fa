package load

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
	"mqttrace/load/result"
	"mqttrace/scenarios"
)

// warned reports whether a result has a warning with all of these words.
func warned(res *result.Result, words ...string) bool {
	for _, w := range res.Warnings {
		all := true
		for _, word := range words {
			all = all && strings.Contains(w.Text, word)
		}
		if all {
			return true
		}
	}
	return false
}

// TestReceiverResumesItsSession lets receivers go away in the middle of a run: nothing is lost.
func TestReceiverResumesItsSession(t *testing.T) {
	t.Parallel()
	for _, broker := range brokers {
		for _, client := range []string{"lean", "paho"} {
			t.Run(broker+"/"+client, func(t *testing.T) {
				t.Parallel()
				r := newRun(t.Context(), scenario(t, `
broker: `+broker+`
client: `+client+`
warmup: 0s
duration: 1500ms
drain: 5s
senders: [{name: sensors, count: 2, rate: 50/s, topic: "bench/{sender}", qos: 1}]
receivers: [{name: backend, count: 2, filter: bench/+, qos: 1, keep_alive: 5s, session_expiry: 60s, lifetime: 400ms, pause: 200ms}]
`), Options{})
				res, err := r.execute(t.Context())
				require.NoError(t, err)
				a := res.Arms[0]
				if broker == "mosquitto" { // the embedded broker may lose or mix up what waits in a session
					assert.NotEqual(t, result.Fail, res.Verdict, res.Reason)
					assert.Zero(t, a.Delivery.Lost)
				}
				assert.EqualValues(t, 300, a.Delivery.Expected)
				if res.Verdict != result.Invalid { // nor do receivers come back in time then
					assert.Positive(t, r.sessionsResumed.Load())
				}
				assert.Zero(t, r.sessionsLost.Load())
				assert.False(t, warned(res, "Session Present"), res.Warnings)
			})
		}
	}
}

// TestSubscriptionOptions subscribes beside retained messages of somebody else's, with every option.
func TestSubscriptionOptions(t *testing.T) {
	t.Parallel()
	for _, broker := range brokers {
		for _, c := range []struct {
			options string
			foreign uint64
		}{
			{"", 1},
			{"retain_handling: send, retain_as_published: true", 1},
			{"retain_handling: dont_send, subscription_identifier: 7, receive_maximum: 5, topic_alias_maximum: 10, no_local: true", 0},
		} {
			t.Run(broker+"/"+c.options, func(t *testing.T) {
				t.Parallel()
				r := newRun(t.Context(), scenario(t, `
broker: `+broker+`
warmup: 0s
duration: 500ms
senders: [{name: sensors, rate: 100/s, topic: "bench/{sender}", qos: 1, retain: true}]
receivers: [{name: backend, filter: bench/#, qos: 1, `+c.options+`}]
`), Options{})
				var stranger *mqtt.Client
				r.started = func(target *target) {
					stranger = strangerTo(t, target)
					say(t, stranger, &paho.Publish{Topic: "bench/old", QoS: 1, Retain: true, Payload: []byte("of an earlier run")})
				}
				var left []string
				r.cleared = func() { left = retainedOn(t, r.target) }
				res, err := r.execute(t.Context())
				require.NoError(t, err)
				a := res.Arms[0]
				assert.EqualValues(t, 50, a.Delivery.Received)
				assert.Equal(t, c.foreign, a.Delivery.Foreign)
				assert.EqualValues(t, 50, a.Latency[result.Response].Count)
				assert.False(t, warned(res, "subscription identifier"), res.Warnings)
				assert.Equal(t, []string{"bench/old"}, left, "what the run retained has been cleared")
			})
		}
	}
}

// strangerTo connects a client that is none of the run's.
func strangerTo(t *testing.T, target *target) *mqtt.Client {
	t.Helper()
	settings := target.settings
	settings.ClientID = "stranger"
	client, err := mqtt.Connect(t.Context(), settings, mqtt.Handlers{})
	require.NoError(t, err)
	t.Cleanup(func() { client.Close(context.Background()) })
	return client
}

func say(t *testing.T, client *mqtt.Client, p *paho.Publish) {
	t.Helper()
	outcome, err := client.Send(t.Context(), p.QoS, func(clock.Instant) *paho.Publish { return p }, nil)
	require.NoError(t, err)
	require.NoError(t, outcome.Err)
}

// retainedOn lists the topics of a broker's retained messages.
func retainedOn(t *testing.T, target *target) (retained []string) {
	t.Helper()
	settings := target.settings
	settings.ClientID = "witness"
	seen := make(chan *paho.Publish, 1000)
	client, err := mqtt.Connect(t.Context(), settings, mqtt.Handlers{Message: func(d mqtt.Delivery) { seen <- d.Publish }})
	require.NoError(t, err)
	defer client.Close(context.Background())
	_, err = client.Subscribe(t.Context(), "#", 1)
	require.NoError(t, err)
	say(t, client, &paho.Publish{Topic: "end", QoS: 1})
	for {
		select {
		case p := <-seen:
			if p.Topic == "end" {
				return retained
			}
			retained = append(retained, p.Topic)
		case <-time.After(20 * time.Second):
			require.FailNow(t, "the last message did not come")
		}
	}
}

// TestWill breaks a sender's connection: its will reaches the receivers and is no message of the load.
func TestWill(t *testing.T) {
	t.Parallel()
	for _, broker := range brokers {
		t.Run(broker, func(t *testing.T) {
			t.Parallel()
			r := newRun(t.Context(), scenario(t, `
broker: `+broker+`
warmup: 0s
duration: 1s
senders:
  - name: sensors
    count: 2
    rate: 50/s
    topic: bench/{sender}
    qos: 1
    session_expiry: 30s
    will: {topic: "bench/{sender}/status", payload: "{group} {sender} is gone", qos: 1, retain: true}
receivers: [{name: backend, filter: bench/#, qos: 1}, {name: watch, filter: [bench/+/status, +/1/status], qos: 1}]
`), Options{})
			r.loading = func() { r.senders[1].client.Leave(mqtt.Leaving{Abrupt: true}) }
			var left []string
			r.cleared = func() { left = retainedOn(t, r.target) }
			res, err := r.execute(t.Context())
			require.NoError(t, err)
			d := res.Arms[0].Delivery
			assert.EqualValues(t, map[string]uint64{"mosquitto": 3, "embedded": 2}[broker], d.Wills, "Mosquitto sends one for each filter that matches")
			assert.EqualValues(t, 100, d.Expected, "wills are owed to nobody")
			assert.Zero(t, d.Foreign)
			assert.Zero(t, d.Lost)
			assert.Empty(t, left)
		})
	}
}

// TestBrokersMaximumPacketSize sends what just fits into a broker's largest packet, and a byte more, which is refused before the load.
func TestBrokersMaximumPacketSize(t *testing.T) {
	t.Parallel()
	const limit = 500
	b := startMosquitto(t, broker.MosquittoConfig{Extra: []string{fmt.Sprintf("max_packet_size %d", limit)}})
	cases := map[string]struct{ sender, tracing string }{
		"plain":   {"qos: 0", "{arm: off}"},
		"traced":  {"qos: 1", "{arm: record, tracestate: 2, baggage: 60}"},
		"adorned": {"qos: 2, message_expiry: 1h, properties: {content_type: '{sender}', user: {a: {$counter: {}}}}", "{arm: context}"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scenarioOf := func(payload int) *scenarios.Scenario {
				return scenario(t, fmt.Sprintf(`
broker: %s
warmup: 0s
duration: 500ms
senders: [{name: sensors, rate: 20/s, topic: %s, %s, payload: {size: %d}}]
receivers: [{name: backend, filter: %[2]s}]
tracing: %[5]s
`, b.URL(), name, c.sender, payload, c.tracing))
			}
			send := func(payload int) (*result.Result, error) { return Run(t.Context(), scenarioOf(payload), Options{}) }
			_, err := send(1000)
			var size int
			require.Error(t, err)
			_, scanned := fmt.Sscanf(err.Error(), "sender sensors publishes packets of %d bytes", &size)
			require.NoError(t, scanned, err)
			assert.EqualError(t, err, fmt.Sprintf(
				"sender sensors publishes packets of %d bytes, of which 1000 are payload, but the broker's Maximum Packet Size is 500", size))
			foretold, err := LargestPacket(scenarioOf(1000), result.Limits{})
			require.NoError(t, err)
			assert.Equal(t, PacketSize{Sender: "sensors", Bytes: size, Payload: 1000}, foretold)
			fits := limit - (size - 1000)
			_, err = send(fits + 1)
			assert.ErrorContains(t, err, "packets of 501 bytes")
			res, err := send(fits)
			require.NoError(t, err)
			assert.EqualValues(t, 10, res.Arms[0].Delivery.Received)
			assert.InDelta(t, limit, res.Arms[0].Cost.WireBytesPerMessage, 0)
		})
	}
}

// TestMaximumPacketSize subscribes with less room than some of the messages need: the broker drops those.
func TestMaximumPacketSize(t *testing.T) {
	t.Parallel()
	for _, broker := range brokers {
		t.Run(broker, func(t *testing.T) {
			t.Parallel()
			res := runScenario(t, `
broker: `+broker+`
warmup: 0s
duration: 500ms
drain: 3s
senders:
  - {name: small, rate: 50/s, topic: small, qos: 1, payload: {size: 100}}
  - {name: large, rate: 50/s, topic: large, qos: 1, payload: {size: 1000}}
receivers: [{name: backend, filter: "#", qos: 1, maximum_packet_size: 500B}]
`)
			for _, f := range res.Arms[0].Delivery.Flows {
				want := uint64(25)
				if f.Sender == "large" {
					want = 0
				}
				assert.Equal(t, want, f.Received, f.Sender)
			}
			assert.True(t, warned(res, "backend takes packets of up to 500 bytes, those of large have some 1032 and are dropped"), "%v", res.Warnings)
			assert.False(t, warned(res, "those of small"))
		})
	}
}

package load

import (
	"bytes"
	"context"
	"testing"

	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/clock"
	"mqttrace/load/result"
	"mqttrace/load/stamp"
)

// TestStrangersChangeNothing publishes beside a run, on its topics and others, whatever a stranger might: only the count of foreign
// messages knows.
func TestStrangersChangeNothing(t *testing.T) {
	t.Parallel()
	garbage := bytes.Repeat([]byte{0xff}, stamp.Size)
	strange := func(topic string, p *paho.PublishProperties, payload []byte) *paho.Publish {
		return &paho.Publish{Topic: topic, QoS: 1, Properties: p, Payload: payload}
	}
	for _, broker := range brokers {
		for _, client := range []string{"lean", "paho"} {
			t.Run(broker+"/"+client, func(t *testing.T) {
				t.Parallel()
				r := newRun(t.Context(), scenario(t, `
broker: `+broker+`
client: `+client+`
warmup: 100ms
duration: 1s
senders: [{name: sensors, count: 2, rate: 100/s, topic: "bench/{sender}", qos: 1}]
receivers: [{name: backend, filter: "#", qos: 1}]
tracing: {arm: record}
`), Options{})
				forged := func(s stamp.Stamp) []byte {
					var data [stamp.Size]byte
					s.Run, s.Sent, s.Intended = r.id, clock.Now(), clock.Now()
					s.Encode(&data)
					return data[:]
				}
				said := 0
				done := make(chan struct{})
				r.loading = func() {
					stranger := strangerTo(t, r.target)
					go func() {
						defer close(done)
						for _, p := range []*paho.Publish{
							strange("bench/0", nil, nil),
							strange("bench/1", &paho.PublishProperties{CorrelationData: garbage}, nil),
							strange("bench/0", &paho.PublishProperties{CorrelationData: garbage[:15]}, []byte("short")),
							strange("bench/0", &paho.PublishProperties{}, bytes.Repeat([]byte("x"), 1<<20)),
							strange("bench/1", &paho.PublishProperties{CorrelationData: forged(stamp.Stamp{Sender: 1, Seq: 1 << 31})}, nil),
							strange("bench/1", &paho.PublishProperties{CorrelationData: forged(stamp.Stamp{Sender: 1 << 19})}, nil),
							strange("bench/1", &paho.PublishProperties{CorrelationData: forged(stamp.Stamp{Sender: 0})}, []byte("another's topic")),
							strange("other", &paho.PublishProperties{CorrelationData: forged(stamp.Stamp{Sender: 0})}, nil),
							strange("bench/0", &paho.PublishProperties{User: paho.UserProperties{{Key: willProperty, Value: "nobody"}}}, nil),
							strange("azedge/dmqtt/selftest/pod-0", &paho.PublishProperties{}, []byte("of the broker itself")),
						} {
							_, err := stranger.Send(context.Background(), 1, func(clock.Instant) *paho.Publish { return p }, nil)
							assert.NoError(t, err)
							said++
						}
					}()
				}
				res, err := r.execute(t.Context())
				require.NoError(t, err)
				<-done
				a := res.Arms[0]
				assert.NotEqual(t, result.Fail, res.Verdict, res.Reason)
				assert.Equal(t, 10, said)
				assert.EqualValues(t, said, a.Delivery.Foreign)
				assert.EqualValues(t, 200, a.Delivery.Expected)
				assert.EqualValues(t, 200, a.Delivery.Received)
				assert.Zero(t, a.Delivery.Lost+a.Delivery.Duplicated+a.Delivery.Reordered+a.Delivery.Late+a.Delivery.Wills)
				assert.EqualValues(t, 200, a.Latency[result.Response].Count)
				assert.Equal(t, a.Spans.Messages, a.Spans.Whole)
			})
		}
	}
}

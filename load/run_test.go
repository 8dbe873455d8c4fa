package load

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"mqttrace/load/broker"
	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
	"mqttrace/load/result"
	"mqttrace/scenarios"
)

// scenario decodes a scenario from YAML.
func scenario(t testing.TB, yaml string) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Decode("test.yaml", []byte(yaml))
	require.NoError(t, err)
	return s
}

// runScenario runs a scenario that must be able to start. Unless it says how long to drain, whatever is not lost arrives, also on a slow machine.
func runScenario(t *testing.T, yaml string) *result.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	s := scenario(t, yaml)
	if !strings.Contains(yaml, "\ndrain: ") {
		s.Drain = scenarios.Duration(time.Minute)
	}
	res, err := Run(ctx, s, Options{})
	require.NoError(t, err)
	require.NotEmpty(t, res.Arms)
	return res
}

func TestRunLosesNothing(t *testing.T) {
	t.Parallel()
	for _, broker := range []string{"embedded", "mosquitto"} {
		for _, arm := range []string{"off", "context", "record"} {
			t.Run(broker+"/"+arm, func(t *testing.T) {
				t.Parallel()
				res := runScenario(t, `
broker: `+broker+`
warmup: 0s
duration: 1s
senders: [{name: sensors, count: 5, rate: 100/s, topic: "bench/{sender}", qos: 1}]
receivers: [{name: backend, count: 2, filter: bench/#, qos: 1}]
tracing: {arm: `+arm+`}
`)
				a := res.Arms[0]
				assert.NotEqual(t, result.Fail, res.Verdict, res.Reason)
				assert.EqualValues(t, 500, a.Scheduled)
				assert.EqualValues(t, 500, a.Sent)
				assert.EqualValues(t, 500, a.Acked)
				assert.EqualValues(t, 1000, a.Received)
				assert.EqualValues(t, 1000, a.Delivery.Expected)
				assert.EqualValues(t, 0, a.Delivery.Lost)
				assert.Empty(t, a.Delivery.Violations)
				assert.EqualValues(t, 1000, a.Latency[result.Response].Count)
				assert.EqualValues(t, 500, a.Latency[result.Send].Count)
				assert.EqualValues(t, 7, a.Latency[result.Connect].Count)
				assert.Zero(t, a.Delivery.Foreign)
				if arm != "record" {
					assert.Nil(t, a.Spans)
					return
				}
				assert.EqualValues(t, 1500, a.Spans.Started)
				assert.EqualValues(t, 1500, a.Spans.Ended)
				assert.EqualValues(t, 1000, a.Spans.Messages)
				assert.EqualValues(t, 1000, a.Spans.Whole)
				assert.EqualValues(t, 1000, a.Latency[result.Trace].Count)
			})
		}
	}
}

func TestConsumerSpanIsChildOfTheProducerSpanOfItsMessage(t *testing.T) {
	t.Parallel()
	for _, broker := range []string{"embedded", "mosquitto"} {
		t.Run(broker, func(t *testing.T) {
			t.Parallel()
			sc := scenario(t, `
broker: `+broker+`
warmup: 0s
duration: 1s
senders: [{name: sensors, count: 2, rate: 20/s, topic: "bench/{sender}", qos: 1}]
receivers: [{name: backend, filter: bench/+, qos: 1}]
tracing: {arm: record}
`)
			spans := tracetest.NewSpanRecorder()
			r := newRun(t.Context(), sc, Options{})
			r.processors = []sdktrace.SpanProcessor{spans}
			_, err := r.execute(t.Context())
			require.NoError(t, err)

			producers := make(map[trace.TraceID]sdktrace.ReadOnlySpan)
			var consumers []sdktrace.ReadOnlySpan
			for _, span := range spans.Ended() {
				if span.SpanKind() == trace.SpanKindProducer {
					producers[span.SpanContext().TraceID()] = span
				} else {
					consumers = append(consumers, span)
				}
			}
			assert.Len(t, producers, 40, "a trace for each message")
			require.Len(t, consumers, 40)
			for _, consumer := range consumers {
				producer := producers[consumer.SpanContext().TraceID()]
				require.NotNil(t, producer)
				assert.Equal(t, trace.SpanKindConsumer, consumer.SpanKind())
				assert.Equal(t, producer.SpanContext().SpanID(), consumer.Parent().SpanID())
				assert.True(t, consumer.Parent().IsRemote())
				require.Len(t, consumer.Links(), 1)
				assert.Equal(t, producer.SpanContext().SpanID(), consumer.Links()[0].SpanContext.SpanID())
				assert.Equal(t, "publish bench/{sender}", producer.Name())
				assert.Equal(t, "process bench/+", consumer.Name())
				assert.False(t, consumer.StartTime().Before(producer.StartTime()))
			}
		})
	}
}

func TestLoadShapes(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, yaml string
		check      func(t *testing.T, a result.Arm)
	}{
		{"shared subscription", `
senders: [{name: sensors, count: 2, rate: 200/s, topic: "bench/{sender}", qos: 1}]
receivers: [{name: workers, count: 3, filter: $share/workers/bench/+, qos: 1}]
`, func(t *testing.T, a result.Arm) {
			assert.EqualValues(t, 400, a.Delivery.Expected, "once for the group")
			assert.EqualValues(t, 400, a.Received)
		}},
		{"poisson", `
senders: [{name: sensors, rate: 300/s, arrival: poisson, topic: bench}]
receivers: [{name: backend, filter: bench}]
`, func(t *testing.T, a result.Arm) {
			assert.InDelta(t, 300, float64(a.Scheduled), 100)
			assert.NotContains(t, a.Latency, result.Send, "QoS 0 is not acknowledged")
		}},
		{"as fast as the window allows", `
senders: [{name: sensors, rate: max, window: 10, topic: bench, qos: 1}]
receivers: [{name: backend, filter: bench, qos: 1}]
`, func(t *testing.T, a result.Arm) {
			assert.Positive(t, a.Sent)
			assert.Equal(t, a.Sent, a.Scheduled)
		}},
		{"slow handlers", `
senders: [{name: sensors, rate: 50/s, topic: bench, qos: 1}]
receivers: [{name: backend, filter: bench, qos: 1, work: 5ms}]
`, func(t *testing.T, a result.Arm) {
			assert.GreaterOrEqual(t, *a.Latency[result.ProcessTime].P50NS, int64(5*time.Millisecond))
		}},
		{"two groups with templates, retained, expiring", `
senders:
  - {name: a, count: 2, rate: 60/min, topic: "{group}/{sender}", qos: 1, retain: true, message_expiry: 30s, payload: {json: {n: {$counter: {}}, id: "{group}-{sender}"}}}
  - {name: b, rate: 50/s, topic: b, payload: {size: 0}}
receivers:
  - {name: mine, count: 2, filter: "a/{receiver}", qos: 1}
  - {name: all, filter: "#"}
`, func(t *testing.T, a result.Arm) {
			assert.EqualValues(t, 52, a.Scheduled)
			assert.EqualValues(t, 2+52, a.Delivery.Expected)
			assert.Len(t, a.Delivery.Flows, 3)
		}},
		{"stages", `
senders: [{name: sensors, count: 2, topic: "bench/{sender}", qos: 1, stages: [{to: 400/s, for: 400ms}, {rate: 100/s, for: 300ms}, {rate: 0/s, for: 100ms}, {rate: 50/s, to: 0/s, for: 200ms}]}]
receivers: [{name: backend, filter: bench/#, qos: 1}]
`, func(t *testing.T, a result.Arm) {
			assert.EqualValues(t, 2*(80+30+5), a.Scheduled)
		}},
		{"bursts", `
senders: [{name: sensors, count: 3, topic: "bench/{sender}", qos: 1, burst: {every: 300ms, messages: 50}}]
receivers: [{name: backend, filter: bench/#, qos: 1}]
`, func(t *testing.T, a result.Arm) {
			assert.EqualValues(t, 3*4*50, a.Scheduled, "at 0, 300, 600 and 900 ms")
		}},
		{"interval, jitter and silence", `
senders:
  - {name: slow, count: 20, topic: "bench/{sender}", interval: 500ms, jitter: 100ms}
  - {name: silent, count: 5, topic: silent, idle: true}
receivers: [{name: backend, filter: "#"}]
`, func(t *testing.T, a result.Arm) {
			assert.InDelta(t, 40, float64(a.Scheduled), 20)
			assert.EqualValues(t, 26, a.Latency[result.Connect].Count)
		}},
		{"started late, stopped early", `
senders:
  - {name: first, topic: bench/first, rate: 100/s, stop: 400ms, start_jitter: false, qos: 1}
  - {name: second, topic: bench/second, rate: 100/s, start: 300ms, start_jitter: false, qos: 1}
  - {name: third, topic: bench/third, rate: 100/s, start: 300ms, stop: 600ms, qos: 1}
  - {name: flat-out, topic: bench/max, rate: max, start: 300ms, stop: 900ms, qos: 1, window: 1}
receivers: [{name: backend, filter: bench/#, qos: 1}]
`, func(t *testing.T, a result.Arm) {
			var flows []uint64
			for _, f := range a.Delivery.Flows {
				flows = append(flows, f.Expected)
			}
			require.Len(t, flows, 4)
			assert.Equal(t, []uint64{40, 70, 30}, flows[:3])
			assert.Positive(t, flows[3])
		}},
		{"senders alone", `
senders: [{name: sensors, rate: 100/s, topic: bench, qos: 1}]
`, func(t *testing.T, a result.Arm) {
			assert.Zero(t, a.Delivery.Expected)
			assert.EqualValues(t, 100, a.Acked)
			assert.NotContains(t, a.Latency, result.Response)
		}},
	}
	for _, c := range cases {
		for _, broker := range []string{"embedded", "mosquitto"} {
			t.Run(c.name+"/"+broker, func(t *testing.T) {
				t.Parallel()
				res := runScenario(t, "broker: "+broker+"\nwarmup: 200ms\nduration: 1s\n"+c.yaml)
				a := res.Arms[0]
				assert.NotEqual(t, result.Fail, res.Verdict, res.Reason)
				assert.Equal(t, a.Scheduled, a.Sent)
				assert.Zero(t, a.Delivery.Lost)
				assert.Zero(t, a.Delivery.Duplicated)
				assert.Zero(t, a.Delivery.Reordered)
				c.check(t, a)
			})
		}
	}
}

func TestForeignMessagesAreCountedAndHarmNothing(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	b := startMosquitto(t, broker.MosquittoConfig{})
	stranger, err := mqtt.Connect(ctx, mqtt.Settings{Address: b.Addr(), ClientID: "stranger"}, mqtt.Handlers{})
	require.NoError(t, err)
	defer stranger.Close(ctx)
	garbage := [][]byte{nil, {}, make([]byte, 16), []byte("0123456789abcdef"), make([]byte, 15), make([]byte, 1000)}
	res, err := Run(ctx, scenario(t, `
broker: `+b.URL()+`
warmup: 0s
duration: 3s
senders: [{name: sensors, rate: 50/s, topic: bench/a, qos: 1}]
receivers: [{name: backend, filter: bench/#, qos: 1}]
`), Options{Progress: at(300*time.Millisecond, func() {
		for _, data := range garbage {
			assert.NoError(t, stranger.Publish(ctx, 1, foreign(data), false))
		}
	})})
	require.NoError(t, err)
	d := res.Arms[0].Delivery
	assert.EqualValues(t, len(garbage), d.Foreign)
	assert.EqualValues(t, 150, d.Received)
	assert.Zero(t, d.Lost)
	assert.Empty(t, d.Violations)
}

// foreign is a message that is not the run's, whatever its Correlation Data.
type foreign []byte

func (f foreign) Packet(clock.Instant) *paho.Publish {
	return &paho.Publish{Topic: "bench/a", QoS: 1, Properties: &paho.PublishProperties{CorrelationData: f}, Payload: make([]byte, 1<<20)}
}

func (foreign) Acknowledged(mqtt.Outcome) {}

package mqtt_test

import (
	"context"
	"encoding/binary"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
)

// timeout bounds every wait of these tests; nothing takes a hundredth of it.
const timeout = 30 * time.Second

func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	t.Cleanup(cancel)
	return ctx
}

// starter starts a broker that the test's end stops.
type starter func(t *testing.T) *broker.Broker

func embedded(t *testing.T) *broker.Broker {
	t.Helper()
	b, err := broker.StartEmbedded(deadline(t))
	return owned(t, b, err)
}

func mosquitto(cfg broker.MosquittoConfig) starter {
	return func(t *testing.T) *broker.Broker {
		t.Helper()
		b, err := cfg.Start(deadline(t))
		return owned(t, b, err)
	}
}

func owned(t *testing.T, b *broker.Broker, err error) *broker.Broker {
	t.Helper()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.Stop(context.Background())) })
	return b
}

var brokers = map[string]starter{"embedded": embedded, "mosquitto": mosquitto(broker.MosquittoConfig{})}

func connect(t *testing.T, settings mqtt.Settings, handlers mqtt.Handlers) *mqtt.Client {
	t.Helper()
	if settings.ClientID == "" {
		settings.ClientID = t.Name()
	}
	c, err := dial(deadline(t), settings, handlers)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

// numbered is a message whose payload is its number; it sends its outcome to outcomes.
type numbered struct {
	topic    string
	qos      byte
	number   uint32
	sent     *clock.Instant
	outcomes chan<- mqtt.Outcome
}

func (n numbered) Packet(sent clock.Instant) *paho.Publish {
	if n.sent != nil {
		*n.sent = sent
	}
	return &paho.Publish{Topic: n.topic, QoS: n.qos, Payload: binary.BigEndian.AppendUint32(nil, n.number)}
}

func (n numbered) Acknowledged(o mqtt.Outcome) {
	if n.outcomes != nil {
		n.outcomes <- o
	}
}

func TestPublishKeepsOrderAndReportsOutcomes(t *testing.T) {
	const messages = 2000
	for name, start := range brokers {
		for _, qos := range []byte{0, 1, 2} {
			t.Run(name+"/qos="+string('0'+qos), func(t *testing.T) {
				ctx := deadline(t)
				b := start(t)
				arrived := make(chan mqtt.Delivery, messages)
				subscriber := connect(t, mqtt.Settings{Address: b.Addr(), ClientID: "subscriber", ReceiveMaximum: 500},
					mqtt.Handlers{Message: func(d mqtt.Delivery) { arrived <- d }})
				_, err := subscriber.Subscribe(ctx, "a/#", qos)
				require.NoError(t, err)

				publisher := connect(t, mqtt.Settings{Address: b.Addr(), ClientID: "publisher"}, mqtt.Handlers{})
				outcomes := make(chan mqtt.Outcome, messages)
				var first clock.Instant
				for i := range uint32(messages) {
					m := numbered{topic: "a/b", qos: qos, number: i, outcomes: outcomes}
					if i == 0 {
						m.sent = &first
					}
					require.NoError(t, publisher.Publish(ctx, qos, m, i%10 != 9))
				}
				for i := range uint32(messages) {
					d := receive(t, arrived)
					require.Equal(t, i, binary.BigEndian.Uint32(d.Payload), "order")
					require.Greater(t, d.Received, first)
					require.LessOrEqual(t, d.Received, clock.Now())
				}
				if qos > 0 {
					for range messages {
						o := receive(t, outcomes)
						require.NoError(t, o.Err)
						require.False(t, o.Refused())
						require.Greater(t, o.At, first)
					}
					assert.Zero(t, publisher.InFlight())
				}
				packets, bytes := publisher.Published()
				assert.EqualValues(t, messages, packets)
				perPacket := map[byte]int{0: 2 + 2 + 3 + 1 + 4, 1: 2 + 2 + 3 + 2 + 1 + 4, 2: 2 + 2 + 3 + 2 + 1 + 4}[qos]
				assert.EqualValues(t, messages*perPacket, bytes)
			})
		}
	}
}

func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(timeout):
		require.FailNow(t, "nothing arrived")
		panic("unreachable")
	}
}

func TestPublishManyPipelining(t *testing.T) {
	const senders, each, window = 10, 2000, 64
	for name, start := range brokers {
		t.Run(name, func(t *testing.T) {
			ctx := deadline(t)
			b := start(t)
			arrived := make(chan mqtt.Delivery, senders*each)
			subscriber := connect(t, mqtt.Settings{Address: b.Addr(), ClientID: "subscriber"},
				mqtt.Handlers{Message: func(d mqtt.Delivery) { arrived <- d }})
			_, err := subscriber.Subscribe(ctx, "a", 1)
			require.NoError(t, err)
			outcomes := make(chan mqtt.Outcome, senders*each)
			var wg sync.WaitGroup
			for i := range senders {
				c := connect(t, mqtt.Settings{Address: b.Addr(), ClientID: "publisher" + string(rune('a'+i)), Window: window}, mqtt.Handlers{})
				wg.Go(func() {
					for n := range uint32(each) {
						assert.NoError(t, c.Publish(ctx, 1, numbered{topic: "a", qos: 1, number: n, outcomes: outcomes}, true))
						assert.LessOrEqual(t, c.InFlight(), window)
					}
					c.Flush()
				})
			}
			for range senders * each {
				receive(t, arrived)
				require.NoError(t, receive(t, outcomes).Err)
			}
			wg.Wait()
		})
	}
}

func TestRefusedPublishIsAnOutcome(t *testing.T) {
	acl := filepath.Join(t.TempDir(), "acl")
	require.NoError(t, os.WriteFile(acl, []byte("topic readwrite open/#\n"), 0o600))
	b := mosquitto(broker.MosquittoConfig{ACLFile: acl})(t)
	c := connect(t, mqtt.Settings{Address: b.Addr()}, mqtt.Handlers{})
	outcomes := make(chan mqtt.Outcome, 2)
	require.NoError(t, c.Publish(deadline(t), 1, numbered{topic: "secret", qos: 1, outcomes: outcomes}, false))
	require.NoError(t, c.Publish(deadline(t), 1, numbered{topic: "open/a", qos: 1, outcomes: outcomes}, false))
	refused := receive(t, outcomes)
	assert.True(t, refused.Refused())
	assert.Equal(t, byte(0x87), refused.ReasonCode)
	assert.False(t, receive(t, outcomes).Refused())
}

func TestHeldCountsTheBrokersPauses(t *testing.T) {
	ctx := deadline(t)
	b := mosquitto(broker.MosquittoConfig{})(t)
	c := connect(t, mqtt.Settings{Address: b.Addr(), Window: 1}, mqtt.Handlers{})
	outcomes := make(chan mqtt.Outcome, 2)
	require.NoError(t, b.Pause())
	require.NoError(t, c.Publish(ctx, 1, numbered{topic: "a", qos: 1, outcomes: outcomes}, false))
	const pause = 500 * time.Millisecond
	time.AfterFunc(pause, func() { assert.NoError(t, b.Resume()) })
	start := clock.Now()
	require.NoError(t, c.Publish(ctx, 1, numbered{topic: "a", qos: 1, outcomes: outcomes}, false))
	took := clock.Now().Sub(start)
	assert.Positive(t, c.Held())
	assert.LessOrEqual(t, c.Held(), took)
	receive(t, outcomes)
	receive(t, outcomes)
}

func TestReconnectsAndSubscribesAgain(t *testing.T) {
	ctx := deadline(t)
	first := mosquitto(broker.MosquittoConfig{})(t)
	_, port, err := net.SplitHostPort(first.Addr())
	require.NoError(t, err)
	arrived, down, up := make(chan mqtt.Delivery, 10), make(chan error, 1000), make(chan struct{}, 10)
	subscriber := connect(t, mqtt.Settings{Address: first.Addr(), ClientID: "subscriber"}, mqtt.Handlers{
		Message: func(d mqtt.Delivery) { arrived <- d },
		Down:    func(err error) { down <- err },
		Up:      func() { up <- struct{}{} },
	})
	_, err = subscriber.Subscribe(ctx, "a", 1)
	require.NoError(t, err)
	publisher := connect(t, mqtt.Settings{Address: first.Addr(), ClientID: "publisher"}, mqtt.Handlers{})

	outcomes := make(chan mqtt.Outcome, 1)
	require.NoError(t, first.Pause())
	require.NoError(t, publisher.Publish(ctx, 1, numbered{topic: "a", qos: 1, number: 1, outcomes: outcomes}, false))
	require.NoError(t, first.Kill())
	<-first.Done()
	require.Error(t, receive(t, down))
	portNumber, err := net.LookupPort("tcp", port)
	require.NoError(t, err)
	mosquitto(broker.MosquittoConfig{Port: portNumber})(t)

	receive(t, up)
	require.ErrorIs(t, receive(t, outcomes).Err, mqtt.ErrSessionLost)
	require.NoError(t, publisher.Publish(ctx, 1, numbered{topic: "a", qos: 1, number: 2, outcomes: outcomes}, false))
	require.NoError(t, receive(t, outcomes).Err)
	assert.EqualValues(t, 2, binary.BigEndian.Uint32(receive(t, arrived).Payload))
}

func TestCloseReportsWhatIsUnacknowledged(t *testing.T) {
	b := mosquitto(broker.MosquittoConfig{})(t)
	c := connect(t, mqtt.Settings{Address: b.Addr()}, mqtt.Handlers{})
	outcomes := make(chan mqtt.Outcome, 1)
	require.NoError(t, b.Pause())
	require.NoError(t, c.Publish(deadline(t), 1, numbered{topic: "a", qos: 1, outcomes: outcomes}, false))
	require.NoError(t, c.Close(context.Background()))
	assert.ErrorIs(t, receive(t, outcomes).Err, mqtt.ErrSessionLost)
	assert.ErrorIs(t, c.Publish(deadline(t), 0, numbered{topic: "a"}, false), mqtt.ErrClosed)
	require.NoError(t, b.Resume())
}

func TestPublishWaitsNoLongerThanItsContext(t *testing.T) {
	b := mosquitto(broker.MosquittoConfig{})(t)
	c := connect(t, mqtt.Settings{Address: b.Addr(), Window: 1}, mqtt.Handlers{})
	require.NoError(t, b.Pause())
	require.NoError(t, c.Publish(deadline(t), 1, numbered{topic: "a", qos: 1}, false))
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	assert.ErrorIs(t, c.Publish(ctx, 1, numbered{topic: "a", qos: 1}, false), context.Canceled)
	require.NoError(t, b.Resume())
}

func TestLimitsAreConnacks(t *testing.T) {
	b := mosquitto(broker.MosquittoConfig{Extra: []string{"max_qos 1", "retain_available false", "max_topic_alias 7"}})(t)
	c := connect(t, mqtt.Settings{Address: b.Addr()}, mqtt.Handlers{})
	limits := c.Limits()
	assert.EqualValues(t, 1, limits.MaximumQoS)
	assert.False(t, limits.RetainAvailable)
	assert.EqualValues(t, 7, limits.TopicAliasMaximum)
	assert.True(t, limits.SharedSubscriptionAvailable)
	assert.Positive(t, c.ConnectTime())
}

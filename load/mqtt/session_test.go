package mqtt_test

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
	"mqttrace/load/broker/brokertest"
	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
)

func TestResumeTakesUpTheSessionAndWhatWaitsInIt(t *testing.T) {
	for name, start := range brokers {
		for _, resume := range []bool{true, false} {
			t.Run(name+"/resume="+map[bool]string{true: "yes", false: "no"}[resume], func(t *testing.T) {
				ctx, b := deadline(t), start(t)
				settings := mqtt.Settings{Address: b.Addr(), ClientID: "subscriber", SessionExpiry: time.Hour, Resume: resume}
				first, err := dial(ctx, settings, mqtt.Handlers{})
				require.NoError(t, err)
				_, err = first.Subscribe(ctx, "a", 1)
				require.NoError(t, err)
				require.NoError(t, first.Close(ctx))

				publisher := connect(t, mqtt.Settings{Address: b.Addr(), ClientID: "publisher"}, mqtt.Handlers{})
				outcomes := make(chan mqtt.Outcome, 2)
				// mochi acknowledges a message before it sends it on, and that before it takes the next.
				for _, topic := range []string{"a", "nobody"} {
					require.NoError(t, publisher.Publish(ctx, 1, numbered{topic: topic, qos: 1, number: 1, outcomes: outcomes}, false))
					require.NoError(t, receive(t, outcomes).Err)
				}

				arrived := make(chan mqtt.Delivery, 2)
				second := connect(t, settings, mqtt.Handlers{Message: func(d mqtt.Delivery) { arrived <- d }})
				if resume {
					assert.EqualValues(t, 1, receive(t, arrived).Payload[3])
				}
				_, err = second.Subscribe(ctx, "a", 1)
				require.NoError(t, err)
				require.NoError(t, publisher.Publish(ctx, 1, numbered{topic: "a", qos: 1, number: 2, outcomes: outcomes}, false))
				assert.EqualValues(t, 2, receive(t, arrived).Payload[3])
			})
		}
	}
}

func TestKeepAlive(t *testing.T) {
	cases := []struct {
		name string
		set  time.Duration
		want uint16
	}{
		{"default", 0, 60},
		{"set", 7 * time.Second, 7},
		{"off", mqtt.KeepAliveOff, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := make(chan uint16, 1)
			address := scripted(t, func(conn net.Conn, received packets.Packet) error {
				if p, ok := received.(*packets.Connect); ok {
					got <- p.KeepAlive
					_, err := (&packets.Connack{Properties: &packets.Properties{}}).WriteTo(conn)
					return err
				}
				return errors.New("enough")
			})
			connect(t, mqtt.Settings{Address: address, KeepAlive: c.set}, mqtt.Handlers{})
			assert.Equal(t, c.want, receive(t, got))
		})
	}
}

func packetTo(topic string, qos byte) func(clock.Instant) *paho.Publish {
	return func(clock.Instant) *paho.Publish { return &paho.Publish{Topic: topic, QoS: qos, Payload: []byte("x")} }
}

func TestSendWaitsForTheOutcome(t *testing.T) {
	acl := filepath.Join(t.TempDir(), "acl")
	require.NoError(t, os.WriteFile(acl, []byte("topic readwrite open/#\n"), 0o600))
	b := mosquitto(broker.MosquittoConfig{ACLFile: acl})(t)
	c := connect(t, mqtt.Settings{Address: b.Addr()}, mqtt.Handlers{})
	for _, qos := range []byte{0, 1, 2} {
		handed := 0
		outcome, err := c.Send(deadline(t), qos, packetTo("open/a", qos), func() { handed++ })
		require.NoError(t, err)
		assert.NoError(t, outcome.Err)
		assert.False(t, outcome.Refused())
		assert.Equal(t, 1, handed)
		assert.Equal(t, qos > 0, outcome.At != 0)
		assert.Zero(t, c.InFlight())
	}
	outcome, err := c.Send(deadline(t), 1, packetTo("secret", 1), nil)
	require.NoError(t, err)
	assert.True(t, outcome.Refused())
}

func TestSendSaysWhyABrokerRefused(t *testing.T) {
	address := scripted(t, func(conn net.Conn, received packets.Packet) error {
		var err error
		switch p := received.(type) {
		case *packets.Connect:
			_, err = (&packets.Connack{Properties: &packets.Properties{}}).WriteTo(conn)
		case *packets.Publish:
			_, err = (&packets.Puback{PacketID: p.PacketID, ReasonCode: 0x97, Properties: &packets.Properties{ReasonString: "too much"}}).WriteTo(conn)
		}
		return err
	})
	c := connect(t, mqtt.Settings{Address: address}, mqtt.Handlers{})
	outcome, err := c.Send(deadline(t), 1, packetTo("a", 1), nil)
	require.NoError(t, err)
	assert.Equal(t, byte(0x97), outcome.ReasonCode)
	assert.Equal(t, "too much", outcome.Reason)
}

func TestSendEndsWithItsClient(t *testing.T) {
	b := mosquitto(broker.MosquittoConfig{})(t)
	c := connect(t, mqtt.Settings{Address: b.Addr()}, mqtt.Handlers{})
	require.NoError(t, b.Pause())
	handed, outcomes := make(chan struct{}), make(chan mqtt.Outcome, 1)
	go func() {
		outcome, err := c.Send(deadline(t), 1, packetTo("a", 1), func() { close(handed) })
		assert.NoError(t, err)
		outcomes <- outcome
	}()
	receive(t, handed)
	require.NoError(t, c.Close(context.Background()))
	assert.ErrorIs(t, receive(t, outcomes).Err, mqtt.ErrSessionLost)
	_, err := c.Send(deadline(t), 1, packetTo("a", 1), nil)
	assert.ErrorIs(t, err, mqtt.ErrClosed)
	require.NoError(t, b.Resume())
}

func TestSubscribeWithOptions(t *testing.T) {
	ctx, b := deadline(t), embedded(t)
	arrived := make(chan mqtt.Delivery, 2)
	c := connect(t, mqtt.Settings{Address: b.Addr(), ClientID: "both"}, mqtt.Handlers{Message: func(d mqtt.Delivery) { arrived <- d }})
	_, err := c.SubscribeWith(ctx, paho.SubscribeOptions{Topic: "a", QoS: 1, NoLocal: true})
	require.NoError(t, err)
	_, err = c.Send(ctx, 1, packetTo("a", 1), nil)
	require.NoError(t, err)
	other := connect(t, mqtt.Settings{Address: b.Addr(), ClientID: "other"}, mqtt.Handlers{})
	require.NoError(t, other.Publish(ctx, 1, numbered{topic: "a", qos: 1, number: 7}, false))
	assert.Len(t, receive(t, arrived).Payload, 4, "the other's; its own is not sent back")
}

func TestWaitingCountsWhatTheHandlerHoldsUp(t *testing.T) {
	ctx, b := deadline(t), embedded(t)
	entered, leave := make(chan struct{}, 3), make(chan struct{})
	release := sync.OnceFunc(func() { close(leave) })
	c := connect(t, mqtt.Settings{Address: b.Addr(), ClientID: "slow"}, mqtt.Handlers{Message: func(mqtt.Delivery) { entered <- struct{}{}; <-leave }})
	t.Cleanup(release) // before the client is closed, which waits for its handler
	_, err := c.Subscribe(ctx, "a", 1)
	require.NoError(t, err)
	publisher := connect(t, mqtt.Settings{Address: b.Addr(), ClientID: "publisher"}, mqtt.Handlers{})
	for range 3 {
		_, err := publisher.Send(ctx, 1, packetTo("a", 1), nil)
		require.NoError(t, err)
	}
	receive(t, entered)
	require.Eventually(t, func() bool { return c.Waiting() == 2 }, timeout, time.Millisecond)
	release()
	require.NoError(t, c.Close(ctx))
	assert.Zero(t, c.Waiting())
}

func TestAMessageHeldUntilItsConnectionIsGoneComesAgain(t *testing.T) {
	ctx, b := deadline(t), mosquitto(broker.MosquittoConfig{})(t)
	settings := mqtt.Settings{Address: b.Addr(), ClientID: "subscriber", SessionExpiry: time.Hour, Resume: true}
	held := make(chan struct{})
	first, err := dial(ctx, settings, mqtt.Handlers{Message: func(d mqtt.Delivery) { close(held); <-d.Gone }})
	require.NoError(t, err)
	_, err = first.Subscribe(ctx, "a", 1)
	require.NoError(t, err)
	publisher := connect(t, mqtt.Settings{Address: b.Addr(), ClientID: "publisher"}, mqtt.Handlers{})
	_, err = publisher.Send(ctx, 1, packetTo("a", 1), nil)
	require.NoError(t, err)
	receive(t, held)
	require.NoError(t, first.Close(ctx))

	arrived := make(chan mqtt.Delivery, 1)
	connect(t, settings, mqtt.Handlers{Message: func(d mqtt.Delivery) { arrived <- d }})
	assert.True(t, receive(t, arrived).Duplicate())
}

func TestFreshTLSIsAskedAtEveryConnect(t *testing.T) {
	authority := brokertest.NewAuthority(t, t.TempDir())
	cert, key := authority.Issue(t, "broker")
	b := mosquitto(broker.MosquittoConfig{CertFile: cert, KeyFile: key})(t)
	asked := 0
	settings := mqtt.Settings{Address: b.Addr(), FreshTLS: func() (*tls.Config, error) {
		asked++
		return authority.Trusted(), nil
	}}
	connect(t, settings, mqtt.Handlers{})
	assert.Equal(t, 1, asked)
	settings.ClientID = "client"
	settings.FreshTLS = func() (*tls.Config, error) { return nil, errors.New("no certificate today") }
	_, err := dial(deadline(t), settings, mqtt.Handlers{})
	assert.ErrorContains(t, err, "connect to "+b.Addr()+": no certificate today")
}

func TestHintsAreTheUsersWords(t *testing.T) {
	authority := brokertest.NewAuthority(t, t.TempDir())
	cert, key := authority.Issue(t, "broker")
	secure := mosquitto(broker.MosquittoConfig{CertFile: cert, KeyFile: key})(t)
	hints := &mqtt.Hints{Authority: "set CA", TLSPort: "set TLS"}
	_, err := dial(deadline(t), mqtt.Settings{Address: secure.Addr(), ClientID: "client", TLS: new(tls.Config), Hints: hints}, mqtt.Handlers{})
	assert.ErrorContains(t, err, "(set CA)")
	_, err = dial(deadline(t), mqtt.Settings{Address: secure.Addr(), ClientID: "client", Hints: hints}, mqtt.Handlers{})
	assert.ErrorContains(t, err, "(set TLS)")
}

package mqtt_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
	"mqttrace/load/broker/brokertest"
	"mqttrace/load/mqtt"
)

// overQUIC has a broker listen for QUIC, with a certificate of 127.0.0.1, and returns what clients need to connect.
func overQUIC(t *testing.T, b *broker.Broker) (*brokertest.QUICServer, mqtt.Settings) {
	t.Helper()
	authority := brokertest.NewAuthority(t, t.TempDir())
	s := brokertest.ListenQUIC(t, b.Addr(), &tls.Config{Certificates: []tls.Certificate{authority.Pair(t, "broker")}})
	t.Cleanup(s.Close)
	return s, mqtt.Settings{Address: s.Addr(), Transport: mqtt.Transport{QUIC: true}, TLS: authority.Trusted()}
}

func as(id string, settings mqtt.Settings) mqtt.Settings {
	settings.ClientID = id
	return settings
}

func TestQUICKeepsOrderAndLosesNothing(t *testing.T) {
	const messages = 5000
	for name, start := range brokers {
		b := start(t)
		server, settings := overQUIC(t, b)
		for _, qos := range []byte{0, 1, 2} {
			t.Run(name+"/qos="+string('0'+qos), func(t *testing.T) {
				ctx := deadline(t)
				arrived := make(chan mqtt.Delivery, messages)
				subscriber := connect(t, as("subscriber", settings), mqtt.Handlers{Message: func(d mqtt.Delivery) { arrived <- d }})
				_, err := subscriber.Subscribe(ctx, "a/#", qos)
				require.NoError(t, err)
				publisher := connect(t, as("publisher", settings), mqtt.Handlers{})
				outcomes := make(chan mqtt.Outcome, messages)
				for i := range uint32(messages) {
					require.NoError(t, publisher.Publish(ctx, qos, numbered{topic: "a/b", qos: qos, number: i, outcomes: outcomes}, i%10 != 9))
				}
				for i := range uint32(messages) {
					require.Equal(t, i, binary.BigEndian.Uint32(receive(t, arrived).Payload), "order")
				}
				for range messages * min(int(qos), 1) {
					require.NoError(t, receive(t, outcomes).Err)
				}
			})
		}
		require.Eventually(t, func() bool { return len(server.Clients()) == 6 }, timeout, time.Millisecond, "one connection a client")
		for _, client := range server.Clients() {
			assert.Equal(t, "mqtt", client.Protocol)
			assert.Equal(t, &quic.ApplicationError{Remote: true}, client.Ended, "closed in order")
		}
	}
}

// A DISCONNECT is read before the connection is gone: the broker does not publish the will then, as it does without one.
func TestQUICSaysGoodbye(t *testing.T) {
	b := mosquitto(broker.MosquittoConfig{})(t)
	_, settings := overQUIC(t, b)
	wills := make(chan mqtt.Delivery, 10)
	watcher := connect(t, as("watcher", settings), mqtt.Handlers{Message: func(d mqtt.Delivery) { wills <- d }})
	_, err := watcher.Subscribe(deadline(t), "will/#", 1)
	require.NoError(t, err)
	for range 20 {
		mortal := as("mortal", settings)
		mortal.Will = &mqtt.Will{Topic: "will/of/who/says/goodbye", QoS: 1}
		require.NoError(t, connect(t, mortal, mqtt.Handlers{}).Close(deadline(t)))
	}
	mortal := as("mortal", settings)
	mortal.Will = &mqtt.Will{Topic: "will/of/who/does/not", QoS: 1}
	require.True(t, connect(t, mortal, mqtt.Handlers{}).Leave(mqtt.Leaving{Abrupt: true, Pause: time.Hour}))
	assert.Equal(t, "will/of/who/does/not", receive(t, wills).Topic)
}

// A server that dies, and takes its connections' state with it, is noticed, and its clients come back to their sessions.
func TestQUICComesBack(t *testing.T) {
	ctx, b := deadline(t), mosquitto(broker.MosquittoConfig{})(t)
	server, settings := overQUIC(t, b)
	settings.SessionExpiry = time.Hour
	arrived, up := make(chan mqtt.Delivery, 100), make(chan struct{}, 1)
	down := make(chan error, 1000)
	gone, noticed := context.WithCancel(ctx)
	subscriber := connect(t, as("subscriber", settings), mqtt.Handlers{
		Message: func(d mqtt.Delivery) { arrived <- d }, Up: func() { up <- struct{}{} }, Down: func(err error) { down <- err; noticed() },
	})
	_, err := subscriber.Subscribe(ctx, "a", 1)
	require.NoError(t, err)
	publisher := connect(t, mqtt.Settings{Address: b.Addr(), ClientID: "publisher"}, mqtt.Handlers{})

	server.Close()
	for gone.Err() == nil {
		_, _ = subscriber.Send(gone, 0, packetTo("b", 0), nil) // fails when the loss has been noticed
	}
	receive(t, down)
	outcome, err := publisher.Send(ctx, 1, packetTo("a", 1), nil)
	require.NoError(t, err)
	require.NoError(t, outcome.Err)
	for range 3 {
		assert.ErrorContains(t, receive(t, down), "connect to "+server.Addr()+": ")
	}
	server.Listen(t)
	receive(t, up)
	assert.True(t, subscriber.SessionPresent())
	receive(t, arrived)
}

// A broker that takes no more bytes, or none at all, holds nobody up for good.
func TestQUICCloseOfWhoWaits(t *testing.T) {
	b := mosquitto(broker.MosquittoConfig{})(t)
	_, settings := overQUIC(t, b)
	c := connect(t, as("client", settings), mqtt.Handlers{})
	require.NoError(t, b.Pause())
	var published atomic.Int64
	stuck := make(chan error, 1)
	go func() {
		var err error
		for ; err == nil; published.Add(1) {
			err = c.Publish(deadline(t), 0, bulky(make([]byte, 1<<20)), false)
		}
		stuck <- err
	}()
	before := int64(-1)
	require.Eventually(t, func() bool { // until a tenth of a second brings nothing more
		n := published.Load()
		defer func() { before = n }()
		return n == before
	}, timeout, 100*time.Millisecond)
	closing, done := context.WithCancel(t.Context())
	done() // without waiting for a broker that takes no more
	require.NoError(t, c.Close(closing))
	assert.ErrorIs(t, receive(t, stuck), mqtt.ErrClosed)
	require.NoError(t, b.Resume())
}

func TestQUICErrorsSayWhatIsWrong(t *testing.T) {
	b := mosquitto(broker.MosquittoConfig{})(t)
	ours, other := brokertest.NewAuthority(t, t.TempDir()), brokertest.NewAuthority(t, t.TempDir())
	config := &tls.Config{Certificates: []tls.Certificate{ours.Pair(t, "broker")}}
	open := brokertest.ListenQUIC(t, b.Addr(), config)
	config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, ours.Trusted().RootCAs
	guarded := brokertest.ListenQUIC(t, b.Addr(), config)
	t.Cleanup(func() { open.Close(); guarded.Close() })

	mute, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	require.NoError(t, err)
	t.Cleanup(func() { mute.Close() })
	otherwise := func(change func(*tls.Config)) *tls.Config { c := ours.Trusted(); change(c); return c }
	cases := []struct {
		name    string
		address string
		tls     *tls.Config
		want    []string
	}{
		{"nobody listens", brokertest.FreeAddress(t), ours.Trusted(), []string{"connect to 127.0.0.1:", "connection refused"}},
		{"nobody answers", mute.LocalAddr().String(), ours.Trusted(), []string{"connect to 127.0.0.1:", "does the broker listen for QUIC there"}},
		{"unknown authority", open.Addr(), other.Trusted(), []string{"certificate signed by unknown authority", "tls.ca"}},
		{"the system's roots", open.Addr(), nil, []string{"certificate signed by unknown authority", "tls.ca"}},
		{"another name", open.Addr(), otherwise(func(c *tls.Config) { c.ServerName = "other.example" }), []string{"other.example"}},
		{"another protocol", open.Addr(), otherwise(func(c *tls.Config) { c.NextProtos = []string{"other"} }), []string{"no application protocol"}},
		{"no client certificate", guarded.Addr(), ours.Trusted(), []string{"certificate required"}},
		{"a client certificate of others", guarded.Addr(), ours.Trusted(other.Pair(t, "client")), []string{"certificate"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			settings := mqtt.Settings{Address: c.address, ClientID: "client", TLS: c.tls, Transport: mqtt.Transport{QUIC: true}, ConnectTimeout: time.Second}
			_, err := dial(deadline(t), settings, mqtt.Handlers{})
			require.Error(t, err)
			t.Log(err)
			for _, want := range c.want {
				assert.ErrorContains(t, err, want)
			}
		})
	}
	t.Run("a client certificate", func(t *testing.T) {
		connect(t, mqtt.Settings{Address: guarded.Addr(), TLS: ours.Trusted(ours.Pair(t, "client")), Transport: mqtt.Transport{QUIC: true}}, mqtt.Handlers{})
	})
}

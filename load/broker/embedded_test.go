package broker

import (
	"context"
	"encoding/binary"
	"math"
	"net"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker/brokertest"
)

// listening is the embedded broker in this process until the end of the test.
func listening(t *testing.T, cfg EmbeddedConfig) *Server {
	t.Helper()
	s, err := Listen(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { closeServer(t, s) })
	return s
}

// closeServer fails the test if Close does not return.
func closeServer(t *testing.T, s *Server) {
	t.Helper()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		s.Close()
	}()
	await(t, closed, "the end of Close")
}

func TestDropsAreCounted(t *testing.T) {
	b, err := EmbeddedConfig{QueueLimit: 4}.Start(limited(t))
	running(t, b, err)
	deafSubscriber(t, b.Addr(), "flood", 0)
	sender := testClient{}.connected(t, b.Addr())

	var usage Usage
	for ctx := limited(t); usage.Dropped == 0; {
		require.NoError(t, ctx.Err(), "nothing was dropped")
		for range 20 {
			publish(t, sender, &paho.Publish{Topic: "flood", Payload: make([]byte, 1<<16)})
		}
		usage, err = b.Usage()
		require.NoError(t, err)
	}
	require.NoError(t, b.Stop(limited(t)))
	final, err := b.Usage()
	require.NoError(t, err)
	assert.GreaterOrEqual(t, final.Dropped, usage.Dropped)
}

func TestDiscardedMessagesAreCounted(t *testing.T) {
	s := listening(t, EmbeddedConfig{})
	deafSubscriber(t, s.Addr(), "unread", 1)
	publish(t, testClient{}.connected(t, s.Addr()), &paho.Publish{Topic: "unread", QoS: 1})
	deaf, ok := s.mochi.Clients.Get("deaf")
	require.True(t, ok)
	underWay := func() bool { return deaf.State.Inflight.Len() == 1 } // mochi acknowledges a message before it sends it on
	require.Eventually(t, underWay, testLimit, time.Millisecond)
	taker := testClient{id: "deaf"}.connected(t, s.Addr()) // takes the session over, and cleans it
	subscribe(t, taker, "unread", 1)
	assert.Equal(t, Drops{Discarded: 1}, s.Drops())
}

// TestASessionTakenOverIsGuardedToo: mochi restores the quota from the receiver's Receive Maximum then, and would hold back
// what exceeds it.
func TestASessionTakenOverIsGuardedToo(t *testing.T) {
	s := listening(t, EmbeddedConfig{})
	const id, window = "sleeper", 2
	first := testClient{id: id, keepSession: true, receiveMaximum: window}.connected(t, s.Addr())
	subscribe(t, first, "night/+", 1)
	require.NoError(t, first.Disconnect(&paho.Disconnect{}))
	await(t, first.Done(), "the end of the first connection")

	const queued, more = 5, 20
	sender := testClient{}.connected(t, s.Addr())
	night := func(i int) {
		publish(t, sender, &paho.Publish{Topic: "night/1", QoS: 1, Payload: binary.BigEndian.AppendUint32(nil, uint32(i))})
	}
	for i := range queued {
		night(i)
	}
	got := newArrivals(queued + more)
	testClient{id: id, keepSession: true, receiveMaximum: window, receive: got.add}.connected(t, s.Addr())
	for i := range more {
		night(queued + i)
	}
	await(t, got.all, "messages of before and after the reconnection")
}

// TestMessagesPassUnchanged: what mochi adds by itself would be measured as if the sender had.
func TestMessagesPassUnchanged(t *testing.T) {
	s := listening(t, EmbeddedConfig{})
	got := make(chan *paho.Publish, 1)
	subscribe(t, testClient{receive: func(p *paho.Publish) { got <- p }}.connected(t, s.Addr()), "plain", 1)

	properties := &paho.PublishProperties{}
	properties.User.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	sender := testClient{}.connected(t, s.Addr())
	ack, err := sender.Publish(limited(t), &paho.Publish{Topic: "plain", QoS: 1, Properties: properties})
	require.NoError(t, err)
	assert.Empty(t, ack.Properties.User, "the PUBACK does not repeat the message's user properties")

	received := <-got
	assert.Equal(t, properties.User, received.Properties.User)
	assert.Nil(t, received.Properties.MessageExpiry)
}

func TestCONNACKGrantsTheMost(t *testing.T) {
	s := listening(t, EmbeddedConfig{})
	conn, err := testClient{}.open(limited(t), s.Addr())
	require.NoError(t, err)
	client := paho.NewClient(paho.ClientConfig{Conn: conn})
	ack, err := client.Connect(limited(t), testClient{}.packet())
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Disconnect(&paho.Disconnect{}) })
	assert.EqualValues(t, math.MaxUint16, *ack.Properties.ReceiveMaximum)
	assert.Nil(t, ack.Properties.MaximumQoS)
	assert.Nil(t, ack.Properties.MaximumPacketSize)
}

func TestPasswords(t *testing.T) {
	cases := map[string]struct {
		client testClient
		reason byte
	}{
		"right":    {testClient{username: "ann", password: "secret"}, packets.ConnackSuccess},
		"wrong":    {testClient{username: "ann", password: "guess"}, packets.ConnackBadUsernameOrPassword},
		"stranger": {testClient{username: "bob", password: "secret"}, packets.ConnackBadUsernameOrPassword},
		"nobody":   {testClient{}, packets.ConnackBadUsernameOrPassword},
	}
	s := listening(t, EmbeddedConfig{Username: "ann", Password: "secret"})
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.reason, connackReason(t, s.Addr(), c.client))
		})
	}
}

// connackReason connects and leaves again.
func connackReason(t *testing.T, addr string, c testClient) byte {
	t.Helper()
	conn, err := c.open(limited(t), addr)
	require.NoError(t, err)
	defer conn.Close()
	cp := c.packet().Packet()
	cp.ProtocolName, cp.ProtocolVersion = "MQTT", 5
	_, err = cp.WriteTo(conn)
	require.NoError(t, err)
	answer, err := packets.ReadPacket(conn)
	require.NoError(t, err)
	return answer.Content.(*packets.Connack).ReasonCode
}

func TestEmbeddedTLS(t *testing.T) {
	authority := brokertest.NewAuthority(t, t.TempDir())
	cert, key := authority.Issue(t, "broker")
	cfg := EmbeddedConfig{CertFile: cert, KeyFile: key}

	s := listening(t, cfg)
	assert.Equal(t, "mqtts://"+s.Addr(), s.URL())
	testClient{tls: authority.Trusted()}.connected(t, s.Addr())

	b, err := cfg.Start(limited(t))
	running(t, b, err)
	assert.Equal(t, "mqtts://"+b.Addr(), b.URL())
	testClient{tls: authority.Trusted()}.connected(t, b.Addr())
}

func TestListenRefuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	addr := taken.Addr().String()
	cases := map[string]struct {
		cfg  EmbeddedConfig
		says []string
	}{
		"port in use":    {EmbeddedConfig{Listen: addr}, []string{"listen for MQTT on " + addr, "in use"}},
		"no certificate": {EmbeddedConfig{KeyFile: "key.pem"}, []string{"certificate", `"key.pem"`}},
		"no such file":   {EmbeddedConfig{CertFile: "none.pem", KeyFile: "key.pem"}, []string{`"none.pem"`, "no such file"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, inProcess := Listen(c.cfg)
			_, asChild := c.cfg.Start(limited(t))
			for _, want := range c.says {
				require.ErrorContains(t, inProcess, want)
				require.ErrorContains(t, asChild, want, "the child says why")
			}
		})
	}
}

func TestServeRunsUntilItsContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	addr, served := make(chan string, 1), make(chan error, 1)
	go func() { served <- Serve(ctx, EmbeddedConfig{}, func(s *Server) { addr <- s.Addr() }) }()

	client := testClient{}.connected(t, <-addr)
	cancel()
	require.NoError(t, <-served)
	await(t, client.Done(), "the client's connection to be closed")
}

// TestCloseDoesNotWaitForTheStubborn: neither for one that never says CONNECT nor for one that does not read.
func TestCloseDoesNotWaitForTheStubborn(t *testing.T) {
	s := listening(t, EmbeddedConfig{QueueLimit: 4})
	silent, err := net.Dial("tcp", s.Addr())
	require.NoError(t, err)
	defer silent.Close()
	deafSubscriber(t, s.Addr(), "flood", 0)
	sender := testClient{}.connected(t, s.Addr())
	for ctx := limited(t); s.Drops().Dropped == 0; {
		require.NoError(t, ctx.Err(), "nothing was dropped")
		publish(t, sender, &paho.Publish{Topic: "flood", Payload: make([]byte, 1<<16)})
	}
	closeServer(t, s)
}

package broker

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"sync"
	"testing"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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

// TestPipelinedQoS1IsNotStuck is the load that mochi deadlocks under without the guard.
func TestPipelinedQoS1IsNotStuck(t *testing.T) {
	t.Run("in process", func(t *testing.T) {
		s := listening(t, EmbeddedConfig{})
		pipeline(t, s.Addr())
		assert.Zero(t, s.Drops().Dropped)
	})
	eachBroker(t, func(t *testing.T, b *Broker) {
		pipeline(t, b.Addr())
		usage, err := b.Usage()
		require.NoError(t, err)
		assert.Zero(t, usage.Dropped)
	})
}

const (
	pipelineSenders = 10
	pipelineWindow  = 64   // messages that each sender has under way
	pipelineEach    = 2000 // messages of each sender
)

// pipeline sends 20,000 QoS 1 messages to one QoS 1 receiver and requires each to arrive.
func pipeline(t *testing.T, addr string) {
	arrivals := newArrivals(pipelineSenders * pipelineEach)
	subscribe(t, testClient{receive: arrivals.add}.connected(t, addr), "pipeline/+", 1)
	ctx, failures := limited(t), make(chan error, pipelineSenders*pipelineWindow)
	var senders sync.WaitGroup
	for s := range pipelineSenders {
		client := testClient{}.connected(t, addr)
		for w := range pipelineWindow {
			senders.Go(func() { failures <- sendEvery(ctx, client, s, w) })
		}
	}
	senders.Wait()
	for range cap(failures) {
		require.NoError(t, <-failures)
	}
	await(t, arrivals.all, "all messages")
}

// sendEvery sends the messages w, w+pipelineWindow, … of sender s, each after the one before is acknowledged.
func sendEvery(ctx context.Context, client *paho.Client, s, w int) error {
	for i := w; i < pipelineEach; i += pipelineWindow {
		payload := binary.BigEndian.AppendUint32(nil, uint32(s*pipelineEach+i))
		_, err := client.Publish(ctx, &paho.Publish{Topic: fmt.Sprintf("pipeline/%d", s), QoS: 1, Payload: payload})
		if err != nil {
			return fmt.Errorf("publish message %d of sender %d: %w", i, s, err)
		}
	}
	return nil
}

// arrivals collects distinct numbered messages until it has all of them.
type arrivals struct {
	mu      sync.Mutex
	missing map[uint32]struct{}
	all     chan struct{}
}

func newArrivals(n int) *arrivals {
	a := &arrivals{missing: make(map[uint32]struct{}, n), all: make(chan struct{})}
	for i := range n {
		a.missing[uint32(i)] = struct{}{}
	}
	return a
}

func (a *arrivals) add(p *paho.Publish) {
	a.mu.Lock()
	defer a.mu.Unlock()
	number := binary.BigEndian.Uint32(p.Payload)
	if _, expected := a.missing[number]; !expected {
		return
	}
	delete(a.missing, number)
	if len(a.missing) == 0 {
		close(a.all)
	}
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
	authority := newAuthority(t)
	cert, key := authority.issue(t, "broker")
	cfg := EmbeddedConfig{CertFile: cert, KeyFile: key}

	s := listening(t, cfg)
	assert.Equal(t, "mqtts://"+s.Addr(), s.URL())
	testClient{tls: authority.trusted()}.connected(t, s.Addr())

	b, err := cfg.Start(limited(t))
	running(t, b, err)
	assert.Equal(t, "mqtts://"+b.Addr(), b.URL())
	testClient{tls: authority.trusted()}.connected(t, b.Addr())
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

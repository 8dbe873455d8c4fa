package mqtt_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"runtime"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
)

// stage is a broker that does what a test says, to one connection after the other.
type stage struct {
	t        *testing.T
	listener net.Listener
}

func newStage(t *testing.T) *stage {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return &stage{t, l}
}

func (s *stage) address() string { return s.listener.Addr().String() }

// act is one connection of a stage, seen from the broker.
type act struct {
	t    *testing.T
	conn net.Conn
}

// next takes the next connection and answers its CONNECT.
func (s *stage) next(connack *packets.Connack) *act {
	s.t.Helper()
	conn, err := s.listener.Accept()
	require.NoError(s.t, err)
	s.t.Cleanup(func() { conn.Close() })
	require.NoError(s.t, conn.SetDeadline(time.Now().Add(timeout)))
	a := &act{s.t, conn}
	a.read(packets.CONNECT)
	if connack.Properties == nil {
		connack.Properties = &packets.Properties{}
	}
	a.write(connack)
	return a
}

// enter connects a client to the stage's next connection.
func (s *stage) enter(settings mqtt.Settings, handlers mqtt.Handlers, connack *packets.Connack) (*mqtt.Client, *act) {
	s.t.Helper()
	acts := make(chan *act, 1)
	go func() { acts <- s.next(connack) }()
	settings.Address, settings.ReconnectMin = s.address(), time.Millisecond
	if settings.KeepAlive == 0 {
		settings.KeepAlive = mqtt.KeepAliveOff // paho.golang begins with a PINGREQ
	}
	client := connect(s.t, settings, handlers)
	return client, receive(s.t, acts)
}

func (a *act) read(kind byte) *packets.ControlPacket {
	a.t.Helper()
	p, err := packets.ReadPacket(a.conn)
	require.NoError(a.t, err)
	require.Equal(a.t, kind, p.Type, "%v", p)
	return p
}

func (a *act) write(p packets.Packet) {
	a.t.Helper()
	a.raw(a.encoded(p))
}

// drip writes a packet byte by byte.
func (a *act) drip(p packets.Packet) {
	a.t.Helper()
	for _, b := range a.encoded(p) {
		a.raw([]byte{b})
		runtime.Gosched() // let it be read
	}
}

func (a *act) encoded(p packets.Packet) []byte {
	a.t.Helper()
	var b bytes.Buffer
	_, err := p.WriteTo(&b)
	require.NoError(a.t, err)
	return b.Bytes()
}

func (a *act) raw(b []byte) {
	a.t.Helper()
	_, err := a.conn.Write(b)
	require.NoError(a.t, err)
}

func ids(published ...*packets.ControlPacket) (all []uint16) {
	for _, p := range published {
		all = append(all, p.PacketID())
	}
	return all
}

func puback(id uint16, code byte) *packets.Puback {
	return &packets.Puback{PacketID: id, ReasonCode: code, Properties: &packets.Properties{}}
}

func pubrec(id uint16, code byte) *packets.Pubrec {
	return &packets.Pubrec{PacketID: id, ReasonCode: code, Properties: &packets.Properties{}}
}

// publishNumbered publishes messages, each with an outcome of its own.
func publishNumbered(t *testing.T, c *mqtt.Client, qos byte, n int) []chan mqtt.Outcome {
	t.Helper()
	outcomes := make([]chan mqtt.Outcome, n)
	for i := range outcomes {
		outcomes[i] = make(chan mqtt.Outcome, 1)
		require.NoError(t, c.Publish(deadline(t), qos, numbered{topic: "a", qos: qos, number: uint32(i), outcomes: outcomes[i]}, false))
	}
	return outcomes
}

func TestAcknowledgementsOutOfOrder(t *testing.T) {
	client, broker := newStage(t).enter(mqtt.Settings{}, mqtt.Handlers{}, &packets.Connack{})
	outcomes := publishNumbered(t, client, 1, 3)
	sent := ids(broker.read(packets.PUBLISH), broker.read(packets.PUBLISH), broker.read(packets.PUBLISH))
	broker.write(puback(sent[2], 0x10))
	broker.write(puback(4711, 0)) // nobody's
	broker.write(puback(sent[0], 0x97))
	broker.write(puback(sent[0], 0)) // once more
	broker.write(puback(sent[1], 0))
	assert.Equal(t, byte(0x97), receive(t, outcomes[0]).ReasonCode)
	assert.Equal(t, byte(0), receive(t, outcomes[1]).ReasonCode)
	assert.Equal(t, byte(0x10), receive(t, outcomes[2]).ReasonCode)
	assert.Zero(t, client.InFlight())
}

func TestReceiveMaximumOfOne(t *testing.T) {
	one := uint16(1)
	client, broker := newStage(t).enter(mqtt.Settings{}, mqtt.Handlers{}, &packets.Connack{Properties: &packets.Properties{ReceiveMaximum: &one}})
	const messages = 5
	outcomes := make(chan mqtt.Outcome, messages)
	published := make(chan error, 1)
	go func() {
		var err error
		for i := range uint32(messages) {
			err = errors.Join(err, client.Publish(deadline(t), 1, numbered{topic: "a", qos: 1, number: i, outcomes: outcomes}, i < messages-1))
		}
		published <- err
	}()
	for range messages {
		id := broker.read(packets.PUBLISH).PacketID()
		assert.Equal(t, 1, client.InFlight())
		require.NoError(t, broker.conn.SetReadDeadline(time.Now().Add(time.Millisecond)))
		_, err := broker.conn.Read(make([]byte, 1))
		require.Error(t, err, "nothing before the acknowledgement")
		require.NoError(t, broker.conn.SetReadDeadline(time.Now().Add(timeout)))
		broker.write(puback(id, 0))
		receive(t, outcomes)
	}
	require.NoError(t, receive(t, published))
}

func TestExactlyOnceOutwards(t *testing.T) {
	client, broker := newStage(t).enter(mqtt.Settings{}, mqtt.Handlers{}, &packets.Connack{})
	outcomes := publishNumbered(t, client, 2, 2)
	refused, taken := broker.read(packets.PUBLISH).PacketID(), broker.read(packets.PUBLISH).PacketID()
	broker.write(pubrec(refused, 0x97))
	assert.True(t, receive(t, outcomes[0]).Refused())
	broker.write(pubrec(taken, 0))
	assert.Equal(t, taken, broker.read(packets.PUBREL).PacketID())
	broker.write(pubrec(4711, 0))
	unknown := broker.read(packets.PUBREL)
	assert.EqualValues(t, 4711, unknown.PacketID())
	assert.Equal(t, byte(0x92), unknown.Content.(*packets.Pubrel).ReasonCode)
	assert.Equal(t, 1, client.InFlight())
	broker.write(&packets.Pubcomp{PacketID: taken})
	assert.False(t, receive(t, outcomes[1]).Refused())
	assert.Zero(t, client.InFlight())
}

func TestExactlyOnceInwards(t *testing.T) {
	arrived := make(chan mqtt.Delivery, 10)
	_, broker := newStage(t).enter(mqtt.Settings{}, mqtt.Handlers{Message: func(d mqtt.Delivery) { arrived <- d }}, &packets.Connack{})
	message := &packets.Publish{Topic: "a", QoS: 2, PacketID: 9, Payload: []byte("once"), Properties: &packets.Properties{}}
	broker.write(message)
	assert.EqualValues(t, 9, broker.read(packets.PUBREC).PacketID())
	message.Duplicate = true
	broker.write(message)
	assert.EqualValues(t, 9, broker.read(packets.PUBREC).PacketID())
	broker.write(&packets.Pubrel{PacketID: 9})
	assert.EqualValues(t, 9, broker.read(packets.PUBCOMP).PacketID())
	message.Duplicate = false
	broker.write(message)
	broker.read(packets.PUBREC)
	assert.Equal(t, "once", string(receive(t, arrived).Payload))
	assert.Equal(t, "once", string(receive(t, arrived).Payload), "the identifier is free for another message")
	assert.Empty(t, arrived)
}

func TestUnackedMessagesGoOutAgainInOrder(t *testing.T) {
	s := newStage(t)
	client, broker := s.enter(mqtt.Settings{SessionExpiry: time.Hour}, mqtt.Handlers{}, &packets.Connack{})
	first := publishNumbered(t, client, 1, 3)
	second := publishNumbered(t, client, 2, 1)
	sent := ids(broker.read(packets.PUBLISH), broker.read(packets.PUBLISH), broker.read(packets.PUBLISH), broker.read(packets.PUBLISH))
	broker.write(puback(sent[1], 0))
	broker.write(pubrec(sent[3], 0))
	broker.read(packets.PUBREL)
	receive(t, first[1])
	require.NoError(t, broker.conn.Close())

	broker = s.next(&packets.Connack{SessionPresent: true})
	for _, i := range []int{0, 2} {
		again := broker.read(packets.PUBLISH)
		assert.Equal(t, sent[i], again.PacketID())
		content := again.Content.(*packets.Publish)
		assert.True(t, content.Duplicate)
		assert.Equal(t, []byte{0, 0, 0, byte(i)}, content.Payload)
	}
	assert.Equal(t, sent[3], broker.read(packets.PUBREL).PacketID(), "the broker has the message already")
	for _, id := range []uint16{sent[2], sent[0]} {
		broker.write(puback(id, 0))
	}
	broker.write(&packets.Pubcomp{PacketID: sent[3]})
	for _, o := range []chan mqtt.Outcome{first[0], first[2], second[0]} {
		assert.NoError(t, receive(t, o).Err)
	}
	assert.Zero(t, client.InFlight())
}

func TestUnackedMessagesAreLostWithTheirSession(t *testing.T) {
	s := newStage(t)
	client, broker := s.enter(mqtt.Settings{SessionExpiry: time.Hour}, mqtt.Handlers{}, &packets.Connack{})
	outcomes := publishNumbered(t, client, 1, 2)
	broker.read(packets.PUBLISH)
	broker.read(packets.PUBLISH)
	require.NoError(t, broker.conn.Close())
	s.next(&packets.Connack{})
	for _, o := range outcomes {
		assert.ErrorIs(t, receive(t, o).Err, mqtt.ErrSessionLost)
	}
}

// Every packet that a broker sends in a conversation may end anywhere in what is read at once.
func TestPacketsByteByByte(t *testing.T) {
	arrived := make(chan mqtt.Delivery, 10)
	client, broker := newStage(t).enter(mqtt.Settings{}, mqtt.Handlers{Message: func(d mqtt.Delivery) { arrived <- d }}, &packets.Connack{})
	for qos := range byte(3) {
		broker.drip(&packets.Publish{Topic: "in/pieces", QoS: qos, PacketID: uint16(qos), Payload: make([]byte, 200), Properties: everyProperty()})
		switch qos {
		case 1:
			assert.EqualValues(t, qos, broker.read(packets.PUBACK).PacketID())
		case 2:
			assert.EqualValues(t, qos, broker.read(packets.PUBREC).PacketID())
			broker.drip(&packets.Pubrel{PacketID: uint16(qos), Properties: &packets.Properties{}})
			assert.EqualValues(t, qos, broker.read(packets.PUBCOMP).PacketID())
		}
		got := receive(t, arrived)
		assert.Equal(t, "in/pieces", got.Topic)
		assert.Len(t, got.Payload, 200)
		assert.Equal(t, []byte("correlated"), got.Properties.CorrelationData)
	}
	once, twice := publishNumbered(t, client, 1, 1)[0], publishNumbered(t, client, 2, 1)[0]
	broker.drip(puback(broker.read(packets.PUBLISH).PacketID(), 0x10))
	assert.Equal(t, byte(0x10), receive(t, once).ReasonCode)
	id := broker.read(packets.PUBLISH).PacketID()
	broker.drip(pubrec(id, 0))
	assert.Equal(t, id, broker.read(packets.PUBREL).PacketID())
	broker.drip(&packets.Pubcomp{PacketID: id, Properties: &packets.Properties{}})
	assert.False(t, receive(t, twice).Refused())
}

// large is a message that no socket takes at once.
type large struct{ outcome chan mqtt.Outcome }

func (large) Packet(clock.Instant) *paho.Publish {
	return &paho.Publish{Topic: "a", QoS: 1, Payload: make([]byte, 16<<20)}
}

func (l large) Acknowledged(o mqtt.Outcome) { l.outcome <- o }

// A broker may say DISCONNECT in the middle of a packet of the client's. The message goes out again, whole.
func TestDisconnectAmidAPacket(t *testing.T) {
	down := make(chan error, 1000)
	s := newStage(t)
	client, broker := s.enter(mqtt.Settings{SessionExpiry: time.Hour}, mqtt.Handlers{Down: func(err error) { down <- err }}, &packets.Connack{})
	message := large{make(chan mqtt.Outcome, 1)}
	published := make(chan error, 1)
	go func() { published <- client.Publish(deadline(t), 1, message, false) }()
	_, err := io.ReadFull(broker.conn, make([]byte, 1000))
	require.NoError(t, err)
	broker.write(&packets.Disconnect{ReasonCode: packets.DisconnectServerShuttingDown, Properties: &packets.Properties{}})
	assert.ErrorContains(t, receive(t, down), "shutting down")
	require.NoError(t, broker.conn.Close())

	broker = s.next(&packets.Connack{SessionPresent: true})
	again := broker.read(packets.PUBLISH)
	assert.Len(t, again.Content.(*packets.Publish).Payload, 16<<20)
	broker.write(puback(again.PacketID(), 0))
	require.NoError(t, receive(t, published))
	assert.NoError(t, receive(t, message.outcome).Err)
}

func TestMessagesRightBehindConnack(t *testing.T) {
	arrived := make(chan mqtt.Delivery, 1)
	s := newStage(t)
	go func() {
		a := s.next(&packets.Connack{ReasonCode: 0, Properties: &packets.Properties{}})
		a.write(&packets.Publish{Topic: "a", Payload: make([]byte, 300_000), Properties: &packets.Properties{}})
	}()
	connect(t, mqtt.Settings{Address: s.address()}, mqtt.Handlers{Message: func(d mqtt.Delivery) { arrived <- d }})
	assert.Len(t, receive(t, arrived).Payload, 300_000)
}

// What a broker must not send ends the connection; the lean client says why, and both connect again.
func TestWhatABrokerMustNotSend(t *testing.T) {
	cases := []struct {
		name  string
		bytes []byte
		code  byte // of the lean client's DISCONNECT; 0 for none
	}{
		{"a length of five bytes", []byte{0x30, 0xff, 0xff, 0xff, 0xff, 0x01}, 0x81},
		{"a property of CONNECT", []byte{0x30, 9, 0, 1, 'a', 5, 17, 0, 0, 0, 1, 0}, 0x81},
		{"a string past the end", []byte{0x30, 3, 0, 9, 'a'}, 0x81},
		{"QoS 3", []byte{0x36, 6, 0, 1, 'a', 0, 1, 0}, 0x81},
		{"identifier 0", []byte{0x32, 6, 0, 1, 'a', 0, 0, 0}, 0x82},
		{"an alias that was not offered", []byte{0x30, 7, 0, 1, 'a', 3, 35, 0, 1}, 0x94},
		{"an alias alone", []byte{0x30, 6, 0, 0, 3, 35, 0, 1}, 0x94},
		{"half a PUBACK", []byte{0x40, 1, 0}, 0x81},
		{"a second CONNACK", []byte{0x20, 3, 0, 0, 0}, 0},
		{"a packet of clients", []byte{0xc0, 0}, 0},
		{"a type that does not exist", []byte{0x00, 0}, 0},
		{"half a packet and no more", []byte{0x30, 50, 0, 1}, 0},
		{"DISCONNECT", []byte{0xe0, 2, 0x8b, 0}, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			down, up := make(chan error, 1000), make(chan struct{}, 1)
			s := newStage(t)
			_, broker := s.enter(mqtt.Settings{Implementation: mqtt.Lean}, mqtt.Handlers{
				Message: func(mqtt.Delivery) { assert.Fail(t, "delivered") },
				Down:    func(err error) { down <- err }, Up: func() { up <- struct{}{} },
			}, &packets.Connack{})
			broker.raw(c.bytes)
			if c.code != 0 {
				assert.Equal(t, c.code, broker.read(packets.DISCONNECT).Content.(*packets.Disconnect).ReasonCode)
			}
			require.NoError(t, broker.conn.Close())
			assert.Error(t, receive(t, down))
			s.next(&packets.Connack{})
			receive(t, up)
		})
	}
}

func TestKeepAliveEndsADeadConnection(t *testing.T) {
	down := make(chan error, 1000)
	_, broker := newStage(t).enter(mqtt.Settings{KeepAlive: time.Second}, mqtt.Handlers{Down: func(err error) { down <- err }}, &packets.Connack{})
	broker.read(packets.PINGREQ)
	if implementation == mqtt.Lean {
		broker.write(&packets.Pingresp{})
		broker.read(packets.PINGREQ)
	}
	assert.ErrorContains(t, receive(t, down), "PINGRESP")
}

func everyProperty() *packets.Properties {
	format, expiry, id := byte(1), uint32(7), 300
	return &packets.Properties{
		PayloadFormat: &format, MessageExpiry: &expiry, ContentType: "text/plain", ResponseTopic: "answers",
		CorrelationData: []byte("correlated"), SubscriptionIdentifier: &id, User: []packets.User{{Key: "k", Value: "v"}, {Key: "", Value: ""}, {Key: "k", Value: "w"}},
	}
}

// A message is the same whether it is lent or the handler's to keep.
func TestWhatIsLentIsWhatIsKept(t *testing.T) {
	for _, lent := range []bool{false, true} {
		t.Run(fmt.Sprintf("lent=%v", lent), func(t *testing.T) {
			texts := make(chan string, 10)
			_, broker := newStage(t).enter(mqtt.Settings{}, mqtt.Handlers{Lent: lent, Message: func(d mqtt.Delivery) {
				texts <- fmt.Sprint(d.Duplicate(), d.PacketID, d.Publish)
			}}, &packets.Connack{})
			sent := []*packets.Publish{
				{Topic: "everything", QoS: 1, PacketID: 5, Duplicate: true, Retain: true, Payload: []byte("payload"), Properties: everyProperty()},
				{Topic: "nothing", Properties: &packets.Properties{}},
				{Topic: "everything", Properties: everyProperty()},
				{Topic: "empty payload", QoS: 1, PacketID: 6, Properties: &packets.Properties{User: []packets.User{{Key: "traceparent", Value: "00"}}}},
			}
			for _, p := range sent {
				broker.write(p)
				want := paho.PublishFromPacketPublish(p)
				assert.Equal(t, clean(fmt.Sprint(want.Duplicate(), want.PacketID, want)), clean(receive(t, texts)))
			}
			for _, id := range []uint16{5, 6} {
				assert.Equal(t, id, broker.read(packets.PUBACK).PacketID())
			}
		})
	}
}

var addresses = regexp.MustCompile(`0x[0-9a-f]+`)

// clean replaces the addresses that paho.golang prints for some properties.
func clean(text string) string { return addresses.ReplaceAllString(text, "0x") }

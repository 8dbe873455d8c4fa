package conform

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/eclipse/paho.golang/packets"
)

// role is what a peer does, for messages.
type role string

const (
	sender   role = "sender"
	receiver role = "receiver"
)

// peer is one MQTT 5 connection. It is for one goroutine. It acknowledges what it reads, unless it holds back.
type peer struct {
	role    role
	limit   time.Duration // of the context that it was made with, for messages
	conn    net.Conn
	reader  *bufio.Reader
	ctx     context.Context // ends every wait
	release func() bool     // lets go of ctx

	limits         Limits
	sessionPresent bool
	sessionExpiry  uint32 // as the broker has it

	holdAcks bool
	inbox    []*packets.Publish
	aliases  map[uint16]string   // that the broker has introduced
	exactly  map[uint16]struct{} // QoS 2 messages that are not released yet
	lastID   uint16
}

// options are how a peer connects. The zero value of each field is the plain case.
type options struct {
	clientID      string
	resume        bool   // the session that the broker has
	sessionExpiry uint32 // in seconds
	aliasMaximum  uint16 // that the broker may use
	noProblemInfo bool   // sets Request Problem Information to 0
	holdAcks      bool   // acknowledges nothing
	will          *packets.Publish
}

// connect dials and waits for CONNACK. ctx, which must have a deadline, bounds all that the peer ever does.
func connect(ctx context.Context, t *Target, r role, o options) (*peer, error) {
	deadline, _ := ctx.Deadline()
	limit := time.Until(deadline).Round(time.Millisecond)
	conn, err := t.dial(ctx)
	if err != nil {
		return nil, &unreachableError{fmt.Errorf("connect to %s: %w", t.Address, err)}
	}
	p := &peer{
		role: r, limit: limit, conn: conn, reader: bufio.NewReader(conn), ctx: ctx, holdAcks: o.holdAcks,
		aliases: map[uint16]string{}, exactly: map[uint16]struct{}{},
	}
	p.release = context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // wakes whoever waits
	if err := p.handshake(t, o); err != nil {
		p.drop()
		return nil, err
	}
	return p, nil
}

func (p *peer) handshake(t *Target, o options) error {
	packet, err := connectPacket(t, o)
	if err != nil {
		return err
	}
	what := "the " + string(p.role) + "'s CONNECT"
	if o.will != nil {
		what = "the CONNECT with the will"
	}
	if err := p.write(packet); err != nil {
		return p.notConnected(t, err)
	}
	answer, err := p.read("CONNACK")
	if err != nil {
		return p.notConnected(t, err)
	}
	connack, ok := answer.Content.(*packets.Connack)
	if !ok {
		return &unreachableError{fmt.Errorf("connect to %s: %s instead of CONNACK", t.Address, answer.PacketType())}
	}
	if err := check(what, connack.ReasonCode, connack.Properties); err != nil {
		return err
	}
	p.limits, p.sessionPresent = limitsOf(connack.Properties), connack.SessionPresent
	p.sessionExpiry = or(connack.Properties.SessionExpiryInterval, o.sessionExpiry)
	return nil
}

// notConnected is for connections that end before CONNACK. A DISCONNECT is the broker's answer; anything else says that there
// is no broker to talk to.
func (p *peer) notConnected(t *Target, err error) error {
	if is[*refusedError](err) || p.ctx.Err() == context.Canceled {
		return err
	}
	if lost := (*lostError)(nil); errors.As(err, &lost) {
		err = fmt.Errorf("the connection ended before CONNACK: %w", t.explain(lost.err))
	}
	return &unreachableError{fmt.Errorf("connect to %s: %w", t.Address, err)}
}

// keepAlive is more than a row takes, so that no PINGREQ is needed.
const keepAlive = 600

func connectPacket(t *Target, o options) (*packets.Connect, error) {
	problemInfo, receiveMaximum := byte(1), uint16(100)
	if o.noProblemInfo {
		problemInfo = 0
	}
	c := &packets.Connect{
		ProtocolName: "MQTT", ProtocolVersion: 5, ClientID: o.clientID, CleanStart: !o.resume, KeepAlive: keepAlive,
		Properties: &packets.Properties{RequestProblemInfo: &problemInfo, ReceiveMaximum: &receiveMaximum},
	}
	if o.sessionExpiry > 0 {
		c.Properties.SessionExpiryInterval = &o.sessionExpiry
	}
	if o.aliasMaximum > 0 {
		c.Properties.TopicAliasMaximum = &o.aliasMaximum
	}
	if w := o.will; w != nil {
		c.WillFlag, c.WillTopic, c.WillMessage, c.WillQOS, c.WillRetain = true, w.Topic, w.Payload, w.QoS, w.Retain
		c.WillProperties = w.Properties
	}
	c.Username, c.UsernameFlag = t.Username, t.Username != ""
	if t.Password != nil {
		password, err := t.Password()
		if err != nil {
			return nil, &unreachableError{fmt.Errorf("password: %w", err)}
		}
		c.Password, c.PasswordFlag = password, true
	}
	return c, nil
}

// check returns the refusal that a reason code is, or nil.
func check(what string, code byte, properties *packets.Properties) error {
	if code < 0x80 {
		return nil
	}
	refused := &refusedError{what: what, code: code}
	if properties != nil {
		refused.reason = properties.ReasonString
	}
	return refused
}

// subscribe subscribes to one filter. Less than the wanted QoS is unsupported, and so is a subscription that is refused: the
// broker's user may not have it, which says nothing about trace context.
func (p *peer) subscribe(filter string, qos byte) error {
	p.lastID++
	packet := &packets.Subscribe{PacketID: p.lastID, Subscriptions: []packets.SubOptions{{Topic: filter, QoS: qos}}}
	if err := p.write(packet); err != nil {
		return err
	}
	answer, err := p.await("SUBACK", packets.SUBACK)
	if err != nil {
		return err
	}
	suback := answer.Content.(*packets.Suback)
	if len(suback.Reasons) != 1 {
		return fmt.Errorf("SUBACK has %d reason codes for one filter", len(suback.Reasons))
	}
	if err := check("subscription to "+filter, suback.Reasons[0], suback.Properties); err != nil {
		return unsupported("%v", err)
	}
	if suback.Reasons[0] < qos {
		return unsupported("subscription to %s: asked for QoS %d, granted %d", filter, qos, suback.Reasons[0])
	}
	return nil
}

// publish sends a message and returns when the broker has taken charge of it; at QoS 0, when it has answered a PINGREQ after it.
func (p *peer) publish(m *packets.Publish) error {
	if m.QoS > 0 {
		p.lastID++
		m.PacketID = p.lastID
	}
	if size := wireSize(m); p.limits.MaximumPacketSize > 0 && size > int(p.limits.MaximumPacketSize) {
		return unsupported("the message takes %d bytes, and CONNACK allows %d", size, p.limits.MaximumPacketSize)
	}
	if err := p.write(m); err != nil {
		return err
	}
	switch m.QoS {
	case 0:
		if err := p.write(&packets.Pingreq{}); err != nil {
			return err
		}
		_, err := p.await("PINGRESP", packets.PINGRESP)
		return err
	case 1:
		answer, err := p.await("PUBACK", packets.PUBACK)
		if err != nil {
			return err
		}
		ack := answer.Content.(*packets.Puback)
		return check("the message", ack.ReasonCode, ack.Properties)
	default:
		return p.publishExactly(m)
	}
}

func (p *peer) publishExactly(m *packets.Publish) error {
	answer, err := p.await("PUBREC", packets.PUBREC)
	if err != nil {
		return err
	}
	received := answer.Content.(*packets.Pubrec)
	if err := check("the message", received.ReasonCode, received.Properties); err != nil {
		return err
	}
	if err := p.write(&packets.Pubrel{PacketID: m.PacketID}); err != nil {
		return err
	}
	_, err = p.await("PUBCOMP", packets.PUBCOMP)
	return err
}

// wireSize is the length of a packet on the wire.
func wireSize(m *packets.Publish) int {
	var b bytes.Buffer
	_, _ = m.WriteTo(&b) // a buffer takes everything
	return b.Len()
}

// receive returns the next message, acknowledged to its end.
func (p *peer) receive() (*packets.Publish, error) {
	for len(p.inbox) == 0 || len(p.exactly) > 0 && !p.holdAcks {
		if _, err := p.read("message"); err != nil {
			return nil, err
		}
	}
	m := p.inbox[0]
	p.inbox = p.inbox[1:]
	return m, nil
}

// await reads until a packet of a type arrives; messages go to the inbox meanwhile.
func (p *peer) await(what string, kind byte) (*packets.ControlPacket, error) {
	for {
		packet, err := p.read(what)
		if err != nil || packet.Type == kind {
			return packet, err
		}
	}
}

// read reads one packet and does what the protocol wants to be done about it. what names what is waited for.
func (p *peer) read(what string) (*packets.ControlPacket, error) {
	packet, err := packets.ReadPacket(p.reader)
	if err != nil {
		return nil, p.failure(what, err)
	}
	switch content := packet.Content.(type) {
	case *packets.Publish:
		return packet, p.take(content)
	case *packets.Pubrel:
		delete(p.exactly, content.PacketID)
		return packet, p.write(&packets.Pubcomp{PacketID: content.PacketID})
	case *packets.Disconnect:
		if err := check("the "+string(p.role)+"'s connection", content.ReasonCode, content.Properties); err != nil {
			return nil, err
		}
		return nil, &lostError{p.role, io.EOF}
	}
	return packet, nil
}

// take puts a message into the inbox, under the topic that its alias stands for, and acknowledges it.
func (p *peer) take(m *packets.Publish) error {
	if alias := m.Properties.TopicAlias; alias != nil {
		if m.Topic != "" {
			p.aliases[*alias] = m.Topic
		}
		m.Topic = p.aliases[*alias]
	}
	if _, again := p.exactly[m.PacketID]; again && m.QoS == 2 {
		return p.write(&packets.Pubrec{PacketID: m.PacketID})
	}
	p.inbox = append(p.inbox, m)
	switch {
	case m.QoS == 2:
		p.exactly[m.PacketID] = struct{}{}
		return p.acknowledge(&packets.Pubrec{PacketID: m.PacketID})
	case m.QoS == 1:
		return p.acknowledge(&packets.Puback{PacketID: m.PacketID})
	}
	return nil
}

func (p *peer) acknowledge(ack io.WriterTo) error {
	if p.holdAcks {
		return nil
	}
	return p.write(ack)
}

// write sends a packet at once. If that fails, the broker's last word is the better reason.
func (p *peer) write(packet io.WriterTo) error {
	var b bytes.Buffer
	if _, err := packet.WriteTo(&b); err != nil {
		return err
	}
	if _, err := p.conn.Write(b.Bytes()); err != nil {
		for {
			last, readErr := packets.ReadPacket(p.reader)
			if readErr != nil {
				return p.failure("room to write", err)
			}
			if d, ok := last.Content.(*packets.Disconnect); ok && d.ReasonCode >= 0x80 {
				return check("the "+string(p.role)+"'s connection", d.ReasonCode, d.Properties)
			}
		}
	}
	return nil
}

// failure tells a connection that ended from one that was waited for too long.
func (p *peer) failure(what string, err error) error {
	switch {
	case p.ctx.Err() == context.DeadlineExceeded:
		return &lateError{what, p.limit}
	case p.ctx.Err() != nil:
		return p.ctx.Err()
	}
	return &lostError{p.role, err}
}

// goodbye is how long a DISCONNECT may take to leave, after the end of the peer's time too: without it a will is published.
const goodbye = time.Second

// disconnect says goodbye with a reason code and closes the connection.
func (p *peer) disconnect(code byte) {
	p.release()
	_ = p.conn.SetDeadline(time.Now().Add(goodbye))
	_ = p.write(&packets.Disconnect{ReasonCode: code}) // it is leaving either way
	p.drop()
}

// drop closes the connection without a word. It may be called again.
func (p *peer) drop() {
	p.release()
	_ = p.conn.Close()
}

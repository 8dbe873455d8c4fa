package mqtt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt/packet"
)

// leanDriver is a connection on which this package speaks MQTT itself: PUBLISH and its acknowledgements are written into and read
// from buffers that all connections share, and one goroutine, the one in serve, reads. What is rare goes through paho.golang's
// packets. Writing is done by whoever has something to send.
type leanDriver struct {
	client   *Client
	session  *leanSession
	dialogue *dialogue
	in       inlet
	out      outlet
	// limits are CONNACK's.
	limits Limits

	inbox *inbox // nil until a message arrives
	late  *lateAcks
	owed  atomic.Int64          // messages that have arrived and are not acknowledged
	queue atomic.Pointer[queue] // nil until a message arrives for a handler that it is not lent to
	// aliases are the broker's topic aliases, up to the maximum that CONNECT gave it.
	aliases      map[uint16]string
	aliasMaximum uint16

	to *aliases // the topic aliases towards the broker, nil for none

	alive aliveness

	closed latch // closed when the connection is

	mu      sync.Mutex // guards what follows
	given   bool       // up, from this side
	failure error      // the first, if it was not
	asked   chan *paho.AuthResponse
}

func newLeanDriver(c *Client, conn net.Conn, dialogue *dialogue) *leanDriver {
	d := &leanDriver{client: c, session: c.session.(*leanSession), dialogue: dialogue}
	if c.handlers.AckDelay != nil {
		d.late = newLateAcks(c.handlers.AckDelay, c.settings.ReceiveMaximum, d.closed.done())
	}
	d.in.init(conn)
	d.out.init(conn, &c.counters)
	return d
}

// connect sends CONNECT and reads up to CONNACK. Then it sends again what a session that the broker knows still has under way.
func (d *leanDriver) connect(ctx context.Context, connect *paho.Connect) (*paho.Connack, error) {
	stop := context.AfterFunc(ctx, func() { _ = d.in.conn.SetDeadline(time.Unix(1, 0)) }) // fails on a closed connection
	defer stop()
	p := connect.Packet()
	p.ProtocolName, p.ProtocolVersion = "MQTT", 5
	if err := d.send(p); err != nil {
		return nil, err
	}
	connack, err := d.awaitConnack()
	if err != nil || !stop() {
		return connack, errors.Join(err, ctx.Err())
	}
	d.limits = limitsOf(connack)
	d.to = d.client.settings.aliasesTo(d.limits)
	var largest uint32
	override(&largest, p.Properties.MaximumPacketSize)
	override(&d.aliasMaximum, p.Properties.TopicAliasMaximum)
	d.in.limit = int(largest)
	d.alive.interval = time.Duration(connect.KeepAlive) * time.Second
	if d.limits.ServerKeepAlive > 0 {
		d.alive.interval = time.Duration(d.limits.ServerKeepAlive) * time.Second
	}
	return connack, d.resume(connack.SessionPresent)
}

func (d *leanDriver) awaitConnack() (*paho.Connack, error) {
	for {
		frame, err := d.in.next()
		if err != nil {
			return nil, err
		}
		content, err := decoded(frame)
		if err != nil {
			return nil, err
		}
		switch p := content.(type) {
		case *packets.Connack:
			connack := paho.ConnackFromPacketConnack(p)
			if p.ReasonCode >= 0x80 {
				return connack, errRefused
			}
			return connack, d.dialogue.admitted(connack)
		case *packets.Auth:
			if err := d.answer(p); err != nil {
				return nil, err
			}
		default:
			return nil, fmt.Errorf("packet type %d instead of CONNACK", frame.Type())
		}
	}
}

// decoded is what paho.golang makes of a packet.
func decoded(f packet.Frame) (packets.Packet, error) {
	p := packets.NewControlPacket(f.Type())
	if p == nil {
		return nil, fmt.Errorf("packet of unknown type %d", f.Type())
	}
	if err := p.Content.Unpack(bytes.NewBuffer(bytes.Clone(f.Body))); err != nil {
		return nil, fmt.Errorf("packet of type %d: %w", f.Type(), err)
	}
	return p.Content, nil
}

// resume sends what is unacknowledged, with its old packet identifiers, if the broker still knows the session.
func (d *leanDriver) resume(present bool) error {
	if !present || !d.session.keeps {
		d.session.abandon()
		return nil
	}
	d.out.mu.Lock()
	defer d.out.mu.Unlock()
	d.session.again(func(frame []byte) {
		d.out.append(frame)
		if frame[0]>>4 == packet.Publish {
			d.out.countPublish(len(frame))
		}
	})
	d.out.flush(clock.Now())
	return d.out.err
}

// serve reads until the connection ends.
func (d *leanDriver) serve() error {
	d.alive.start(d)
	err := d.read()
	d.alive.stop()
	d.shut()
	if q := d.queue.Load(); q != nil {
		q.finish()
	}
	d.late.wait()
	d.in.release()
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.given:
		return nil
	case d.failure != nil:
		return d.failure
	default:
		return err
	}
}

// read handles what arrives, in order; acknowledgements leave when all that one read brought has been handled.
func (d *leanDriver) read() error {
	for {
		frame, err := d.in.buffered()
		if err == nil && frame.First == 0 {
			d.session.wake()
			d.out.flushAcks()
			if err = d.in.fill(); err != nil {
				return err
			}
			d.alive.received.Store(int64(d.in.readAt))
			continue
		}
		if err == nil {
			err = d.handle(frame)
		}
		if err != nil {
			d.complain(err)
			return err
		}
	}
}

// complain tells the broker what it did wrong.
func (d *leanDriver) complain(err error) {
	var wrong *packet.Error
	if errors.As(err, &wrong) {
		_ = d.send(&packets.Disconnect{ReasonCode: wrong.ReasonCode, Properties: &packets.Properties{}}) // the connection ends anyway
	}
}

// goodbye implements driver.
func (d *leanDriver) goodbye() {
	d.giveUp()
	d.flush()
	_ = d.send(&packets.Disconnect{Properties: &packets.Properties{}}) // a failure ends the connection, which is what is wanted
	d.shut()
}

// close implements driver.
func (d *leanDriver) close() {
	d.giveUp()
	d.shut()
}

func (d *leanDriver) giveUp() {
	d.mu.Lock()
	d.given = true
	d.mu.Unlock()
}

// fail ends the connection for a reason.
func (d *leanDriver) fail(err error) {
	d.mu.Lock()
	if d.failure == nil {
		d.failure = err
	}
	d.mu.Unlock()
	d.shut()
}

func (d *leanDriver) shut() {
	if d.closed.close() {
		_ = d.in.conn.Close() // nothing is to be done about a failure
		d.out.end(net.ErrClosed)
	}
}

// send writes a packet of paho.golang's.
func (d *leanDriver) send(p packets.Packet) error {
	d.out.mu.Lock()
	defer d.out.mu.Unlock()
	d.out.awaitTurn()
	if d.out.err == nil {
		_, _ = p.WriteTo(appender{&d.out}) // appending does not fail
		d.out.flush(clock.Now())
	}
	return d.out.err
}

func (d *leanDriver) flush() {
	d.out.mu.Lock()
	defer d.out.mu.Unlock()
	d.out.awaitTurn()
	d.out.flush(clock.Now())
}

func (d *leanDriver) waiting() int {
	if q := d.queue.Load(); q != nil {
		return len(q.arrivals)
	}
	return 0
}

func (d *leanDriver) unanswered() int { return int(d.owed.Load()) }

var errRefused = errors.New("refused")

// appender is the end of an outlet's buffer as an io.Writer; the outlet is locked.
type appender struct{ *outlet }

func (a appender) Write(p []byte) (int, error) {
	a.append(p)
	return len(p), nil
}

var _ io.Writer = appender{}

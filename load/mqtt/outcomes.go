package mqtt

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/eclipse/paho.golang/packets"
	pahosession "github.com/eclipse/paho.golang/paho/session"

	"mqttrace/load/clock"
)

// ErrSessionLost is the outcome of a message whose session ended before the broker acknowledged it: whether it was delivered
// is not known.
var ErrSessionLost = errors.New("session lost before the message was acknowledged")

// Outcome is what became of a QoS 1 or 2 message.
type Outcome struct {
	// At is when the acknowledgement was read off the socket, or when the session was found lost.
	At clock.Instant
	// ReasonCode is the PUBACK's, PUBREC's or PUBCOMP's (MQTT 5 section 2.4): 0x80 and above is a refusal.
	ReasonCode byte
	// Reason is what the broker says about a refusal, if it says anything.
	Reason string
	// Err is ErrSessionLost, or nil if the broker answered.
	Err error
}

// Refused reports whether the broker answered and did not take the message.
func (o Outcome) Refused() bool { return o.Err == nil && o.ReasonCode >= 0x80 }

// outcomes is a paho session that remembers which Publication each packet identifier stands for. It gives what paho offers only
// one at a time: publishing in order without waiting, and the outcome of every message.
//
// It is also the send window: at most limit messages are unacknowledged. paho keeps such a quota too, but waits for it after
// the message has been encoded, which is too late for the sent instant.
type outcomes struct {
	pahosession.SessionManager

	// adding is what paho is about to add, and aliases those of the connection that it goes to, nil for none. They are set by
	// Client.Publish, which adds one at a time.
	adding  Publication
	aliases *aliases

	mu      sync.Mutex // guards what follows
	pending map[uint16]Publication
	limit   int
	freed   chan struct{} // holds a token when the window may have room again

	readAt  func() clock.Instant // of the packet being received
	skipped func()               // is called when that is a message which the handler will not see
	// answered is called when a message that the handler has seen has been acknowledged.
	answered func()
}

func newOutcomes(inner pahosession.SessionManager) *outcomes {
	return &outcomes{
		SessionManager: inner,
		pending:        make(map[uint16]Publication),
		freed:          make(chan struct{}, 1),
		readAt:         clock.Now,
		skipped:        func() {},
		answered:       func() {},
	}
}

// acquire waits until the window has room for one more message. full is called once if there is none at first.
func (o *outcomes) acquire(ctx context.Context, lost <-chan struct{}, full func()) error {
	for waited := false; !o.hasRoom(); waited = true {
		if !waited {
			full()
		}
		select {
		case <-o.freed:
		case <-lost:
			return errLinkLost
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (o *outcomes) hasRoom() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.pending) < o.limit
}

func (o *outcomes) setLimit(n int) {
	o.mu.Lock()
	o.limit = n
	o.mu.Unlock()
	o.signal()
}

func (o *outcomes) signal() {
	select {
	case o.freed <- struct{}{}:
	default:
	}
}

// inFlight is how many messages are unacknowledged.
func (o *outcomes) inFlight() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.pending)
}

// settle waits until no message is unacknowledged. The caller has seen to it that no other is sent.
func (o *outcomes) settle(ctx context.Context, retired <-chan struct{}) {
	for o.inFlight() > 0 {
		select {
		case <-o.freed:
		case <-retired:
			return
		case <-ctx.Done():
			return
		}
	}
}

// ConAckReceived notes the end of a session that the broker does not know any more.
func (o *outcomes) ConAckReceived(w io.Writer, connect *packets.Connect, connack *packets.Connack) error {
	if !connack.SessionPresent {
		o.abandon()
	}
	return o.SessionManager.ConAckReceived(w, connect, connack)
}

// AddToSession lets paho give the packet an identifier and notes whose it is.
func (o *outcomes) AddToSession(ctx context.Context, packet pahosession.Packet, resp chan<- packets.ControlPacket) error {
	err := o.SessionManager.AddToSession(ctx, packet, resp)
	if publish, ok := packet.(*packets.Publish); ok && err == nil {
		o.mu.Lock()
		o.pending[publish.PacketID] = o.adding
		o.mu.Unlock()
		o.aliases.shorten(publish) // which the session has stored with its topic
	}
	return err
}

// PacketReceived reports the message whose last acknowledgement this is.
func (o *outcomes) PacketReceived(packet *packets.ControlPacket, publishes chan<- *packets.Publish) error {
	if publish, ok := packet.Content.(*packets.Publish); ok && publish.QoS == 2 && publish.Duplicate {
		return o.repeated(packet, publishes)
	}
	at := o.readAt()
	err := o.SessionManager.PacketReceived(packet, publishes)
	switch ack := packet.Content.(type) {
	case *packets.Puback:
		o.complete(ack.PacketID, outcomeOf(at, ack.ReasonCode, ack.Properties))
	case *packets.Pubcomp:
		o.complete(ack.PacketID, outcomeOf(at, ack.ReasonCode, ack.Properties))
	case *packets.Pubrec:
		if ack.ReasonCode >= 0x80 {
			o.complete(ack.PacketID, outcomeOf(at, ack.ReasonCode, ack.Properties))
		}
	}
	return err
}

// Ack acknowledges a message that has been handled; paho calls it for those of QoS 0 too.
func (o *outcomes) Ack(publish *packets.Publish) error {
	if publish.QoS > 0 {
		defer o.answered()
	}
	return o.SessionManager.Ack(publish)
}

// repeated takes a message of QoS 2 that has been sent before: paho hands it on only if it did not see it then.
func (o *outcomes) repeated(packet *packets.ControlPacket, publishes chan<- *packets.Publish) error {
	passed := make(chan *packets.Publish, 1)
	err := o.SessionManager.PacketReceived(packet, passed)
	select {
	case publish := <-passed:
		publishes <- publish
	default:
		o.skipped()
	}
	return err
}

func outcomeOf(at clock.Instant, code byte, properties *packets.Properties) Outcome {
	outcome := Outcome{At: at, ReasonCode: code}
	if code >= 0x80 && properties != nil {
		outcome.Reason = properties.ReasonString
	}
	return outcome
}

func (o *outcomes) complete(id uint16, outcome Outcome) {
	o.mu.Lock()
	p, ok := o.pending[id]
	delete(o.pending, id)
	o.mu.Unlock()
	if ok {
		o.signal()
		p.Acknowledged(outcome)
	}
}

// abandon reports every unacknowledged message as lost with its session.
func (o *outcomes) abandon() {
	o.mu.Lock()
	lost := o.pending
	o.pending = make(map[uint16]Publication)
	o.mu.Unlock()
	o.signal()
	for _, p := range lost {
		p.Acknowledged(Outcome{At: clock.Now(), Err: ErrSessionLost})
	}
}

// close ends the session.
func (o *outcomes) close() {
	o.abandon()
	_ = o.SessionManager.Close() // paho's in-memory session has nothing that could fail to close
}

package conform

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/eclipse/paho.golang/packets"
)

// trip is one attempt at one case. It is for one goroutine.
type trip struct {
	ctx    context.Context // with the deadline of the attempt
	target *Target
	limits Limits
	topic  string
	prefix string // of client identifiers
	user   func() []packets.User

	peers    []*peer
	numbered int // messages so far
	pairs    []pair
	retained bool     // a message may be retained on topic
	sessions []string // client identifiers that may have left one
	shuffled bool     // messages came in another order than they were sent
}

// pair is a message's user properties as they were sent, and the message as it arrived.
type pair struct {
	sent []packets.User
	got  *packets.Publish
}

// qos is the best quality of service that the broker has, up to 1: what cases use that are not about it.
func (t *trip) qos() byte { return min(1, t.limits.MaximumQoS) }

// clientID is the identifier of the n-th client of the trip. 23 letters and digits at most, which every broker must take.
func (t *trip) clientID(n int) string { return fmt.Sprintf("%sc%d", t.prefix, n) }

// connect makes a connection that is closed with the trip.
func (t *trip) connect(r role, o options) (*peer, error) {
	if o.clientID == "" {
		o.clientID = t.clientID(len(t.peers))
	}
	if o.sessionExpiry > 0 {
		t.sessions = append(t.sessions, o.clientID)
	}
	p, err := connect(t.ctx, t.target, r, o)
	if err == nil {
		t.peers = append(t.peers, p)
	}
	return p, err
}

// subscribed is a receiver that has subscribed to a filter.
func (t *trip) subscribed(filter string, qos byte, o options) (*peer, error) {
	p, err := t.connect(receiver, o)
	if err != nil {
		return nil, err
	}
	return p, p.subscribe(filter, qos)
}

// message is a message of the case, with a context and a payload of its own.
func (t *trip) message(qos byte) *packets.Publish {
	t.numbered++
	return &packets.Publish{
		Topic: t.topic, QoS: qos, Payload: fmt.Appendf(nil, "mqttrace conform %d\n", t.numbered),
		Properties: &packets.Properties{User: t.user()},
	}
}

// send publishes messages over a new connection, which stays open.
func (t *trip) send(messages ...*packets.Publish) error {
	p, err := t.connect(sender, options{})
	if err != nil {
		return err
	}
	for _, m := range messages {
		t.retained = t.retained || m.Retain
		if err := p.publish(m); err != nil {
			return err
		}
	}
	return nil
}

// collect waits until a receiver has got all messages that were sent. A message is known by its payload, so that a broker that
// changes the order of messages, or sends one twice, is not taken for one that changes their contexts.
func (t *trip) collect(p *peer, sent ...*packets.Publish) error {
	arrived := map[*packets.Publish]bool{}
	for len(arrived) < len(sent) {
		got, err := p.receive()
		if err != nil {
			return err
		}
		i := indexOf(got, sent, arrived)
		if arrived[sent[i]] {
			continue
		}
		t.shuffled = t.shuffled || i != len(arrived)
		arrived[sent[i]] = true
		t.pairs = append(t.pairs, pair{sent[i].Properties.User, got})
	}
	return nil
}

// indexOf finds which of the messages that were sent got is. One whose payload nobody sent is taken for the first that is due.
func indexOf(got *packets.Publish, sent []*packets.Publish, arrived map[*packets.Publish]bool) int {
	i := slices.IndexFunc(sent, func(m *packets.Publish) bool { return bytes.HasPrefix(got.Payload, m.Payload) })
	if i < 0 {
		i = slices.IndexFunc(sent, func(m *packets.Publish) bool { return !arrived[m] })
	}
	return i
}

// close ends the connections, wills untold.
func (t *trip) close() {
	for _, p := range t.peers {
		p.disconnect(packets.DisconnectNormalDisconnection)
	}
}

// tidy removes what the trip may have left with the broker: retained messages and sessions. It needs a context of its own,
// because the trip's may be over.
func (t *trip) tidy(ctx context.Context) error {
	for _, id := range t.sessions {
		p, err := connect(ctx, t.target, receiver, options{clientID: id}) // a clean start that keeps no session
		if err != nil {
			return fmt.Errorf("session of client %s is left behind: %w", id, err)
		}
		p.disconnect(packets.DisconnectNormalDisconnection)
	}
	if !t.retained {
		return nil
	}
	p, err := connect(ctx, t.target, sender, options{clientID: t.clientID(99)})
	if err == nil {
		err = p.publish(&packets.Publish{Topic: t.topic, QoS: t.qos(), Retain: true, Properties: &packets.Properties{}})
		p.disconnect(packets.DisconnectNormalDisconnection)
	}
	if err != nil {
		return fmt.Errorf("the retained message on %s is left behind: %w", t.topic, err)
	}
	return nil
}

package conform

import (
	"github.com/eclipse/paho.golang/packets"
)

// A journey brings messages from a sender to a receiver in one of the ways that MQTT has, and keeps what arrived in the trip.
type journey func(*trip) error

// live is a message to a receiver that is there.
func live(sent, received byte) journey {
	return func(t *trip) error {
		if sent > t.limits.MaximumQoS {
			return unsupported("CONNACK allows QoS %d at most", t.limits.MaximumQoS)
		}
		return t.oneMessage(t.message(sent), received, options{})
	}
}

// plain is the journey of cases that are about what a message carries.
func plain(t *trip) error { return t.oneMessage(t.message(t.qos()), t.qos(), options{}) }

func (t *trip) oneMessage(m *packets.Publish, received byte, o options) error {
	p, err := t.subscribed(t.topic, received, o)
	if err != nil {
		return err
	}
	if err := t.send(m); err != nil {
		return err
	}
	return t.collect(p, m)
}

// fanOut is one message to several receivers.
func fanOut(receivers int) journey {
	return func(t *trip) error {
		var all []*peer
		for range receivers {
			p, err := t.subscribed(t.topic, t.qos(), options{})
			if err != nil {
				return err
			}
			all = append(all, p)
		}
		m := t.message(t.qos())
		if err := t.send(m); err != nil {
			return err
		}
		for _, p := range all {
			if err := t.collect(p, m); err != nil {
				return err
			}
		}
		return nil
	}
}

// noProblemInfo is a message to a receiver that asks for no reason strings and user properties where something went wrong.
// They must reach it in a PUBLISH all the same.
func noProblemInfo(t *trip) error {
	return t.oneMessage(t.message(t.qos()), t.qos(), options{noProblemInfo: true})
}

// sharedSubscription is one message to two groups of one receiver each.
func sharedSubscription(t *trip) error {
	if !t.limits.SharedSubscriptionAvailable {
		return unsupported("CONNACK says that shared subscriptions are not available")
	}
	var all []*peer
	for _, group := range []string{"first", "second"} {
		p, err := t.subscribed("$share/"+group+"/"+t.topic, t.qos(), options{})
		if err != nil {
			return err
		}
		all = append(all, p)
	}
	m := t.message(t.qos())
	if err := t.send(m); err != nil {
		return err
	}
	for _, p := range all {
		if err := t.collect(p, m); err != nil {
			return err
		}
	}
	return nil
}

func (t *trip) retainedMessage() (*packets.Publish, error) {
	if !t.limits.RetainAvailable {
		return nil, unsupported("CONNACK says that retained messages are not available")
	}
	m := t.message(t.qos())
	m.Retain = true
	return m, nil
}

// retainedLive is a retained message to a receiver that was there before it.
func retainedLive(t *trip) error {
	m, err := t.retainedMessage()
	if err != nil {
		return err
	}
	return t.oneMessage(m, t.qos(), options{})
}

// retainedReplayed is some retained messages of one topic, of which the last is replayed to two receivers that come later.
func retainedReplayed(messages int) journey {
	return func(t *trip) error {
		var last *packets.Publish
		for range messages {
			m, err := t.retainedMessage()
			if err != nil {
				return err
			}
			if err := t.send(m); err != nil {
				return err
			}
			last = m
		}
		return t.replayed(last, 2)
	}
}

// replayed collects a retained message with receivers that come now.
func (t *trip) replayed(m *packets.Publish, receivers int) error {
	for range receivers {
		p, err := t.subscribed(t.topic, t.qos(), options{})
		if err != nil {
			return err
		}
		if err := t.collect(p, m); err != nil {
			return err
		}
	}
	return nil
}

// will is the will of a client whose connection ends as leave ends it.
func will(leave func(*peer)) journey {
	return func(t *trip) error {
		_, err := t.willOf(t.message(t.qos()), leave)
		return err
	}
}

// willOf registers m as a will, leaves, and collects it.
func (t *trip) willOf(m *packets.Publish, leave func(*peer)) (*packets.Publish, error) {
	p, err := t.subscribed(t.topic, t.qos(), options{})
	if err != nil {
		return nil, err
	}
	mortal, err := t.connect(sender, options{will: m})
	if err != nil {
		return nil, err
	}
	leave(mortal)
	return m, t.collect(p, m)
}

func crash(p *peer)    { p.drop() }
func withWill(p *peer) { p.disconnect(packets.DisconnectDisconnectWithWillMessage) }

// willRetained is a will that is retained, and replayed to a receiver that comes later.
func willRetained(t *trip) error {
	m, err := t.retainedMessage()
	if err != nil {
		return err
	}
	t.retained = true
	if _, err := t.willOf(m, crash); err != nil {
		return err
	}
	return t.replayed(m, 1)
}

// sessionSeconds is how long a session may outlive its connection: longer than any trip.
const sessionSeconds = 600

// away is a receiver that subscribes, and leaves its session behind. The identifier resumes it.
func (t *trip) away(qos byte) (clientID string, err error) {
	if qos > t.limits.MaximumQoS || qos == 0 {
		return "", unsupported("CONNACK allows QoS %d at most, and sessions need not keep messages of QoS 0", t.limits.MaximumQoS)
	}
	clientID = t.clientID(len(t.peers))
	p, err := t.subscribed(t.topic, qos, options{clientID: clientID, sessionExpiry: sessionSeconds})
	if err != nil {
		return "", err
	}
	if p.sessionExpiry == 0 {
		return "", unsupported("CONNACK says that sessions end with the connection")
	}
	p.disconnect(packets.DisconnectNormalDisconnection)
	return clientID, nil
}

// back resumes the session of a receiver.
func (t *trip) back(clientID string) (*peer, error) {
	p, err := t.connect(receiver, options{clientID: clientID, resume: true, sessionExpiry: sessionSeconds})
	if err != nil {
		return nil, err
	}
	if !p.sessionPresent {
		return nil, errNoSession
	}
	return p, nil
}

// sessionResume is some messages that wait for a receiver to come back, each with a context of its own.
func sessionResume(qos byte, messages int) journey {
	return func(t *trip) error {
		id, err := t.away(qos)
		if err != nil {
			return err
		}
		var sent []*packets.Publish
		for range messages {
			sent = append(sent, t.message(qos))
		}
		if err := t.send(sent...); err != nil {
			return err
		}
		p, err := t.back(id)
		if err != nil {
			return err
		}
		return t.collect(p, sent...)
	}
}

// redelivery is a message that its receiver did not acknowledge before its connection broke: it comes again.
func redelivery(t *trip) error {
	if t.limits.MaximumQoS == 0 {
		return unsupported("CONNACK allows QoS 0 only")
	}
	id := t.clientID(len(t.peers))
	p, err := t.subscribed(t.topic, 1, options{clientID: id, sessionExpiry: sessionSeconds, holdAcks: true})
	if err != nil {
		return err
	}
	if p.sessionExpiry == 0 {
		return unsupported("CONNACK says that sessions end with the connection")
	}
	m := t.message(1)
	if err := t.send(m); err != nil {
		return err
	}
	if err := t.collect(p, m); err != nil {
		return err
	}
	p.drop()
	if p, err = t.back(id); err != nil {
		return err
	}
	return t.collect(p, m)
}

// aliasToBroker is two messages of which the second has an alias in the place of its topic.
func aliasToBroker(t *trip) error {
	if t.limits.TopicAliasMaximum == 0 {
		return unsupported("CONNACK allows no topic aliases")
	}
	p, err := t.subscribed(t.topic, t.qos(), options{})
	if err != nil {
		return err
	}
	first, second := t.message(t.qos()), t.message(t.qos())
	alias := uint16(1)
	first.Properties.TopicAlias, second.Properties.TopicAlias = &alias, &alias
	second.Topic = ""
	if err := t.send(first, second); err != nil {
		return err
	}
	return t.collect(p, first, second)
}

// aliasToReceiver is three messages to a receiver that allows the broker to use aliases. Whether it does is its own choice.
func aliasToReceiver(t *trip) error {
	p, err := t.subscribed(t.topic, t.qos(), options{aliasMaximum: 10})
	if err != nil {
		return err
	}
	sent := []*packets.Publish{t.message(t.qos()), t.message(t.qos()), t.message(t.qos())}
	if err := t.send(sent...); err != nil {
		return err
	}
	if err := t.collect(p, sent...); err != nil {
		return err
	}
	if len(p.aliases) == 0 && t.unchanged() {
		return unsupported("the broker may use topic aliases towards receivers and uses none")
	}
	return nil
}

func (t *trip) unchanged() bool {
	for _, p := range t.pairs {
		if judge(p.sent, p.got).outcome != Unchanged {
			return false
		}
	}
	return true
}

// expirySeconds is longer than any trip: nothing is to expire.
const expirySeconds = 600

func (t *trip) expiring() *packets.Publish {
	m, seconds := t.message(t.qos()), uint32(expirySeconds)
	m.Properties.MessageExpiry = &seconds
	return m
}

// expiry is a message with an expiry interval to a receiver that is there.
func expiry(t *trip) error { return t.oneMessage(t.expiring(), t.qos(), options{}) }

// expiryQueued is one that waits for its receiver: the broker writes the interval anew.
func expiryQueued(t *trip) error {
	id, err := t.away(t.qos())
	if err != nil {
		return err
	}
	m := t.expiring()
	if err := t.send(m); err != nil {
		return err
	}
	p, err := t.back(id)
	if err != nil {
		return err
	}
	return t.collect(p, m)
}

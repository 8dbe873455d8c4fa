package mqtt

import (
	"bytes"
	"strings"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt/packet"
)

// inbox is what a connection handles messages with. Most clients of a run only publish, and have none.
type inbox struct {
	message packet.Message // being handled
	letters letters
	gone    <-chan struct{} // closed with the connection
}

// arrived takes a PUBLISH: it hands it to the handler and acknowledges it, or queues it for the handler.
func (d *leanDriver) arrived(m *packet.Message) error {
	topic, err := d.topicOf(m)
	if err != nil {
		return err
	}
	if m.QoS == 2 && m.Duplicate && d.session.arrived(m.ID) {
		d.acknowledge(packet.Pubrec, m.ID, 0)
		return nil
	}
	if m.QoS > 0 {
		d.owed.Add(1)
	}
	handlers := &d.client.handlers
	switch {
	case handlers.Message == nil:
		d.confirm(m.QoS, m.ID)
	case handlers.Lent:
		handlers.Message(Delivery{Publish: d.inbox.letters.lend(m, topic), Received: d.in.readAt, Gone: d.inbox.gone})
		d.confirm(m.QoS, m.ID)
	default:
		d.enqueue(m, topic)
	}
	return nil
}

// confirm acknowledges a message that has been handled, in time or late.
func (d *leanDriver) confirm(qos byte, id uint16) {
	if d.late == nil || qos == 0 {
		d.confirmNow(qos, id)
		return
	}
	d.late.add(func() {
		d.confirmNow(qos, id)
		d.out.flushAcks()
	})
}

func (d *leanDriver) confirmNow(qos byte, id uint16) {
	switch qos {
	case 0:
		return
	case 1:
		d.acknowledge(packet.Puback, id, 0)
	case 2:
		d.session.handled(id)
		d.acknowledge(packet.Pubrec, id, 0)
	}
	d.owed.Add(-1)
}

// topicOf is a message's topic, that of its alias if it has no other.
func (d *leanDriver) topicOf(m *packet.Message) (string, error) {
	alias := m.Properties.TopicAlias
	if alias > d.aliasMaximum {
		return "", packet.ErrAlias
	}
	if len(m.Topic) == 0 {
		topic, known := d.aliases[alias]
		if !known {
			return "", packet.ErrAlias
		}
		return topic, nil
	}
	topic := d.inbox.letters.text(m.Topic)
	if alias > 0 {
		if d.aliases == nil {
			d.aliases = make(map[uint16]string)
		}
		d.aliases[alias] = topic
	}
	return topic, nil
}

// letters makes deliveries. What it lends it uses again for the next, except for strings, which stay as they are. The zero value
// is ready.
type letters struct {
	publish    paho.Publish
	properties paho.PublishProperties
	user       paho.UserProperties

	topic  string            // of the last message
	topics map[string]string // that have been seen, so that they need not be made again
	format byte
	expiry uint32
	alias  uint16
	id     int
}

// mostTopics bounds how many topics are remembered.
const mostTopics = 1 << 12

// text is a topic as a string.
func (l *letters) text(topic []byte) string {
	if string(topic) == l.topic {
		return l.topic
	}
	known, ok := l.topics[string(topic)]
	if !ok {
		known = string(topic)
		if l.topics == nil || len(l.topics) == mostTopics {
			l.topics = make(map[string]string)
		}
		l.topics[known] = known
	}
	l.topic = known
	return known
}

// duplicate is a message with the DUP flag, which paho.golang lets nobody set.
var duplicate = *paho.PublishFromPacketPublish(&packets.Publish{Duplicate: true, Properties: &packets.Properties{}})

// lend returns the message in memory that the next call uses again, payload and correlation data in the bytes it was decoded from.
func (l *letters) lend(m *packet.Message, topic string) *paho.Publish {
	l.publish = paho.Publish{}
	if m.Duplicate {
		l.publish = duplicate
	}
	l.publish.PacketID, l.publish.QoS, l.publish.Retain, l.publish.Topic, l.publish.Payload = m.ID, m.QoS, m.Retain, topic, m.Payload
	l.publish.Properties = &l.properties
	l.fill(&m.Properties)
	return &l.publish
}

func (l *letters) fill(p *packet.Properties) {
	l.user = appendUsers(l.user[:0], p)
	l.properties = paho.PublishProperties{CorrelationData: p.CorrelationData, User: l.user}
	if p.Others() {
		l.fillRare(p)
	}
}

func (l *letters) fillRare(p *packet.Properties) {
	l.properties.ContentType, l.properties.ResponseTopic = string(p.ContentType), string(p.ResponseTopic)
	l.format, l.expiry, l.alias, l.id = p.PayloadFormat, p.MessageExpiry, p.TopicAlias, p.SubscriptionIdentifier
	l.properties.PayloadFormat = ifHas(p, packet.PayloadFormat, &l.format)
	l.properties.MessageExpiry = ifHas(p, packet.MessageExpiry, &l.expiry)
	l.properties.TopicAlias = ifHas(p, packet.TopicAlias, &l.alias)
	l.properties.SubscriptionIdentifier = ifHas(p, packet.SubscriptionIdentifier, &l.id)
}

func ifHas[T any](p *packet.Properties, identifier byte, value *T) *T {
	if p.Has(identifier) {
		return value
	}
	return nil
}

// appendUsers appends the user properties, whose text is one string.
func appendUsers(dst paho.UserProperties, p *packet.Properties) paho.UserProperties {
	if !p.Has(packet.User) {
		return dst
	}
	var text strings.Builder
	text.Grow(p.Size())
	for key, value := range p.Users() {
		text.Write(key)
		text.Write(value)
	}
	rest := text.String()
	for key, value := range p.Users() {
		k, v := len(key), len(key)+len(value)
		dst = append(dst, paho.UserProperty{Key: rest[:k], Value: rest[k:v]})
		rest = rest[v:]
	}
	return dst
}

// kept returns the message in memory of its own.
func kept(m *packet.Message, topic string) *paho.Publish {
	var own letters
	p := own.lend(m, topic)
	p.Payload = bytes.Clone(m.Payload)
	p.Properties.CorrelationData = bytes.Clone(m.Properties.CorrelationData)
	return p
}

// queue holds messages that have been read until their handler comes to them, so that a slow handler does not keep the reader from
// noting when the next ones arrived, or that the connection has ended.
type queue struct {
	arrivals chan arrival
	done     chan struct{}
}

type arrival struct {
	publish *paho.Publish
	at      clock.Instant
}

// enqueue waits for room in the queue; the first message starts the goroutine that hands them to the handler.
func (d *leanDriver) enqueue(m *packet.Message, topic string) {
	q := d.queue.Load()
	if q == nil {
		q = &queue{arrivals: make(chan arrival, int(d.client.settings.ReceiveMaximum)), done: make(chan struct{})}
		d.queue.Store(q)
		go d.work(q)
	}
	select {
	case q.arrivals <- arrival{kept(m, topic), d.in.readAt}:
	case <-d.inbox.gone:
	}
}

// work hands the messages of a queue to the handler, one at a time. Acknowledgements in a burst leave together.
func (d *leanDriver) work(q *queue) {
	defer close(q.done)
	for a := range q.arrivals {
		start := clock.Now()
		d.client.handlers.Message(Delivery{Publish: a.publish, Received: a.at, Gone: d.inbox.gone})
		d.confirm(a.publish.QoS, a.publish.PacketID)
		if len(q.arrivals) == 0 || clock.Now().Sub(start) >= slowHandler {
			d.out.flushAcks()
		}
	}
}

// finish waits until everything in the queue has been handled; nothing is put into it any more.
func (q *queue) finish() {
	close(q.arrivals)
	<-q.done
}

package load

import (
	"fmt"
	"time"

	"github.com/eclipse/paho.golang/paho"

	"mqttrace/load/payload"
	"mqttrace/load/stamp"
	"mqttrace/scenarios"
)

// outgoing is one sender's PUBLISH packet as data: what all its messages have in common, prepared once, and what is filled in for
// each. It is put together anew for each message in the same memory; the client keeps nothing of it. Not safe for concurrent use.
type outgoing struct {
	qos           byte
	retain        bool
	topics        *topics
	messageExpiry uint32 // seconds; 0: none
	payloadFormat *byte
	contentType   value
	responseTopic value
	user          []userValue
	fixedUser     int  // how many of user, from the first, are the same in all messages
	timed         bool // some property may tell the time

	// What the message at hand has.
	topic int
	stamp [stamp.Size]byte

	packet paho.Publish
}

// value is the value of a property.
type value struct {
	text     string        // of the message at hand
	template *payload.Text // makes text anew for each message; nil for a value that is fixed
}

type userValue struct {
	name string
	value
}

func newOutgoing(group *scenarios.Sender, inGroup int, names *topics, seed uint64) *outgoing {
	o := &outgoing{qos: group.QoS, retain: group.Retain, topics: names, messageExpiry: uint32(group.MessageExpiry.Std() / time.Second)}
	valueOf := func(t *scenarios.Template, property string) (v value) {
		if t == nil {
			return v
		}
		made := payload.NewText(t, group.Name, inGroup, property, seed)
		if fixed, ok := made.Fixed(); ok {
			return value{text: fixed}
		}
		o.timed = true
		return value{template: made}
	}
	p := group.Properties
	o.contentType, o.responseTopic = valueOf(p.ContentType, "content_type"), valueOf(p.ResponseTopic, "response_topic")
	for i, u := range p.User {
		o.user = append(o.user, userValue{u.Name, valueOf(u.Value, fmt.Sprintf("user/%d", i))})
	}
	for o.fixedUser < len(o.user) && o.user[o.fixedUser].template == nil {
		o.fixedUser++
	}
	if p.PayloadFormat != "" {
		indicator := byte(0)
		if p.PayloadFormat == scenarios.UTF8 {
			indicator = 1
		}
		o.payloadFormat = &indicator
	}
	o.prepare()
	return o
}

// prepare puts what is fixed into the packet.
func (o *outgoing) prepare() {
	o.packet = paho.Publish{QoS: o.qos, Retain: o.retain, Properties: &paho.PublishProperties{
		CorrelationData: o.stamp[:], PayloadFormat: o.payloadFormat,
		ContentType: o.contentType.text, ResponseTopic: o.responseTopic.text,
	}}
	if o.messageExpiry > 0 {
		o.packet.Properties.MessageExpiry = &o.messageExpiry
	}
	for _, u := range o.user[:o.fixedUser] {
		o.packet.Properties.User.Add(u.name, u.text)
	}
}

// begin starts the message of number seq, made at now, on one of the topics. Payload, stamp and trace context are the caller's to
// add.
func (o *outgoing) begin(topic int, seq uint64, now time.Time) {
	o.topic = topic
	o.packet.Topic = o.topics.names[topic]
	properties := o.packet.Properties
	properties.User = properties.User[:o.fixedUser]
	for i := range o.user[o.fixedUser:] {
		u := &o.user[o.fixedUser+i]
		properties.User = append(properties.User, paho.UserProperty{Key: u.name, Value: u.next(seq, now)})
	}
	if o.contentType.template != nil {
		properties.ContentType = o.contentType.next(seq, now)
	}
	if o.responseTopic.template != nil {
		properties.ResponseTopic = o.responseTopic.next(seq, now)
	}
}

func (v *value) next(seq uint64, now time.Time) string {
	if v.template != nil {
		v.text = v.template.Value(seq, now)
	}
	return v.text
}

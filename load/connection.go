package load

import (
	"github.com/eclipse/paho.golang/paho"

	"mqttrace/load/mqtt"
	"mqttrace/scenarios"
)

// connectAs adds to settings what a group says of its CONNECT packets.
func connectAs(settings *mqtt.Settings, o scenarios.ConnectOptions) {
	settings.MaximumPacketSize = uint32(o.MaximumPacketSize)
	if o.CleanStart != nil {
		settings.Resume = !*o.CleanStart
	}
	switch {
	case o.KeepAlive == nil:
	case *o.KeepAlive == 0:
		settings.KeepAlive = mqtt.KeepAliveOff
	default:
		settings.KeepAlive = o.KeepAlive.Std()
	}
}

// willProperty is the user property that tells a will from other messages: its value is the client that is gone. (paho.golang sends
// no Correlation Data with a will.)
const willProperty = "mqttrace-will"

// will is the sender's will, nil if it has none.
func (s *sender) will() *mqtt.Will {
	w := s.group.Will
	if w == nil {
		return nil
	}
	return &mqtt.Will{
		Topic: s.willTopic(), Payload: []byte(s.group.Text(w.Payload, s.inGroup)), QoS: w.QoS, Retain: w.Retain,
		Delay: w.Delay.Std(), User: paho.UserProperties{{Key: willProperty, Value: s.run.clientID("s", s.index)}},
	}
}

// willTopic is the topic of the sender's will, empty if it has none.
func (s *sender) willTopic() string {
	if s.group.Will == nil {
		return ""
	}
	return s.group.Text(s.group.Will.Topic, s.inGroup)
}

// isWill reports whether a message is the will of one of the run's senders. It is asked of messages without a stamp only.
func (v *receiver) isWill(d mqtt.Delivery) bool {
	if d.Properties == nil {
		return false
	}
	client := d.Properties.User.Get(willProperty)
	if client == "" {
		return false
	}
	for _, s := range v.run.senders {
		if s.group.Will != nil && client == v.run.clientID("s", s.index) {
			return d.Topic == s.willTopic()
		}
	}
	return false
}

// cameBack notes whether the broker still had the session of a receiver that has connected again.
func (v *receiver) cameBack(client *mqtt.Client) {
	switch {
	case v.group.SessionExpiry == 0 || client == nil:
	case client.SessionPresent():
		v.run.sessionsResumed.Add(1)
	default:
		v.run.sessionsLost.Add(1)
	}
}

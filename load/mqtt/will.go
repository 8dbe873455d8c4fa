package mqtt

import (
	"time"

	"github.com/eclipse/paho.golang/paho"
)

// Will is a will message (MQTT 5 section 3.1.2.5). Empty fields are left out of the packet. It has no other properties because
// paho.golang writes none of them.
type Will struct {
	Topic   string
	Payload []byte
	QoS     byte
	Retain  bool
	// Delay is in whole seconds.
	Delay time.Duration
	User  paho.UserProperties
}

func (w *Will) addTo(packet *paho.Connect) {
	packet.WillMessage = &paho.WillMessage{Topic: w.Topic, Payload: w.Payload, QoS: w.QoS, Retain: w.Retain}
	properties := &paho.WillProperties{User: w.User}
	if seconds := uint32(w.Delay / time.Second); seconds > 0 {
		properties.WillDelayInterval = &seconds
	}
	packet.WillProperties = properties
}

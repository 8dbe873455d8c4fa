package scenarios

import (
	"fmt"
	"slices"
)

// Bounds of a scenario, past which one machine cannot go or a packet cannot hold what is asked.
const (
	maxGroups  = 100       // of senders, and of receivers
	maxClients = 1_000_000 // in all
	// MaxPayload is the largest payload in bytes: MQTT's 256 MiB less room for a topic and properties.
	MaxPayload = 256<<20 - 1 - 128<<10
)

// Defaults of a sender.
const (
	defaultWindow  = 100
	defaultPayload = 128
	maxWindow      = 65535 // packet identifiers are not more
)

func (d *decoder) sender(n *node) Sender {
	s := Sender{Count: 1, Arrival: Uniform, StartJitter: true, Payload: Payload{Size: defaultPayload}}
	var p pace
	d.mapping(n, slices.Concat(
		[]field{
			required("name", "a name for the group", d.name(&s.Name)),
			optional("count", d.whole(&s.Count, 1, maxClients)),
		},
		d.paceFields(&s, &p),
		d.connectionFields(&s.Connections),
		[]field{
			required("topic", "what is published to, such as bench/{sender}", d.topics(&s)),
			optional("qos", d.qos(&s.QoS)),
			optional("retain", d.boolean(&s.Retain)),
			optional("topic_alias", d.boolean(&s.TopicAlias)),
			optional("properties", d.properties(&s.Properties)),
			optional("message_expiry", d.expiry(&s.MessageExpiry, "a message expiry interval")),
			optional("session_expiry", d.expiry(&s.SessionExpiry, "a session expiry interval")),
			optional("will", d.will(&s)),
			optional("payload", d.payload(&s.Payload)),
		},
		d.connectFields(&s.ConnectOptions))...)
	d.pace(n, &s, p)
	d.badTopics(n.get("topic"), s)
	d.connections(n, s.Connections)
	return s
}

func (d *decoder) receiver(n *node) Receiver {
	r := Receiver{Count: 1}
	d.mapping(n, slices.Concat(
		[]field{
			required("name", "a name for the group", d.name(&r.Name)),
			optional("count", d.whole(&r.Count, 1, maxClients)),
			required("filter", "what is subscribed to, such as bench/#", d.filters(&r.Filter)),
			optional("qos", d.qos(&r.QoS)),
			optional("session_expiry", d.expiry(&r.SessionExpiry, "a session expiry interval")),
		},
		d.attendance(&r),
		d.slownessFields(&r.Slowness),
		d.subscriptionFields(&r),
		d.connectFields(&r.ConnectOptions),
		d.connectionFields(&r.Connections))...)
	d.badSubscription(n, r)
	d.badFilters(n.get("filter"), r)
	d.connections(n, r.Connections)
	return r
}

func (d *decoder) qos(to *byte) func(*node) {
	const want = "0, 1 or 2"
	return func(n *node) {
		switch {
		case n.kind == number && (n.text == "0" || n.text == "1" || n.text == "2"):
			*to = n.text[0] - '0'
		case n.kind == number:
			d.report(n, "got "+clip(n.text), want)
		default:
			d.wrongType(n, want)
		}
	}
}

// maxExpiry is the largest expiry interval in seconds, which has four bytes on the wire.
const maxExpiry = 1<<32 - 1

// expiry reads an expiry interval, which MQTT counts in whole seconds.
func (d *decoder) expiry(to *Duration, what string) func(*node) {
	want := fmt.Sprintf("whole seconds from 1s to %ds", maxExpiry)
	return func(n *node) {
		v, ok := d.readDuration(n)
		switch {
		case !ok:
		case v < 0 || v%seconds(1) != 0 || v > maxExpiry*seconds(1):
			d.report(n, n.text+" is not "+what, want)
		default:
			*to = v
		}
	}
}

// closedLoop checks the keys that make sense only with rate: max, or only without.
func (d *decoder) closedLoop(n *node, s *Sender) {
	window := n.get("window")
	if s.Rate.Max {
		d.notWithMax(n.get("arrival"))
		d.notWithMax(n.get("start_jitter"))
		if window == nil && s.QoS > 0 {
			s.Window = defaultWindow
		}
	}
	switch {
	case window == nil:
	case s.QoS == 0:
		d.report(window, "a window bounds unacknowledged messages, and QoS 0 has no acknowledgement", "window with qos: 1 or 2 only")
	}
}

func (d *decoder) notWithMax(n *node) {
	if n != nil {
		d.report(n, "it spaces planned instants, and rate: max plans none", "it with a rate such as 10/s only")
	}
}

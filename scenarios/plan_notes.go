package scenarios

import (
	"fmt"
	"slices"
)

// notes are what the plan says of settings that the broker is known not to do, and of messages that it drops: a run goes on without
// them.
func (p Plan) notes() (notes []string) {
	notes = p.Oversized()
	if p.Scenario.Broker.Kind != Embedded {
		return notes
	}
	for _, note := range embeddedCannot {
		if note.asked(p.Scenario) {
			notes = append(notes, "the embedded broker "+note.text)
		}
	}
	return notes
}

// Oversized says of each receiver whose maximum_packet_size keeps a sender's messages from it that it does: brokers drop them without a
// word.
func (p Plan) Oversized() (all []string) {
	bytes := make(map[string]int)
	for _, sp := range p.Senders {
		bytes[sp.Sender.Name] = sp.PacketBytes
	}
	for _, rp := range p.Receivers {
		limit := rp.Receiver.MaximumPacketSize
		for _, from := range rp.From {
			if limit > 0 && bytes[from] > limit {
				all = append(all, fmt.Sprintf("%s takes packets of up to %d bytes, those of %s have some %d and are dropped",
					rp.Receiver.Name, limit, from, bytes[from]))
			}
		}
	}
	return all
}

// embeddedCannot are the features of MQTT 5 that the embedded broker leaves out.
var embeddedCannot = []struct {
	asked func(*Scenario) bool
	text  string
}{
	{anySender(func(s Sender) bool { return s.TopicAlias }), "grants no topic aliases: topics are sent whole"},
	{anyReceiver(func(r Receiver) bool { return r.SessionExpiry > 0 && !r.Lifetime.IsZero() }), "may lose or mix up what waits in a session"},
	{anyReceiver(func(r Receiver) bool { return r.ReceiveMaximum > 0 }), "does not keep to a receiver's receive_maximum"},
	{anyReceiver(func(r Receiver) bool { return r.TopicAliasMaximum > 0 }), "uses no topic aliases towards receivers"},
}

func anySender(is func(Sender) bool) func(*Scenario) bool {
	return func(s *Scenario) bool { return slices.ContainsFunc(s.Senders, is) }
}

func anyReceiver(is func(Receiver) bool) func(*Scenario) bool {
	return func(s *Scenario) bool { return slices.ContainsFunc(s.Receivers, is) }
}

package load

import (
	"context"
	"fmt"
	"time"

	"mqttrace/load/mqtt"
	"mqttrace/load/mqtt/packet"
	"mqttrace/load/result"
	"mqttrace/propagation"
	"mqttrace/scenarios"
)

// fits says if a broker does not take packets as large as the sender's: it would end the connection at the first of them.
func (s *sender) fits(limits mqtt.Limits) error {
	limit := int(limits.MaximumPacketSize)
	if limit == 0 || limit >= packet.MaxRemaining {
		return nil
	}
	for _, l := range s.lanes {
		if size, payload := s.packetSize(l, limits); size > limit {
			return fmt.Errorf("sender %s publishes packets of %d bytes, of which %d are payload, but the broker's Maximum Packet Size is %d",
				s.group.Name, size, payload, limit)
		}
	}
	return nil
}

// PacketSize is how large a PUBLISH of a group of senders is, in bytes, and how much of it is payload.
type PacketSize struct {
	Sender         string // name of the group
	Bytes, Payload int
}

// LargestPacket finds the group whose PUBLISH packets are the largest, by those of its last client, whose names are the longest. A
// run is refused by a broker whose Maximum Packet Size is less. Nothing is connected.
func LargestPacket(sc *scenarios.Scenario, limits result.Limits) (largest PacketSize, err error) {
	r := newRun(context.Background(), sc, Options{})
	for i, t := range sc.Tracing.Arms() {
		r.arms = append(r.arms, newArm(i, t, nil))
	}
	for i := range sc.Senders {
		group := &sc.Senders[i]
		payloads, err := r.payloads(group)
		if err != nil {
			return PacketSize{}, err
		}
		last := group.Count - 1
		s := &sender{run: r, group: group, place: place{inGroup: last}, addresses: addresses{topics: newTopics(group, last)}}
		for _, l := range r.lanesOf(group, payloads)(last, 0) {
			if size, payload := s.packetSize(l, mqtt.Limits(limits)); size > largest.Bytes {
				largest = PacketSize{Sender: group.Name, Bytes: size, Payload: payload}
			}
		}
	}
	return largest, nil
}

// packetSize is how many bytes a lane's first PUBLISH has if it goes to the sender's longest topic, and how many of them are payload.
// Values that templates make may grow later. It takes no message from the sender, whose templates go on where they were.
func (s *sender) packetSize(l *lane, limits mqtt.Limits) (size, payload int) {
	now := time.Now()
	o := newOutgoing(s.group, s.inGroup, s.topics, s.run.scenario.Seed)
	o.begin(s.topics.longest, 0, now)
	var fixed bool
	if o.packet.Payload, fixed = l.payload.Fixed(); !fixed {
		o.packet.Payload = l.payloads.Source(s.inGroup).Append(nil, 0, now)
	}
	if s.group.TopicAlias && limits.TopicAliasMaximum > 0 {
		o.packet.Properties.TopicAlias = new(uint16(1))
	}
	if l.arm.setting.Arm != scenarios.ArmOff {
		traced := newOutbound(l.arm, propagation.Endpoint{})
		traced.carry(traced.newContext(), &o.packet.Properties.User)
	}
	return packet.PublishSize(&o.packet), len(o.packet.Payload)
}

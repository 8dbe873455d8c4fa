package conform

import (
	"fmt"
	"math"
	"strings"

	"github.com/eclipse/paho.golang/packets"
)

// Limits are what the broker's CONNACK grants, with the values of MQTT 5 section 3.2.2.3 where it is silent.
type Limits struct {
	MaximumQoS                  byte   `json:"maximum_qos"`
	RetainAvailable             bool   `json:"retain_available"`
	SharedSubscriptionAvailable bool   `json:"shared_subscription_available"`
	TopicAliasMaximum           uint16 `json:"topic_alias_maximum"`
	MaximumPacketSize           uint32 `json:"maximum_packet_size"` // bytes; 0: no limit
	ReceiveMaximum              uint16 `json:"receive_maximum"`
}

func limitsOf(p *packets.Properties) Limits {
	return Limits{
		MaximumQoS:                  or(p.MaximumQOS, 2),
		RetainAvailable:             or(p.RetainAvailable, 1) == 1,
		SharedSubscriptionAvailable: or(p.SharedSubAvailable, 1) == 1,
		TopicAliasMaximum:           or(p.TopicAliasMaximum, 0),
		MaximumPacketSize:           or(p.MaximumPacketSize, 0),
		ReceiveMaximum:              or(p.ReceiveMaximum, math.MaxUint16),
	}
}

func or[T any](given *T, otherwise T) T {
	if given == nil {
		return otherwise
	}
	return *given
}

// longestPacket is what MQTT allows anyway, without the header.
const longestPacket = 268435455

// String says in a few words what is granted.
func (l Limits) String() string {
	words := []string{fmt.Sprintf("QoS up to %d", l.MaximumQoS)}
	for _, feature := range []struct {
		is   bool
		name string
	}{{l.RetainAvailable, "retain"}, {l.SharedSubscriptionAvailable, "shared subscriptions"}} {
		if feature.is {
			words = append(words, feature.name)
		} else {
			words = append(words, "no "+feature.name)
		}
	}
	switch l.TopicAliasMaximum {
	case 0:
		words = append(words, "no topic aliases")
	default:
		words = append(words, fmt.Sprintf("topic aliases up to %d", l.TopicAliasMaximum))
	}
	if l.MaximumPacketSize > 0 && l.MaximumPacketSize < longestPacket {
		words = append(words, fmt.Sprintf("packets up to %d bytes", l.MaximumPacketSize))
	}
	return strings.Join(words, ", ")
}

package mqtt

import (
	"math"

	"github.com/eclipse/paho.golang/paho"
)

// Limits are what the broker's CONNACK grants, with the values of MQTT 5 section 3.2.2.3 where it is silent.
type Limits struct {
	ReceiveMaximum                  uint16
	MaximumQoS                      byte
	RetainAvailable                 bool
	MaximumPacketSize               uint32 // bytes; 0: no limit
	TopicAliasMaximum               uint16
	WildcardSubscriptionAvailable   bool
	SubscriptionIdentifierAvailable bool
	SharedSubscriptionAvailable     bool
	ServerKeepAlive                 uint16 // seconds; 0: the client's own holds
}

func limitsOf(connack *paho.Connack) Limits {
	limits := Limits{
		ReceiveMaximum: math.MaxUint16, MaximumQoS: 2, RetainAvailable: true, WildcardSubscriptionAvailable: true,
		SubscriptionIdentifierAvailable: true, SharedSubscriptionAvailable: true,
	}
	p := connack.Properties
	if p == nil {
		return limits
	}
	limits.RetainAvailable = p.RetainAvailable
	limits.WildcardSubscriptionAvailable = p.WildcardSubAvailable
	limits.SubscriptionIdentifierAvailable = p.SubIDAvailable
	limits.SharedSubscriptionAvailable = p.SharedSubAvailable
	override(&limits.ReceiveMaximum, p.ReceiveMaximum)
	override(&limits.MaximumQoS, p.MaximumQoS)
	override(&limits.MaximumPacketSize, p.MaximumPacketSize)
	override(&limits.TopicAliasMaximum, p.TopicAliasMaximum)
	override(&limits.ServerKeepAlive, p.ServerKeepAlive)
	return limits
}

func override[T any](field, given *T) {
	if given != nil {
		*field = *given
	}
}

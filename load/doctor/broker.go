package doctor

import (
	"fmt"
	"time"

	"mqttrace/load"
)

// Broker says what a broker grants and what of it a run may run into.
func Broker(e *load.Examined) []Finding {
	l := e.Limits
	findings := []Finding{
		{Name: "connect", Status: OK, Value: fmt.Sprintf("%v, the slowest of %d took %v", e.Connect.Round(time.Microsecond), e.Clients, e.Slowest.Round(time.Microsecond))},
		receiveMaximum(l.ReceiveMaximum),
		{Name: "maximum QoS", Value: fmt.Sprint(l.MaximumQoS), Status: OK},
		packetSize(l.MaximumPacketSize),
		{Name: "topic aliases", Value: countOr(uint64(l.TopicAliasMaximum), "none"), Status: OK},
		feature("retain", l.RetainAvailable),
		feature("wildcards", l.WildcardSubscriptionAvailable),
		feature("shared subscriptions", l.SharedSubscriptionAvailable),
		feature("subscription identifiers", l.SubscriptionIdentifierAvailable),
	}
	if l.ServerKeepAlive > 0 {
		findings = append(findings, Finding{Name: "keep alive", Value: fmt.Sprintf("%d s, set by the broker", l.ServerKeepAlive), Status: OK})
	}
	return findings
}

// smallWindow is a Receive Maximum that a sender of some thousand messages a second waits for.
const smallWindow = 100

func receiveMaximum(n uint16) Finding {
	f := Finding{Name: "Receive Maximum", Value: fmt.Sprintf("%d unacknowledged messages of each client", n), Status: OK}
	if n < smallWindow {
		f.Status = Doubt
		f.Advice = "at QoS 1 and 2 a sender waits for the rest; raise it (Mosquitto: max_inflight_messages), or use more senders"
	}
	return f
}

func packetSize(bytes uint32) Finding {
	f := Finding{Name: "maximum packet size", Value: "no limit below MQTT's own", Status: OK}
	if bytes > 0 {
		f.Value = size(uint64(bytes))
	}
	return f
}

func countOr(n uint64, none string) string {
	if n == 0 {
		return none
	}
	return fmt.Sprint(n)
}

func feature(name string, available bool) Finding {
	if available {
		return Finding{Name: name, Value: "available", Status: OK}
	}
	return Finding{Name: name, Value: "not available", Status: OK}
}

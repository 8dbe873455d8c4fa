package doctor

import (
	"fmt"
	"time"

	"mqttrace/load"
	"mqttrace/scenarios"
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

// otherFiles are those that a run has open besides its connections.
const otherFiles = 64

// Needs compares what a scenario plans with what the machine and its broker have.
func Needs(sc *scenarios.Scenario, facts Facts, e *load.Examined) []Finding {
	plan := sc.Plan()
	clients, sources := plan.Clients, len(sc.SourceAddresses)
	ports := max(sources, 1) * facts.Ports
	findings := []Finding{
		enough("open files", fmt.Sprintf("%d, one for each client and some more", clients+otherFiles), facts.Files == 0 || uint64(clients+otherFiles) <= facts.Files,
			fmt.Sprintf("the hard limit is %d", facts.Files)),
		enough("ephemeral ports", fmt.Sprint(clients), facts.Ports == 0 || e.Spread && sources == 0 || clients <= ports,
			fmt.Sprintf("one address has %d for one broker: name more in source_addresses, or use fewer clients", facts.Ports)),
	}
	if memory := uint64(e.ClientBytes) * uint64(clients); memory > 0 {
		findings = append(findings, enough("memory", fmt.Sprintf("about %s for idle connections, %d bytes each", size(memory), e.ClientBytes),
			facts.Memory == 0 || memory < facts.Memory/2, "more than half of what is available"))
	}
	return append(findings, wanted(sc, e)...)
}

func enough(name, value string, ok bool, advice string) Finding {
	if ok {
		return Finding{Name: name, Value: value, Status: OK}
	}
	return Finding{Name: name, Value: value, Status: Problem, Advice: advice}
}

// wanted are the features of the broker that the scenario relies on.
func wanted(sc *scenarios.Scenario, e *load.Examined) (findings []Finding) {
	var qos byte
	shared, retain := false, false
	for _, s := range sc.Senders {
		qos, retain = max(qos, s.QoS), retain || s.Retain
	}
	for _, v := range sc.Receivers {
		qos, shared = max(qos, v.QoS), shared || v.ShareName() != ""
	}
	findings = append(findings, enough("QoS", fmt.Sprint(qos), qos <= e.Limits.MaximumQoS, fmt.Sprintf("the broker takes QoS %d at most", e.Limits.MaximumQoS)))
	if shared {
		findings = append(findings, enough("shared subscriptions", "used", e.Limits.SharedSubscriptionAvailable, "the broker has none"))
	}
	if retain {
		findings = append(findings, enough("retained messages", "used", e.Limits.RetainAvailable, "the broker keeps none"))
	}
	return findings
}

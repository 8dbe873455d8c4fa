package doctor

import (
	"fmt"
	"slices"
	"strings"

	"mqttrace/load"
	"mqttrace/load/result"
	"mqttrace/scenarios"
)

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
	return append(findings, wanted(sc, e.Limits)...)
}

func enough(name, value string, ok bool, advice string) Finding {
	if ok {
		return Finding{Name: name, Value: value, Status: OK}
	}
	return Finding{Name: name, Value: value, Status: Problem, Advice: advice}
}

// wanted are the features of the broker that a scenario, or any run of its sweep, relies on.
func wanted(sc *scenarios.Scenario, granted result.Limits) []Finding {
	var w wants
	for _, one := range runsOf(sc) {
		w.add(one, granted)
	}
	findings := []Finding{
		enough("QoS", fmt.Sprint(w.qos), w.qos <= granted.MaximumQoS, fmt.Sprintf("the broker takes QoS %d at most", granted.MaximumQoS)),
		w.packets(granted.MaximumPacketSize),
	}
	for _, f := range []struct {
		name      string
		used, has bool
		lack      string
	}{
		{"retained messages", w.retain, granted.RetainAvailable, "the broker keeps none"},
		{"wildcards", w.wildcards, granted.WildcardSubscriptionAvailable, "the broker has no subscriptions with + or #"},
		{"shared subscriptions", w.shared, granted.SharedSubscriptionAvailable, "the broker has none"},
		{"subscription identifiers", w.identifiers, granted.SubscriptionIdentifierAvailable, "the broker has none"},
	} {
		if f.used {
			findings = append(findings, enough(f.name, "used", f.has, f.lack))
		}
	}
	if w.aliases && granted.TopicAliasMaximum == 0 {
		findings = append(findings, Finding{Name: "topic aliases", Value: "used", Status: Doubt, Advice: "the broker grants none: topics are sent whole"})
	}
	return findings
}

// runsOf are the scenario as each run of its sweep has it, or the scenario itself.
func runsOf(sc *scenarios.Scenario) []*scenarios.Scenario {
	if sc.Sweep == nil {
		return []*scenarios.Scenario{sc}
	}
	var all []*scenarios.Scenario
	for _, setting := range sc.Sweep.Settings() {
		if one, err := sc.Sweep.At(setting); err == nil { // validation has seen to it that there is none
			all = append(all, one)
		}
	}
	return all
}

// wants is what scenarios ask of a broker.
type wants struct {
	qos                                             byte
	retain, wildcards, shared, identifiers, aliases bool
	largest                                         load.PacketSize
	unreadable                                      error // why a payload cannot be made
}

func (w *wants) add(sc *scenarios.Scenario, granted result.Limits) {
	for _, s := range sc.Senders {
		w.qos, w.retain, w.aliases = max(w.qos, s.QoS), w.retain || s.Retain, w.aliases || s.TopicAlias
		if s.Will != nil {
			w.qos, w.retain = max(w.qos, s.Will.QoS), w.retain || s.Will.Retain
		}
	}
	for _, v := range sc.Receivers {
		w.qos, w.shared = max(w.qos, v.QoS), w.shared || v.ShareName() != ""
		w.identifiers = w.identifiers || v.SubscriptionIdentifier > 0
		w.wildcards = w.wildcards || slices.ContainsFunc(v.Filter, func(filter string) bool { return strings.ContainsAny(filter, "+#") })
	}
	largest, err := load.LargestPacket(sc, granted)
	if largest.Bytes > w.largest.Bytes {
		w.largest = largest
	}
	if err != nil {
		w.unreadable = err
	}
}

// packets says whether the broker takes the largest PUBLISH.
func (w *wants) packets(limit uint32) Finding {
	if w.unreadable != nil {
		return Finding{Name: "packet size", Value: w.unreadable.Error(), Status: Problem}
	}
	return enough("packet size", fmt.Sprintf("%d bytes with a payload of %d, from %s", w.largest.Bytes, w.largest.Payload, w.largest.Sender),
		limit == 0 || w.largest.Bytes <= int(limit),
		fmt.Sprintf("the broker's Maximum Packet Size is %d: raise it (Mosquitto: max_packet_size), or send less", limit))
}

package reports

import (
	"fmt"
	"strings"

	"mqttrace/load/result"
)

// htmlSetup is what ran and where.
type htmlSetup struct {
	Scenario string // YAML
	Machine  []htmlTerm
	Broker   []htmlTerm
}

func (b *htmlBuilder) setup() []htmlPart {
	env := b.page.saved.Environment
	s := htmlSetup{Scenario: legibleLines(scenarioText(b.page.saved.Scenario)), Machine: machineTerms(env)}
	if env.Broker != (result.Broker{}) {
		s.Broker = brokerFacts(env.Broker)
	}
	if s.Scenario == "" && len(s.Machine) == 0 && len(s.Broker) == 0 {
		return nil
	}
	return []htmlPart{b.fragment("setup", "setup", s)}
}

// legibleLines makes each line of a text legible.
func legibleLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	for i, l := range lines {
		lines[i] = clean(l)
	}
	return strings.Join(lines, "\n")
}

func machineTerms(env result.Environment) (facts []htmlTerm) {
	facts = addTerm(facts, "mqttrace", env.Tool)
	facts = addTerm(facts, "Go", env.Go)
	if env.OS != "" {
		facts = addTerm(facts, "System", strings.TrimSpace(env.OS+"/"+env.Arch+" "+env.Kernel))
	}
	facts = addTerm(facts, "Processor", env.CPU)
	if env.Cores > 0 {
		facts = addTerm(facts, "Cores", fmt.Sprint(env.Cores))
	}
	facts = addTerm(facts, "Host", env.Host)
	facts = addTerm(facts, "MQTT client", env.Client)
	return addTerm(facts, "Clock", env.Clock)
}

func addTerm(facts []htmlTerm, name, text string) []htmlTerm {
	if text == "" {
		return facts
	}
	return append(facts, htmlTerm{name, clean(text)})
}

// brokerFacts are the broker and what its CONNACK grants.
func brokerFacts(b result.Broker) (facts []htmlTerm) {
	facts = addTerm(facts, "Name", strings.TrimSpace(b.Name+" "+b.Version))
	facts = addTerm(facts, "Address", b.URL)
	l := b.Limits
	if l == (result.Limits{}) {
		return facts
	}
	for _, f := range []htmlTerm{
		{"Receive Maximum", Count(uint64(l.ReceiveMaximum))},
		{"Maximum QoS", Count(uint64(l.MaximumQoS))},
		{"Maximum Packet Size", orNoLimit(uint64(l.MaximumPacketSize), " B")},
		{"Topic Alias Maximum", Count(uint64(l.TopicAliasMaximum))},
		{"Server Keep Alive", orOwn(uint64(l.ServerKeepAlive))},
		{"Retain", offered(l.RetainAvailable)},
		{"Wildcard subscriptions", offered(l.WildcardSubscriptionAvailable)},
		{"Shared subscriptions", offered(l.SharedSubscriptionAvailable)},
		{"Subscription identifiers", offered(l.SubscriptionIdentifierAvailable)},
	} {
		facts = addTerm(facts, f.Term, f.Meaning)
	}
	return facts
}

func orNoLimit(n uint64, unit string) string {
	if n == 0 {
		return "no limit"
	}
	return Count(n) + unit
}

func orOwn(s uint64) string {
	if s == 0 {
		return "the client's own"
	}
	return Count(s) + " s"
}

func offered(is bool) string {
	if is {
		return "available"
	}
	return "not available"
}

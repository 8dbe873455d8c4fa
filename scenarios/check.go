package scenarios

import (
	"fmt"
	"math"
	"strings"
)

// check finds what is wrong between parts that are each right. Parts that are not are left out: a mistake is reported once.
func (d *decoder) check(n *node, s *Scenario) {
	d.uniqueNames(n.get("senders"))
	d.uniqueNames(n.get("receivers"))
	d.faults(n, s)
	d.shapes(n, s)
	d.unroutable(n.get("source_addresses"), s)
	if s.Broker.Kind == Embedded {
		d.emptyWills(n.get("senders"))
	}
	if senders := n.get("senders"); senders.sound() && len(senders.items) == 0 {
		d.report(senders, "there is no sender", "at least one group of senders")
	}
	if d.tooManyClients(n, s) || !n.get("senders").sound() {
		return
	}
	if tracing := n.get("tracing"); tracing != nil {
		d.payloadSizes(tracing, s.Senders)
	}
	receivers := n.get("receivers")
	if receivers != nil && !receivers.sound() {
		return
	}
	plan := s.Plan()
	d.unheard(receivers, plan)
	d.sharedTwice(receivers, s.Receivers)
	if s.Duration > 0 && (n.get("duration").sound() || n.lacks("duration")) {
		d.idle(n.get("senders"), plan)
		d.turns(n.get("tracing"), n.get("duration"), plan)
		d.figures(n.get("thresholds"), plan, n.get("tracing"))
	}
}

// emptyWills finds wills that the embedded broker takes for an error: mochi wants each to have a payload.
func (d *decoder) emptyWills(senders *node) {
	if senders == nil {
		return
	}
	for _, sender := range senders.items {
		if will := sender.get("will"); will.sound() && (will.lacks("payload") || will.get("payload").text == "") {
			d.report(will, "the embedded broker refuses a will without a payload", "payload: and a text, or another broker")
		}
	}
}

func (d *decoder) uniqueNames(groups *node) {
	if groups == nil {
		return
	}
	seen := map[string]string{}
	for _, group := range groups.items {
		name := group.get("name")
		if !name.sound() {
			continue
		}
		if first, taken := seen[name.text]; taken {
			d.report(name, quote(name.text)+" is the name of "+first+" too", "a name of its own")
			continue
		}
		seen[name.text] = group.path
	}
}

// tooManyClients bounds the sum of all counts, and with it the work of comparing topics.
func (d *decoder) tooManyClients(n *node, s *Scenario) bool {
	clients := 0
	for _, sender := range s.Senders {
		clients += sender.Count
	}
	for _, receiver := range s.Receivers {
		clients += receiver.Count
	}
	if clients <= maxClients {
		return false
	}
	d.report(n.get("senders"), fmt.Sprintf("senders and receivers are %d clients together", clients), fmt.Sprintf("at most %d", maxClients))
	return true
}

// unheard finds receivers that no message and no will is for.
func (d *decoder) unheard(receivers *node, plan Plan) {
	for i, rp := range plan.Receivers {
		filters := receivers.items[i].get("filter")
		if !plan.isHeard(rp.Receiver) {
			d.report(filters, "no sender's topic matches "+quote(rp.Receiver.FilterOf(0)), "a filter for "+plan.topics())
			continue
		}
		d.unheardOf(filters, rp.Receiver, plan)
	}
}

// unheardOf finds those of several filters that nothing is for.
func (d *decoder) unheardOf(filters *node, r Receiver, plan Plan) {
	if filters.kind != list {
		return
	}
	for i, filter := range r.Filter {
		one := r
		one.Filter = Filters{filter}
		if !plan.isHeard(one) {
			d.report(filters.items[i], "no sender's topic matches "+quote(one.FilterOf(0)), "a filter for "+plan.topics())
		}
	}
}

// isHeard tells whether messages or wills of any sender are for a receiver.
func (p Plan) isHeard(r Receiver) bool {
	return len(p.Scenario.planReceiver(r, p.Senders).From) > 0 || len(p.Scenario.willsTo(r)) > 0
}

// topics names some topics that are published to, for an example.
func (p Plan) topics() string {
	var topics []string
	for _, sp := range p.Senders[:min(len(p.Senders), 3)] {
		topics = append(topics, clip(sp.Sender.TopicOf(0)))
	}
	return strings.Join(topics, " or ")
}

// idle finds senders that send nothing in the measured phase.
func (d *decoder) idle(senders *node, plan Plan) {
	for i, sp := range plan.Senders {
		if sp.Unbounded || sp.Sender.Idle || sp.Measured >= 1 {
			continue
		}
		var rate *node
		for _, key := range paces {
			if rate == nil {
				rate = senders.items[i].get(key)
			}
		}
		d.report(rate, fmt.Sprintf("all of %s send %s messages in %s", sp.Sender.Name, thousands(sp.Measured), plan.Scenario.Duration),
			"a higher rate or a longer duration")
	}
}

// figures finds thresholds on what this run cannot have.
func (d *decoder) figures(thresholds *node, plan Plan, tracing *node) {
	if thresholds == nil || tracing != nil && !tracing.sound() {
		return
	}
	for i, t := range plan.Scenario.Thresholds {
		n := thresholds.items[i]
		if n.bad {
			continue
		}
		if what, want := plan.lacks(t.Figure); what != "" {
			d.report(n, what, want)
		}
	}
}

// lacks says why a run cannot have a figure, and what it would need.
func (p Plan) lacks(figure string) (what, want string) {
	head, stat, _ := strings.Cut(figure, ".")
	if what, want = p.lacksSource(head, stat); what != "" {
		return figure + " is not measured here: " + what, want
	}
	needed := enough[stat]
	if samples := math.Round(p.samples(head)); samples < needed {
		return fmt.Sprintf("%s needs %s values, and about %s are planned%s", figure, thousands(needed), thousands(samples), p.perArm(head)),
			"a longer duration, a higher rate, or a lower percentile"
	}
	return "", ""
}

// perArm says in which arm of several a latency has its fewest values.
func (p Plan) perArm(head string) string {
	t := p.Scenario.Tracing
	switch {
	case len(t.Compare) == 0 || ofRun[head]:
		return ""
	case head == "trace":
		return " in arm " + p.leastTraced().Name
	}
	return " in each arm"
}

// enough is how many values a percentile takes to mean something: ten above it, but for p90's sake.
var enough = map[string]float64{"p90": 10, "p95": 20, "p99": 100, "p999": 10_000}

// lacksSource says what a latency, or a family of figures, would need that the scenario has not.
func (p Plan) lacksSource(head, stat string) (what, want string) {
	switch head {
	case "trace":
		return p.lacksWhole()
	case "spans":
		return p.lacksLedger(stat)
	case "send", "acked", "refused":
		if p.samples("send") == 0 {
			return "no sender has an acknowledgement to wait for", "a sender with qos: 1 or 2"
		}
	case "schedule_lag":
		if p.samples("schedule_lag") == 0 {
			return "rate: max plans no instants to be late for", "a rate such as 10/s"
		}
	case "response", "transit", "process", "subscribe", "delivery", "received", "received_rate_per_s":
		return p.lacksReceivers()
	case "cost", "memory":
		return p.lacksProcess(stat)
	}
	return "", ""
}

// lacksProcess says why what a process uses cannot be known.
func (p Plan) lacksProcess(stat string) (what, want string) {
	switch {
	case strings.HasPrefix(stat, "broker") && !p.Scenario.Broker.Started():
		return "only the broker's own machine knows what it uses", "broker: embedded or mosquitto"
	case stat == "sink":
		return p.lacksSink()
	}
	return "", ""
}

// lacksLedger is lacksSource for the figures of the span ledger. What has to do with the exporter takes an arm that exports,
// and what is about pairs of spans a receiver.
func (p Plan) lacksLedger(figure string) (what, want string) {
	switch figure {
	case "sampled", "ended":
		return p.lacksSpans(ArmRecord)
	case "dropped", "exported", "export_failures":
		return p.lacksSpans(ArmExport)
	case "received":
		return p.lacksSink()
	}
	return p.lacksWhole()
}

func (p Plan) lacksWhole() (what, want string) {
	if what, want = p.lacksSpans(ArmRecord); what != "" {
		return what, want
	}
	return p.lacksReceivers()
}

// lacksSpans says why no arm that does what least does, record or export, has sampled spans.
func (p Plan) lacksSpans(least Arm) (what, want string) {
	verb, words := "makes", "record or export"
	if least == ArmExport {
		verb, words = "exports", "export"
	}
	what, want = "no arm "+verb+" spans", "tracing with arm: "+words
	if t := p.Scenario.Tracing; len(t.Compare) == 0 {
		what = "arm " + string(t.Arm) + " " + verb + " no spans"
	}
	for _, arm := range p.Scenario.Tracing.Arms() {
		switch {
		case !arm.Arm.doesAll(least):
		case arm.Sampler.Share() > 0:
			return "", ""
		default:
			what, want = "the sampler keeps no trace", "a sampler such as always_on"
		}
	}
	return what, want
}

// lacksSink says why no spans arrive where the harness could count them.
func (p Plan) lacksSink() (what, want string) {
	if what, want = p.lacksSpans(ArmExport); what != "" {
		return what, want
	}
	for _, arm := range p.Scenario.Tracing.Arms() {
		if arm.Arm == ArmExport && arm.Exporter.Endpoint == "" {
			return "", ""
		}
	}
	return "spans go to a collector that does not tell", "exporter: embedded"
}

func (p Plan) lacksReceivers() (what, want string) {
	if len(p.Receivers) == 0 {
		return "there is no receiver", "at least one group of receivers"
	}
	return "", ""
}

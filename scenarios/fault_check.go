package scenarios

import (
	"fmt"
	"slices"
	"strings"
)

// faults checks that there is something to disturb and that faults are within the measured phase, those of the same thing one
// after the other. It gives ends to those that have none.
func (d *decoder) faults(n *node, s *Scenario) {
	faults := n.get("faults")
	if faults == nil || faults.bad {
		return
	}
	for i := range s.Faults {
		if at := faults.items[i]; at.sound() {
			d.disturbable(at, n, s, s.Faults[i])
		}
	}
	d.starts(faults.items, s.Faults)
	if !n.get("duration").sound() {
		return
	}
	for i := range s.Faults {
		if at := faults.items[i]; at.sound() {
			d.within(at, &s.Faults[i], s.Duration)
		}
	}
	for i := range s.Faults {
		if at := faults.items[i]; at.sound() {
			d.alone(at, faults.items, s, i)
		}
	}
}

// starts finds for each start of the broker the kill that it ends.
func (d *decoder) starts(nodes []*node, faults []Fault) {
	for i, start := range faults {
		if start.Broker != BrokerStart || !nodes[i].sound() {
			continue
		}
		killed := -1
		for j, f := range faults {
			if f.Broker == BrokerKill && nodes[j].sound() && f.At < start.At && (killed < 0 || f.At > faults[killed].At) {
				killed = j
			}
		}
		switch at := nodes[i].get("at"); {
		case killed < 0:
			d.report(at, "no kill comes before it", "a start after a kill")
		case faults[killed].For == 0:
			faults[killed].For = start.At - faults[killed].At
		case faults[killed].end() != start.At:
			d.report(at, fmt.Sprintf("%s ends at %s", nodes[killed].path, faults[killed].end()), "one start for each kill without for")
		}
	}
}

// within makes sure that f begins and ends in the measured phase, and gives it an end where it has none and lasts.
func (d *decoder) within(n *node, f *Fault, duration Duration) {
	switch {
	case f.At >= duration:
		d.report(n.get("at"), "the measured phase is over after "+duration.String(), "an earlier instant")
	case f.For == 0 && f.lasts():
		f.For = duration - f.At
	case f.end() > duration && n.get("for") != nil:
		d.report(n.get("for"), fmt.Sprintf("it ends at %s, and the measured phase at %s", f.end(), duration),
			fmt.Sprintf("at most %s", duration-f.At))
	}
}

// lasts says that the fault goes on until something ends it.
func (f Fault) lasts() bool {
	return f.Exporter != "" || f.Network != NetworkFault{} || f.Broker == BrokerPause || f.Broker == BrokerKill
}

// alone makes sure that the fault at index i begins when none before it in the list that is of the same thing lasts, and the
// other way round.
func (d *decoder) alone(n *node, nodes []*node, s *Scenario, i int) {
	f := s.Faults[i]
	for j, other := range s.Faults[:i] {
		if !nodes[j].sound() || !f.sharesWith(other, s) {
			continue
		}
		if f.At < other.end() && other.At < f.end() || f.At == other.At {
			d.report(n.get("at"), fmt.Sprintf("%s lasts from %s to %s", nodes[j].path, other.At, other.end()), "one fault of the same thing at a time")
			return
		}
	}
}

// sharesWith reports whether two faults are of the same thing: the sink, the broker, a group's network, or clients that are away.
func (f Fault) sharesWith(g Fault, s *Scenario) bool {
	networks := f.Network != NetworkFault{} && g.Network != NetworkFault{}
	departures := f.For+g.For > 0 && (f.Senders != "" && g.Senders != "" || f.Receivers != "" && g.Receivers != "")
	switch {
	case f.Broker == BrokerStart || g.Broker == BrokerStart:
		return false
	case !networks && !departures:
		return f.Exporter != "" && g.Exporter != "" || f.Broker != "" && g.Broker != ""
	}
	return slices.ContainsFunc(s.Senders, func(s Sender) bool { return f.OnSender(s.Name) && g.OnSender(s.Name) }) ||
		slices.ContainsFunc(s.Receivers, func(r Receiver) bool { return f.OnReceiver(r.Name) && g.OnReceiver(r.Name) })
}

// disturbable makes sure that a fault finds what it is of.
func (d *decoder) disturbable(n, root *node, s *Scenario, f Fault) {
	tracing, broker := root.get("tracing"), root.get("broker")
	switch {
	case f.Exporter != "":
		if tracing == nil || tracing.sound() {
			d.exportsToSink(n.get("exporter"), s.Tracing)
		}
		return
	case tracing.sound() && len(s.Tracing.Compare) > 0:
		d.report(n, "a comparison needs a broker and clients that nothing disturbs", "one arm, or faults of the exporter")
		return
	case f.Broker != "" && (broker == nil || broker.sound()) && !s.Broker.Started():
		d.report(n.get("broker"), "the harness did not start the broker at "+s.Broker.URL+" and cannot stop it", "broker: mosquitto or embedded, or a fault of the network")
	}
	if f.Network != (NetworkFault{}) && (broker == nil || broker.sound()) {
		d.passable(n.get("network"), s.Broker)
	}
	d.concerned(n, root, s, f)
}

// passable makes sure that connections can go through the proxies that network faults need, which are of TCP.
func (d *decoder) passable(n *node, b Broker) {
	switch {
	case b.UnixPath() != "":
		d.report(n, "clients reach the broker through a Unix socket, which is no network", "a URL with a host, such as mqtt://localhost:1883")
	case b.QUIC():
		d.report(n, "clients reach the broker over QUIC, which is UDP, and network faults are of TCP", "a URL of TCP, such as mqtts://localhost:8883")
	}
}

// exportsToSink makes sure that some arm exports to the sink that the harness starts.
func (d *decoder) exportsToSink(n *node, t Tracing) {
	var endpoint string
	for _, arm := range t.Arms() {
		switch {
		case arm.Arm != ArmExport:
		case arm.Exporter.Endpoint == "":
			return
		default:
			endpoint = arm.Exporter.Endpoint
		}
	}
	if endpoint != "" {
		d.report(n, "only the embedded sink can fail on purpose, and spans go to "+quote(endpoint), "exporter: embedded")
		return
	}
	d.report(n, "no spans are exported", "tracing with arm: export")
}

// concerned makes sure that the fault is on somebody.
func (d *decoder) concerned(n, root *node, s *Scenario, f Fault) {
	senders, receivers := root.get("senders"), root.get("receivers")
	if !senders.sound() || receivers != nil && !receivers.sound() {
		return
	}
	sending := slices.IndexFunc(s.Senders, func(g Sender) bool { return f.OnSender(g.Name) })
	receiving := slices.IndexFunc(s.Receivers, func(g Receiver) bool { return f.OnReceiver(g.Name) })
	on := n.get("on")
	switch {
	case f.Broker != "":
	case f.On != "" && sending >= 0 && receiving >= 0 && f.On != OnAll:
		d.report(on, "senders and receivers have a group of that name", "names that tell groups apart")
	case sending >= 0 || receiving >= 0:
	case f.Receivers != "" && f.On == "":
		d.report(n.get("receivers"), "there is no receiver", "at least one group of receivers")
	case f.On == OnReceivers:
		d.report(on, "there is no receiver", "at least one group of receivers")
	default:
		words := f.targets(s)
		d.report(on, "got "+quote(f.On)+didYouMean(f.On, words), "one of "+strings.Join(words, ", "))
	}
}

// targets are the words that On takes.
func (f Fault) targets(s *Scenario) (words []string) {
	if f.Network != (NetworkFault{}) {
		words = []string{OnAll, OnSenders, OnReceivers}
	}
	for _, g := range s.Senders {
		if f.Receivers == "" {
			words = append(words, g.Name)
		}
	}
	for _, g := range s.Receivers {
		if f.Senders == "" {
			words = append(words, g.Name)
		}
	}
	return words
}

package scenarios

import "strings"

// faultKinds are the keys that say what goes wrong, of which a fault has one.
var faultKinds = []string{"exporter", "broker", "network", "senders", "receivers"}

func (d *decoder) fault(n *node) Fault {
	var f Fault
	d.mapping(n,
		required("at", "when it begins, from the start of the measured phase, such as 5s", d.duration(&f.At, mayBeZero)),
		optional("for", d.duration(&f.For, aboveZero)),
		optional("exporter", oneOf(d, &f.Exporter, ExporterSlow, ExporterStall, ExporterRefuse, ExporterKill)),
		optional("delay", d.duration(&f.Delay, aboveZero)),
		optional("broker", oneOf(d, &f.Broker, BrokerPause, BrokerKill, BrokerStart, BrokerRestart)),
		optional("network", d.network(&f.Network)),
		optional("senders", oneOf(d, &f.Senders, ClientsDisconnect)),
		optional("receivers", oneOf(d, &f.Receivers, ClientsDisconnect)),
		optional("on", d.text(&f.On)),
		optional("share", d.share(&f.Share)),
		optional("how", oneOf(d, &f.How, PartByClose, PartByDisconnect)),
	)
	if n.kind == mapping && d.oneKind(n) {
		d.delay(n, f)
		d.instant(n, f)
		d.misplacedInFault(n, f)
	}
	return f
}

// oneKind makes sure that a fault says one thing that goes wrong.
func (d *decoder) oneKind(n *node) bool {
	var given []*node
	for _, kind := range faultKinds {
		if v := n.get(kind); v != nil {
			given = append(given, v)
		}
	}
	switch {
	case len(given) == 1:
		return true
	case len(given) == 0:
		if !n.bad && n.lacks("exporter") && n.lacks("broker") && n.lacks("network") && n.lacks("senders") && n.lacks("receivers") {
			d.report(n, "nothing is said to go wrong", "one of "+strings.Join(faultKinds, ", "))
		}
	default:
		d.report(given[1], "two things go wrong in one fault", "each in a fault of its own; they may be at the same time")
	}
	return false
}

func (d *decoder) delay(n *node, f Fault) {
	switch delay := n.get("delay"); {
	case f.Exporter == ExporterSlow && n.lacks("delay"):
		d.report(n, "delay is missing", "how long a slow sink waits before each answer, such as 200ms")
	case f.Exporter != "" && f.Exporter != ExporterSlow && delay.sound():
		d.report(delay, "exporter "+string(f.Exporter)+" answers nothing that could be delayed", "delay with exporter: slow only")
	case f.Exporter == "" && n.get("exporter") == nil && delay.sound():
		d.report(delay, "only exports are delayed", "delay with exporter: slow, or network: {latency: …}")
	}
}

// instant finds a length of what has none.
func (d *decoder) instant(n *node, f Fault) {
	if length := n.get("for"); length.sound() && f.Broker == BrokerStart {
		d.report(length, "a start ends a fault and is none", "for with broker: kill")
	}
}

// misplacedInFault finds keys that belong to faults of another kind.
func (d *decoder) misplacedInFault(n *node, f Fault) {
	clients := n.get("senders") != nil || n.get("receivers") != nil
	if on := n.get("on"); on.sound() && !clients && n.get("network") == nil {
		d.report(on, "this fault is on everybody", "on with network, senders or receivers only")
	}
	for _, key := range []string{"share", "how"} {
		if v := n.get(key); v.sound() && !clients {
			d.report(v, "nobody disconnects", key+" with senders: disconnect or receivers: disconnect only")
		}
	}
}

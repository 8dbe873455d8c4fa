package scenarios

import (
	"fmt"
	"strings"
)

// Name is the fault in a few words, for tables and legends: "broker: kill", "network: latency 50ms ± 10ms on senders".
func (f Fault) Name() string {
	switch {
	case f.Exporter != "":
		return "exporter: " + string(f.Exporter)
	case f.Broker != "":
		return "broker: " + string(f.Broker)
	case f.Senders != "":
		return f.parting(OnSenders)
	case f.Receivers != "":
		return f.parting(OnReceivers)
	}
	name := "network: " + f.Network.String()
	if f.On != "" && f.On != OnAll {
		name += " on " + f.On
	}
	return name
}

func (f Fault) parting(side string) string {
	name := side + ": disconnect"
	if f.Share > 0 && f.Share < 1 {
		name += " " + f.Share.String()
	}
	if f.On != "" {
		name += " of " + f.On
	}
	return name
}

// String is what happens to the network in a few words.
func (f NetworkFault) String() string {
	if f.Word != "" {
		return string(f.Word)
	}
	var parts []string
	if f.Latency > 0 {
		part := "latency " + f.Latency.String()
		if f.Jitter > 0 {
			part += " ± " + f.Jitter.String()
		}
		parts = append(parts, part)
	}
	if f.Bandwidth > 0 {
		parts = append(parts, "bandwidth "+f.Bandwidth.String())
	}
	return strings.Join(parts, ", ")
}

// words is the fault as a plan has it; empty for a start, which is the end of another.
func (f Fault) words() string {
	span := fmt.Sprintf("from %s to %s ", f.At, f.end())
	switch {
	case f.Exporter != "":
		return span + f.exporterWords()
	case f.Broker == BrokerPause:
		return span + "the broker stands still, with all connections open"
	case f.Broker == BrokerKill:
		return span + "the broker is dead (SIGKILL)"
	case f.Broker == BrokerRestart && f.For == 0:
		return fmt.Sprintf("at %s the broker ends (SIGTERM) and is started again", f.At)
	case f.Broker == BrokerRestart:
		return span + "the broker has ended (SIGTERM)"
	case f.Broker == BrokerStart:
		return ""
	case f.Senders != "":
		return fmt.Sprintf("at %s %s", f.At, f.partingWords(OnSenders))
	case f.Receivers != "":
		return fmt.Sprintf("at %s %s", f.At, f.partingWords(OnReceivers))
	}
	return span + f.networkWords()
}

func (f Fault) exporterWords() string {
	return map[ExporterFault]string{
		ExporterSlow:   "each export is answered after " + f.Delay.String(),
		ExporterStall:  "exports are taken and not answered",
		ExporterRefuse: "exports are refused",
		ExporterKill:   "the sink is dead",
	}[f.Exporter]
}

func (f Fault) partingWords(side string) string {
	text := "all " + side
	if f.Share > 0 && f.Share < 1 {
		text = f.Share.String() + " of the " + side
	}
	if f.On != "" {
		text += " of " + f.On
	}
	if f.How == PartByDisconnect {
		text += " send DISCONNECT"
	} else {
		text += " close their connections without a word"
	}
	if text += " and connect again"; f.For > 0 {
		text += fmt.Sprintf(" %s later", f.For)
	}
	return text
}

func (f Fault) networkWords() string {
	whose := "all clients"
	if f.On != "" && f.On != OnAll {
		whose = f.On
	}
	switch {
	case f.Network.Word == NetworkCut:
		return "the network of " + whose + " is cut: connections end, new ones are refused"
	case f.Network.Word == NetworkStall:
		return "the network of " + whose + " stalls: nothing passes, and nothing ends"
	}
	return "the network of " + whose + " has " + f.Network.String()
}

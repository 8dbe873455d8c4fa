package reports

import (
	"fmt"

	"mqttrace/load/result"
)

// costs is the table of what each process of a run with one arm used, and of what a message cost it.
func costs(arms []result.Arm) table {
	t := table{name: "cost", columns: []string{"cores", "peak RSS", "CPU/msg", "allocs/msg", "heap/msg", "GC", "PUBLISH"}}
	for _, arm := range arms {
		c := arm.Cost
		t.rows = append(t.rows, row{about: "process.generator", label: "generator", cells: append(usage(arm.Process.Generator),
			told(c.CPUNSPerMessage, nanosecondsText), told(c.AllocsPerMessage, number), told(c.AllocBytesPerMsg, Bytes),
			collecting(c), told(c.WireBytesPerMessage, Bytes))})
		if b := arm.Process.Broker; b != nil {
			t.rows = append(t.rows, row{about: "process.broker", label: "broker", cells: append(usage(b),
				told(c.BrokerCPUNSPerMessage, nanosecondsText), missing, missing, missing, missing)})
		}
		if s := arm.Process.Sink; s != nil {
			t.rows = append(t.rows, row{about: "process.sink", label: "sink", cells: append(usage(s), missing, missing, missing, missing, missing)})
		}
	}
	return t
}

// costsPerMessage is the table of what a message cost in each of several arms.
func costsPerMessage(arms []result.Arm) table {
	t := table{name: "cost/msg", columns: []string{"CPU", "broker CPU", "allocs", "heap", "GC", "PUBLISH"}}
	sides := sidesTold(arms)
	if sides {
		t.columns = []string{"CPU", "send", "receive", "broker", "allocs", "heap", "GC", "PUBLISH"}
	}
	for _, arm := range arms {
		c := arm.Cost
		cells := []cell{told(c.CPUNSPerMessage, nanosecondsText)}
		if sides {
			cells = append(cells, told(c.SendCPUNSPerMessage, nanosecondsText), told(c.ReceiveCPUNSPerMessage, nanosecondsText))
		}
		t.rows = append(t.rows, row{about: "cost", label: arm.Name, cells: append(cells,
			told(c.BrokerCPUNSPerMessage, nanosecondsText), told(c.AllocsPerMessage, number), told(c.AllocBytesPerMsg, Bytes),
			collecting(c), told(c.WireBytesPerMessage, Bytes))})
	}
	if sides {
		t.foot = []note{{"send, receive: measured apart, with the receivers in a process of their own, which costs more than one process for both", quiet}}
	}
	return t
}

// sidesTold says whether the cost of sending was told from that of receiving.
func sidesTold(arms []result.Arm) bool {
	for _, a := range arms {
		if a.Cost.SendCPUNSPerMessage != 0 || a.Cost.ReceiveCPUNSPerMessage != 0 {
			return true
		}
	}
	return false
}

// processes is the table of what each process used while several arms took turns, which no process tells apart.
func processes(arms []result.Arm) table {
	t := table{name: "process", columns: []string{"cores", "peak RSS"}, isDetail: true}
	p := arms[0].Process
	for _, used := range []struct {
		name string
		*result.Process
	}{{"generator", p.Generator}, {"broker", p.Broker}, {"sink", p.Sink}} {
		if used.Process != nil {
			t.rows = append(t.rows, row{about: "process." + used.name, label: used.name, cells: usage(used.Process)})
		}
	}
	return t
}

func nanosecondsText(ns float64) string { return nanoseconds(ns, digits) }

// collecting is the share of the CPU time that went into garbage collection; nothing is a value here, as long as CPU time is told.
func collecting(c result.Cost) cell {
	if c.CPUNSPerMessage == 0 {
		return missing
	}
	return figure(fmt.Sprintf("%.1f %%", 100*c.GCShare))
}

// told formats a figure that is 0 where the system does not tell.
func told(v float64, format func(float64) string) cell {
	if v == 0 {
		return missing
	}
	return figure(format(v))
}

// usage is missing of a process that nobody can look into.
func usage(p *result.Process) []cell {
	if p == nil || *p == (result.Process{}) {
		return []cell{missing, missing}
	}
	if p.CPUNS < 0 { // it was replaced by another, whose count began at 0
		return []cell{missing, told(float64(p.RSSBytes), Bytes)}
	}
	return []cell{figure(fmt.Sprintf("%.2f", p.CPUCores)), told(float64(p.RSSBytes), Bytes)}
}

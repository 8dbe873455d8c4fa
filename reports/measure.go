package reports

import (
	"strings"

	"mqttrace/load/result"
)

// measure is a figure of an arm as a number, for formats that programs read. It is called as thresholds call it.
type measure struct {
	name  string
	unit  unit
	value float64
}

// unit is what a measure counts.
type unit string

const (
	inNS      unit = "ns"
	inB       unit = "B"
	perSecond unit = "msg/s"
	inCores   unit = "cores" // 1 is one core kept busy
	ofOne     unit = "ratio" // 0 to 1
	count     unit = "count"
)

// lack is a figure that a reader would look for in vain, and why.
type lack struct{ name, reason string }

// armInNumbers is what an arm measured. What it cannot have, such as the spans of an arm that makes none, is left out.
type armInNumbers struct {
	name     string
	measures []measure
	lacks    []lack
	// clockLimited names latencies that are as good as the clocks of several shards, and no better.
	clockLimited []string
}

// statistics are those of each latency, in the order in which they are shown.
var statistics = []struct {
	name string
	unit unit
}{
	{"count", count}, {"min", inNS}, {"mean", inNS}, {"p50", inNS}, {"p90", inNS}, {"p95", inNS}, {"p99", inNS}, {"p999", inNS},
	{"max", inNS}, {"negative", count},
}

// plainFigures are those that are no latencies, in the order in which they are shown. isTold marks those that are 0 where the
// system does not tell.
var plainFigures = []struct {
	name   string
	unit   unit
	isTold bool
}{
	{"scheduled", count, false}, {"sent", count, false}, {"acked", count, false}, {"refused", count, false}, {"unsent", count, false},
	{"received", count, false}, {"rate_per_s", perSecond, false}, {"received_rate_per_s", perSecond, false},
	{"delivery.expected", count, false}, {"delivery.received", count, false}, {"delivery.lost", count, false},
	{"delivery.duplicated", count, false}, {"delivery.reordered", count, false}, {"delivery.foreign", count, false}, {"delivery.late", count, false},
	{"cost.cpu_per_message", inNS, true}, {"cost.broker_cpu_per_message", inNS, true}, {"cost.allocs_per_message", count, true},
	{"cost.alloc_bytes_per_message", inB, true}, {"cost.wire_bytes_per_message", inB, true},
	{"memory.generator", inB, true}, {"memory.broker", inB, true}, {"memory.sink", inB, true},
	{"spans.whole", count, false}, {"spans.missing_producer", count, false}, {"spans.missing_consumer", count, false},
	{"spans.wrong_parent", count, false}, {"spans.wrong_trace", count, false}, {"spans.sampled", count, false}, {"spans.ended", count, false},
	{"spans.dropped", count, false}, {"spans.exported", count, false}, {"spans.export_failures", count, false}, {"spans.received", count, false},
}

// stepInNumbers is a step and what its arms measured.
type stepInNumbers struct {
	result.Step
	arms []armInNumbers
}

func stepsInNumbers(s *result.Sweep) (all []stepInNumbers) {
	if s == nil {
		return nil
	}
	for _, step := range s.Steps {
		all = append(all, stepInNumbers{step, armsInNumbers(step.Arms)})
	}
	return all
}

func armsInNumbers(arms []result.Arm) (all []armInNumbers) {
	for i := range arms {
		all = append(all, inNumbers(&arms[i]))
	}
	return all
}

// inNumbers looks up all figures of an arm.
func inNumbers(a *result.Arm) armInNumbers {
	n := armInNumbers{name: a.Name}
	n.add("elapsed", inNS, float64(a.ElapsedNS))
	for _, latency := range result.LatencyNames {
		if l, ok := a.Latency[latency]; ok {
			n.latency(latency, l)
		}
	}
	for _, f := range plainFigures {
		if v, missing := a.Figure(f.name); missing == "" && (v != 0 || !f.isTold) {
			n.add(f.name, f.unit, v)
		}
	}
	if s := a.Spans; s != nil {
		n.add("spans.messages", count, float64(s.Messages))
		n.add("spans.failed", count, float64(s.Failed))
	}
	if a.Cost.CPUNSPerMessage != 0 {
		n.add("cost.gc_share", ofOne, a.Cost.GCShare)
	}
	n.addTold("cost.send_cpu_per_message", inNS, a.Cost.SendCPUNSPerMessage)
	n.addTold("cost.receive_cpu_per_message", inNS, a.Cost.ReceiveCPUNSPerMessage)
	n.cpu("cpu.generator", a.Process.Generator)
	n.cpu("cpu.broker", a.Process.Broker)
	n.cpu("cpu.sink", a.Process.Sink)
	return n
}

func (n *armInNumbers) add(name string, in unit, v float64) {
	n.measures = append(n.measures, measure{name, in, v})
}

func (n *armInNumbers) addTold(name string, in unit, v float64) {
	if v != 0 {
		n.add(name, in, v)
	}
}

// latency leaves out, with the reason, percentiles that there are too few values for and those that must not be quoted.
func (n *armInNumbers) latency(name string, l result.Latency) {
	if l.Withheld != "" {
		n.lacks = append(n.lacks, lack{name, "withheld: " + l.Withheld})
		return
	}
	for _, s := range statistics {
		v, missing := l.Statistic(s.name)
		switch {
		case missing != "":
			n.lacks = append(n.lacks, lack{name + "." + s.name, missing})
		case l.Count > 0 || s.unit == count:
			n.add(name+"."+s.name, s.unit, v)
		}
	}
	if l.BoundNS > 0 {
		n.add(name+".bound", inNS, float64(l.BoundNS))
	}
	if l.ClockLimited {
		n.clockLimited = append(n.clockLimited, name)
	}
}

// cpu leaves out a process that this run did not have, and one that was replaced by another, whose count began at 0.
func (n *armInNumbers) cpu(name string, p *result.Process) {
	if p != nil && p.CPUNS > 0 {
		n.add(name, inCores, p.CPUCores)
	}
}

// unitOf is what a figure counts that thresholds or differences name; a count if neither knows it.
func unitOf(figure string) unit {
	for _, f := range plainFigures {
		if f.name == figure {
			return f.unit
		}
	}
	_, part, _ := strings.Cut(figure, ".")
	for _, s := range statistics {
		if s.name == part {
			return s.unit
		}
	}
	switch {
	case strings.Contains(figure, "bytes"):
		return inB
	case strings.Contains(figure, "_ns"):
		return inNS
	case strings.HasSuffix(figure, "_per_s"):
		return perSecond
	}
	return count
}

// value looks a measure up.
func (n armInNumbers) value(name string) (v float64, ok bool) {
	for _, m := range n.measures {
		if m.name == name {
			return m.value, true
		}
	}
	return 0, false
}

package result

import (
	"fmt"
	"strings"
)

// Figure looks up a figure by the name that thresholds and gates have for it: response.p99, delivery.lost, rate_per_s, … Its unit
// is ns for latencies and CPU time, messages per second for rates, bytes for sizes; everything else is a count. missing says why
// this arm does not have it; empty if it does.
func (a *Arm) Figure(name string) (value float64, missing string) {
	if latency, stat, ok := strings.Cut(name, "."); ok {
		if l, found := a.Latency[latency]; found {
			return l.Statistic(stat)
		}
	}
	for _, known := range []func(string) (float64, bool){a.count, a.cost, a.memory, a.span} {
		if value, ok := known(name); ok {
			return value, ""
		}
	}
	return 0, "nothing was measured"
}

// Statistic looks up min, mean, p50, p90, p95, p99, p999 or max, in ns, or count or negative. missing says why there is no such
// value, or why it must not be quoted; empty if it may.
func (l Latency) Statistic(name string) (value float64, missing string) {
	if l.Withheld != "" {
		return 0, "withheld: " + l.Withheld
	}
	percentiles := map[string]*int64{"p50": l.P50NS, "p90": l.P90NS, "p95": l.P95NS, "p99": l.P99NS, "p999": l.P999NS}
	if p, ok := percentiles[name]; ok {
		if p == nil {
			return 0, fmt.Sprintf("too few values (%d)", l.Count)
		}
		return float64(*p), ""
	}
	switch name {
	case "min":
		return float64(l.MinNS), ""
	case "mean":
		return float64(l.MeanNS), ""
	case "max":
		return float64(l.MaxNS), ""
	case "count":
		return float64(l.Count), ""
	case "negative":
		return float64(l.Negative), ""
	}
	return 0, "unknown statistic " + name
}

func (a *Arm) count(name string) (value float64, ok bool) {
	d := a.Delivery
	value, ok = map[string]float64{
		"scheduled": float64(a.Scheduled), "sent": float64(a.Sent), "acked": float64(a.Acked), "refused": float64(a.Refused),
		"unsent": float64(a.Unsent), "received": float64(a.Received),
		"rate_per_s": a.RatePerS, "received_rate_per_s": a.ReceivedRatePerS,
		"delivery.expected": float64(d.Expected), "delivery.received": float64(d.Received), "delivery.lost": float64(d.Lost),
		"delivery.duplicated": float64(d.Duplicated), "delivery.reordered": float64(d.Reordered),
		"delivery.foreign": float64(d.Foreign), "delivery.late": float64(d.Late),
	}[name]
	return value, ok
}

// cost leaves out what the broker used where nobody can look into it.
func (a *Arm) cost(name string) (value float64, ok bool) {
	c := a.Cost
	switch name {
	case "cost.cpu_per_message":
		return c.CPUNSPerMessage, true
	case "cost.allocs_per_message":
		return c.AllocsPerMessage, true
	case "cost.alloc_bytes_per_message":
		return c.AllocBytesPerMsg, true
	case "cost.wire_bytes_per_message":
		return c.WireBytesPerMessage, true
	case "cost.broker_cpu_per_message":
		return c.BrokerCPUNSPerMessage, a.Process.Broker != nil
	}
	return 0, false
}

func (a *Arm) memory(name string) (value float64, ok bool) {
	p := map[string]*Process{
		"memory.generator": a.Process.Generator, "memory.broker": a.Process.Broker, "memory.sink": a.Process.Sink,
	}[name]
	if p == nil {
		return 0, false
	}
	return float64(p.RSSBytes), true
}

func (a *Arm) span(name string) (value float64, ok bool) {
	s := a.Spans
	if s == nil {
		return 0, false
	}
	if name == "spans.received" && s.Received != nil {
		return float64(*s.Received), true
	}
	value, ok = map[string]float64{
		"spans.whole": float64(s.Whole), "spans.missing_producer": float64(s.MissingProducer),
		"spans.missing_consumer": float64(s.MissingConsumer), "spans.wrong_parent": float64(s.WrongParent),
		"spans.wrong_trace": float64(s.WrongTrace), "spans.sampled": float64(s.Sampled), "spans.ended": float64(s.Ended),
		"spans.dropped": float64(s.Dropped), "spans.exported": float64(s.Exported),
		"spans.export_failures": float64(s.ExportFailures),
	}[name]
	return value, ok
}

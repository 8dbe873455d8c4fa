package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"mqttrace/load/result"
)

// observe fills a page with what the spans of other services say: there is no load, no generator and no broker to tell of.
func (p *page) observe(r *result.Result) {
	seen := r.Observed
	p.ran = append(append([]string{}, "observe"), measured(r.Arms, ""))
	p.ran = append(p.ran, sources(seen)...)
	if r.Verdict == result.Pass {
		p.reason = wholeness(r.Arms[0].Spans, len(seen.Pairs))
	}
	p.add(
		p.room.pairTable(r), p.room.slowestSeen(r), p.room.brokenTable(r), p.room.clockTable(seen.Skews), p.room.lossTable(seen.Losses), p.room.conventionTable(seen.Faults),
	)
	for _, w := range r.Warnings {
		p.warn(w)
	}
	for _, text := range remarks(seen) {
		p.notes = append(p.notes, note{text, doubt})
	}
}

// sources says where spans came from, and where they went on to.
func sources(seen *result.Observed) (facts []string) {
	const most = 2
	facts = append(facts, seen.Sources[:min(len(seen.Sources), most)]...)
	if more := len(seen.Sources) - most; more > 0 {
		facts = append(facts, fmt.Sprintf("%d more", more))
	}
	if seen.ForwardedTo != "" {
		facts = append(facts, "passed on to "+seen.ForwardedTo)
	}
	return facts
}

// wholeness is the answer in a sentence.
func wholeness(s *result.Spans, pairs int) string {
	switch {
	case s == nil || s.Messages == 0:
		return "spans were received, and no message could be judged"
	case s.Whole == s.Messages:
		return fmt.Sprintf("%s of %s, every trace is whole", several(s.Messages, "message"), several(uint64(pairs), "pair"))
	default:
		return fmt.Sprintf("%s of %s, %s of the traces are whole", several(s.Messages, "message"), several(uint64(pairs), "pair"), share(s.Whole, s.Messages))
	}
}

// several is a number of things.
func several(n uint64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return Count(n) + " " + what + "s"
}

// pairTable has the latency of all messages, then of each pair of services and topic. The result file has more percentiles: a
// line must hold two names.
func (rm room) pairTable(r *result.Result) table {
	t := table{name: "latency", columns: []string{"count", "p50", "p99", "max"}}
	all := r.Arms[0].Latency[result.Trace]
	t.rows = append(t.rows, row{about: result.Trace, label: "all messages", cells: fewPercentiles(all), notes: withheld(all)})
	for _, p := range r.Observed.Pairs[:min(len(r.Observed.Pairs), rm.seen)] {
		t.rows = append(t.rows, row{label: rm.route(p.Producer, p.Consumer), where: beneath(p), cells: fewPercentiles(p.Latency)})
	}
	t.foot = rm.rest(len(r.Observed.Pairs))
	return t
}

func fewPercentiles(l result.Latency) []cell {
	if l.Count == 0 {
		return []cell{figure("0"), missing, missing, missing}
	}
	return []cell{figure(Count(l.Count)), percentile(l, l.P50NS), percentile(l, l.P99NS), figure(Duration(time.Duration(l.MaxNS)))}
}

// beneath is the topic of a pair, and the latency from when the producer span was over, if it differs: with an acknowledgement to
// wait for, that is often after the delivery.
func beneath(p result.Pair) string {
	var facts []string
	facts = appendFact(facts, p.Topic)
	if after := p.AfterProducer.P50NS; after != nil {
		facts = append(facts, "p50 "+Duration(time.Duration(*after))+" from the producer span's end")
	}
	return strings.Join(facts, " · ")
}

// slowestSeen has the slowest messages of all pairs, and where to look them up.
func (rm room) slowestSeen(r *result.Result) table {
	t := table{name: "slowest", columns: []string{"sent at", "latency"}, isDetail: true}
	type slow struct {
		result.Example
		route string
	}
	var all []slow
	for _, p := range r.Observed.Pairs {
		for _, e := range p.Slowest {
			all = append(all, slow{e, rm.route(p.Producer, p.Consumer)})
		}
	}
	slices.SortStableFunc(all, func(a, b slow) int { return cmp.Compare(b.LatencyNS, a.LatencyNS) })
	for _, s := range all[:min(len(all), rm.slowSeen)] {
		t.rows = append(t.rows, row{
			label: s.route, trace: newTrace(r.TraceURL, s.TraceID),
			cells: []cell{figure(s.At.UTC().Format("15:04:05.000")), figure(Duration(time.Duration(s.LatencyNS)))},
		})
	}
	return t
}

// brokenTable has what is wrong with traces, where, and one to look at.
func (rm room) brokenTable(r *result.Result) table {
	t := table{name: "broken traces", columns: []string{"count", "at"}}
	for _, b := range r.Observed.Broken[:min(len(r.Observed.Broken), rm.seen)] {
		line := row{label: BrokenName(b.What), where: b.Topic, cells: []cell{{Count(b.Count), doubt}, figure(rm.cut(b.Service))}}
		if len(b.Examples) > 0 {
			line.trace = newTrace(r.TraceURL, b.Examples[0].TraceID)
		}
		t.rows = append(t.rows, line)
	}
	t.foot = rm.rest(len(r.Observed.Broken))
	return t
}

// clockTable has the hosts whose clocks disagree.
func (rm room) clockTable(skews []result.Skew) table {
	t := table{name: "clocks", columns: []string{"messages", "negative", "lowest"}}
	n := 0
	for _, s := range skews {
		if s.Negative == 0 {
			continue
		}
		if n++; n <= rm.seen {
			t.rows = append(t.rows, row{label: rm.route(s.From, s.To), cells: []cell{
				figure(Count(s.Messages)), {Count(s.Negative), doubt}, figure(Duration(time.Duration(s.MinNS))),
			}})
		}
	}
	t.foot = rm.rest(n)
	return t
}

// lossTable has the signs of lost spans.
func (rm room) lossTable(losses []result.Loss) table {
	t := table{name: "lost spans", columns: []string{"spans"}}
	for _, l := range losses[:min(len(losses), rm.seen)] {
		said := l.Signal
		if said == "gap" {
			said = "referred to, and never received"
		}
		t.rows = append(t.rows, row{label: rm.cut(l.Service), cells: []cell{{Count(l.Spans), doubt}}, where: said})
	}
	t.foot = rm.rest(len(losses))
	return t
}

// conventionTable has the departures from OpenTelemetry's conventions, and what would be right.
func (rm room) conventionTable(faults []result.SpanFault) table {
	t := table{name: "conventions", columns: []string{"spans", "of"}, isDetail: true}
	for _, f := range faults[:min(len(faults), rm.seen)] {
		t.rows = append(t.rows, row{
			label: f.Rule + " " + f.Subject, where: f.Advice,
			cells: []cell{{Count(f.Count), doubt}, figure(rm.cut(strings.Join(f.Services, ", ")))},
		})
	}
	t.foot = rm.rest(len(faults))
	return t
}

// remarks are the counts that are best 0, and what the sources were short of.
func remarks(seen *result.Observed) []string {
	texts := slices.Clone(seen.Notes)
	for _, c := range []struct {
		n           uint64
		thing, what string
	}{
		{seen.Spans.Malformed, "span", "left out, without a valid id or a time"},
		{seen.Spans.Repeated, "span", "sent again, and counted once"},
		{seen.Spans.Truncated, "span", "with attributes, events or links lost to a limit of the SDK"},
		{seen.Messages.Retained, "retained message", "replayed, whose age is not a latency"},
	} {
		if c.n > 0 {
			texts = append(texts, plural(c.n, c.thing)+" "+c.what)
		}
	}
	return texts
}

// rest says how many rows were left out.
func (rm room) rest(n int) []note {
	if n <= rm.seen {
		return nil
	}
	return []note{{fmt.Sprintf("and %d more in the result file", n-rm.seen), quiet}}
}

// route is the way of a message.
func (rm room) route(from, to string) string { return rm.cut(from) + " → " + rm.cut(to) }

// cut shortens a name.
func (rm room) cut(name string) string { return terminal.Truncate(clean(name), rm.name, "…") }

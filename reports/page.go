package reports

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"mqttrace/load/result"
)

// page is a result made ready for reading: every figure formatted, every warning beside the figure it concerns. Formats lay
// it out and decide nothing.
type page struct {
	verdict  result.Verdict
	reason   string
	ran      []string // facts about what ran, the scenario's name first
	purpose  string   // the scenario's description
	tables   []table
	checks   []check
	notes    []note // that no row of a table is about
	savedAs  string // path of the result file
	isOneArm bool
}

// table has a name, which heads its first column, and figures.
type table struct {
	name    string
	columns []string
	rows    []row
}

// row is a line of a table. about says, in a warning's words, what it shows.
type row struct {
	about string
	label string
	cells []cell
	notes []note
}

// cell is one figure.
type cell struct {
	text string
	tone tone
}

// check is a threshold and what became of it.
type check struct {
	ok     bool
	arm    string
	text   string
	actual string
}

// note is a sentence about a figure.
type note struct {
	text string
	tone tone
}

// tone is how much attention something deserves.
type tone int

const (
	normal tone = iota
	quiet       // nothing to see
	doubt       // may explain another figure, or make it doubtful
	bad         // a promise broken
)

// fewArms is how many arms can show all their latencies on one screen.
const fewArms = 2

// compared are the latencies shown of more arms than that; all are in the result file.
var compared = []string{result.Response, result.Transit, result.Trace, result.ScheduleLag}

// newPage prepares r, which was saved as savedAs; empty if it was not.
func newPage(r *result.Result, savedAs string) *page {
	p := &page{
		verdict:  r.Verdict,
		reason:   r.Reason,
		savedAs:  savedAs,
		isOneArm: len(r.Arms) == 1,
	}
	p.describe(r)
	if r.Verdict == result.Pass {
		p.reason = passed(r)
	}
	for _, t := range []table{latencies(r.Arms), deliveries(r.Arms), rates(r.Arms), costs(r.Arms)} {
		if len(t.rows) > 0 {
			p.tables = append(p.tables, t)
		}
	}
	for _, t := range r.Thresholds {
		p.checks = append(p.checks, newCheck(t))
	}
	for _, w := range r.Warnings {
		p.warn(w)
	}
	p.shorten()
	return p
}

// passed says what a pass means for this run.
func passed(r *result.Result) string {
	judged := "no thresholds set"
	if n := len(r.Thresholds); n > 0 {
		judged = fmt.Sprintf("%d of %d thresholds met", n, n)
	}
	return judged + ", no delivery promise broken, the generator kept up"
}

// describe says what ran: the scenario, the broker, the machine, for how long.
func (p *page) describe(r *result.Result) {
	// Of the scenario as it ran a page shows these alone. Unreadable ones are left out rather than keeping the figures
	// from being read.
	var sc struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Duration    string `json:"duration"`
	}
	_ = json.Unmarshal(r.Scenario, &sc)
	p.purpose = sc.Description

	env := r.Environment
	p.ran = appendFact(p.ran, sc.Name)
	p.ran = appendFact(p.ran, strings.TrimSpace(env.Broker.Name+" "+env.Broker.Version))
	if p.isOneArm && r.Arms[0].Name != "" {
		p.ran = appendFact(p.ran, "tracing "+r.Arms[0].Name)
	}
	p.ran = appendFact(p.ran, measured(r.Arms, sc.Duration))
	if env.OS != "" {
		p.ran = appendFact(p.ran, fmt.Sprintf("%s/%s, %s", env.OS, env.Arch, cores(env.Cores)))
	}
}

func appendFact(facts []string, fact string) []string {
	if fact == "" {
		return facts
	}
	return append(facts, fact)
}

func cores(n int) string {
	if n == 1 {
		return "1 core"
	}
	return fmt.Sprintf("%d cores", n)
}

// measured says for how long load was counted, of all that was asked where it fell short.
func measured(arms []result.Arm, asked string) string {
	var elapsed time.Duration
	for _, a := range arms {
		elapsed += time.Duration(a.ElapsedNS)
	}
	want, err := time.ParseDuration(asked)
	switch {
	case elapsed == 0:
		return "nothing measured"
	case err == nil && elapsed < want*99/100:
		return fmt.Sprintf("%s of %s measured", Duration(elapsed), Duration(want))
	default:
		return Duration(elapsed) + " measured"
	}
}

// latencies is the table of latencies; with several arms, those of one name stand below each other.
func latencies(arms []result.Arm) table {
	t := table{name: "latency", columns: []string{"count", "min", "p50", "p90", "p99", "p99.9", "max"}}
	names := result.LatencyNames
	if len(arms) > fewArms {
		names = compared
	}
	for _, name := range names {
		labels := newLabels(name, len(result.ScheduleLag), arms)
		for _, arm := range arms {
			if l, ok := arm.Latency[name]; ok {
				t.rows = append(t.rows, row{about: name, label: labels.next(arm), cells: percentiles(l), notes: withheld(l)})
			}
		}
	}
	return t
}

// labels are those of rows of one name, a row for each arm. Of several arms each has its own in the label, and the name is
// said once.
type labels struct {
	name    string
	width   int // of the names above and below
	several bool
}

func newLabels(name string, width int, arms []result.Arm) *labels {
	return &labels{name, width, len(arms) > 1}
}

func (l *labels) next(arm result.Arm) string {
	name := l.name
	if !l.several {
		return name
	}
	l.name = ""
	return fmt.Sprintf("%-*s %s", l.width, name, arm.Name)
}

// label is that of an arm's row in a table that has one for each.
func label(arm result.Arm, arms []result.Arm) string {
	if len(arms) == 1 {
		return "messages"
	}
	return arm.Name
}

func percentiles(l result.Latency) []cell {
	count := cell{text: Count(l.Count)}
	if l.Count == 0 {
		return []cell{count, missing, missing, missing, missing, missing, missing}
	}
	return []cell{
		count, figure(Duration(time.Duration(l.MinNS))),
		percentile(l, l.P50NS), percentile(l, l.P90NS), percentile(l, l.P99NS), percentile(l, l.P999NS),
		figure(Duration(time.Duration(l.MaxNS))),
	}
}

var missing = cell{text: none, tone: quiet}

func figure(text string) cell { return cell{text: text} }

// percentile is missing where the sample is too small for it or a latency must not be quoted.
func percentile(l result.Latency, ns *int64) cell {
	if ns == nil || l.Withheld != "" {
		return missing
	}
	return figure(Duration(time.Duration(*ns)))
}

func withheld(l result.Latency) []note {
	if l.Withheld == "" {
		return nil
	}
	return []note{{"percentiles withheld: " + l.Withheld, doubt}}
}

// deliveries is the table of the delivery ledgers.
func deliveries(arms []result.Arm) table {
	t := table{name: "delivery", columns: []string{"expected", "received", "lost", "duplicated", "reordered", "foreign", "late"}}
	for _, arm := range arms {
		d := arm.Delivery
		t.rows = append(t.rows, row{
			about: "delivery",
			label: label(arm, arms),
			cells: []cell{
				figure(Count(d.Expected)), figure(Count(d.Received)),
				fault(d.Lost, d), fault(d.Duplicated, d), fault(d.Reordered, d), fault(d.Foreign, d), fault(d.Late, d),
			},
			notes: violations(d),
		})
	}
	return t
}

// fault is a count that is best 0. Whether it breaks a promise the quality of service decides.
func fault(n uint64, d result.Delivery) cell {
	switch {
	case n == 0:
		return cell{"0", quiet}
	case len(d.Violations) > 0:
		return cell{Count(n), bad}
	default:
		return cell{Count(n), doubt}
	}
}

func violations(d result.Delivery) (notes []note) {
	for _, text := range d.Violations {
		notes = append(notes, note{text, bad})
	}
	return notes
}

// rates is the table of what was asked of the generator, what it did, and how many traces came out whole.
func rates(arms []result.Arm) table {
	t := table{name: "rate", columns: []string{"asked", "sent", "received", "unsent", "refused", "traced", "whole"}}
	for _, arm := range arms {
		t.rows = append(t.rows, row{
			about: "rate",
			label: label(arm, arms),
			cells: append([]cell{
				figure(Rate(arm.ScheduledRatePerS)), figure(Rate(arm.RatePerS)), figure(Rate(arm.ReceivedRatePerS)),
				fault(arm.Unsent, arm.Delivery), fault(arm.Refused, arm.Delivery),
			}, traces(arm.Spans)...),
			notes: torn(arm.Spans),
		})
	}
	return t
}

// traces says how many messages were traced and which share of their traces is whole.
func traces(s *result.Spans) []cell {
	switch {
	case s == nil:
		return []cell{missing, missing}
	case s.Messages == 0:
		return []cell{figure("0"), missing}
	case s.Whole == s.Messages:
		return []cell{figure(Count(s.Messages)), figure("100 %")}
	default:
		return []cell{figure(Count(s.Messages)), {share(s.Whole, s.Messages), doubt}}
	}
}

// share is a percentage that says 100 % of nothing but the whole.
func share(part, whole uint64) string {
	percent := 100 * float64(part) / float64(whole)
	if percent > 99.99 {
		return ">99.99 %"
	}
	return fmt.Sprintf("%.2f %%", percent)
}

// torn says what is wrong with the traces that are not whole.
func torn(s *result.Spans) []note {
	if s == nil || s.Whole == s.Messages {
		return nil
	}
	var faults []string
	for _, f := range []struct {
		n    uint64
		what string
	}{
		{s.MissingProducer, "without a producer span"},
		{s.MissingConsumer, "without a consumer span"},
		{s.WrongParent, "with a wrong parent"},
		{s.WrongTrace, "in another message's trace"},
	} {
		if f.n > 0 {
			faults = append(faults, Count(f.n)+" "+f.what)
		}
	}
	return []note{{"broken traces: " + strings.Join(faults, ", "), doubt}}
}

// costs is the table of what each process used, and of what a message cost the generator.
func costs(arms []result.Arm) table {
	t := table{name: "cost", columns: []string{"CPU", "peak RSS", "CPU/msg", "allocs/msg", "bytes/msg"}}
	generators, brokers := newLabels("generator", len("generator"), arms), newLabels("broker", len("generator"), arms)
	for _, arm := range arms {
		c := arm.Cost
		perMessage := []cell{told(c.CPUNSPerMessage, nanosecondsText), told(c.AllocsPerMessage, number), told(c.WireBytesPerMessage, Bytes)}
		t.rows = append(t.rows, row{about: "process.generator", label: generators.next(arm), cells: append(usage(arm.Process.Generator), perMessage...)})
	}
	for _, arm := range arms {
		if b := arm.Process.Broker; b != nil {
			t.rows = append(t.rows, row{about: "process.broker", label: brokers.next(arm), cells: append(usage(b), missing, missing, missing)})
		}
	}
	return t
}

func nanosecondsText(ns float64) string { return nanoseconds(ns, digits) }

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
	return []cell{figure(coresUsed(p.CPUCores)), told(float64(p.RSSBytes), Bytes)}
}

func coresUsed(n float64) string { return fmt.Sprintf("%.2f cores", n) }

func newCheck(t result.Threshold) check {
	c := check{ok: t.OK, arm: t.Arm, text: t.Expression, actual: actual(t)}
	if t.Reason != "" {
		c.actual = "not judged: " + t.Reason
	}
	return c
}

// warn puts a warning below the last row that shows what it is about, or at the foot of the page when none does.
func (p *page) warn(w result.Warning) {
	about := place(w.About)
	for t := len(p.tables) - 1; t >= 0; t-- {
		rows := p.tables[t].rows
		for r := len(rows) - 1; r >= 0; r-- {
			if rows[r].about == about {
				rows[r].notes = append(rows[r].notes, note{w.Text, doubt})
				return
			}
		}
	}
	text := w.Text
	if w.About != "run" && w.About != "" {
		text = w.About + ": " + text
	}
	p.notes = append(p.notes, note{text, doubt})
}

// mostNotes is how many sentences a page shows below one row.
const mostNotes = 4

// shorten turns the notes of a row past the first few into a count.
func (p *page) shorten() {
	for _, t := range p.tables {
		for i, r := range t.rows {
			if more := len(r.notes) - mostNotes; more > 0 {
				t.rows[i].notes = append(r.notes[:mostNotes:mostNotes], note{fmt.Sprintf("and %d more in the result file", more), r.notes[mostNotes].tone})
			}
		}
	}
}

// place says which rows show a figure of a result.
func place(figure string) string {
	first, _, _ := strings.Cut(figure, ".")
	switch first {
	case "scheduled_rate_per_s", "rate_per_s", "received_rate_per_s", "scheduled", "sent", "acked", "refused", "unsent", "received", "spans":
		return "rate"
	case "cost":
		return "process.generator"
	}
	switch figure {
	case "process.generator", "process.broker":
		return figure // not the latency called process
	default:
		return first // the latencies and delivery are rows by their own names
	}
}

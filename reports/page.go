package reports

import (
	"fmt"
	"slices"
	"strings"

	"mqttrace/load/result"
)

// page is a result made ready for reading: every figure formatted, every warning beside the figure it concerns. Formats lay
// it out and decide nothing.
type page struct {
	saved    Saved // for formats that programs read
	room     room
	name     string // the scenario's
	arms     []armInNumbers
	steps    []stepInNumbers // of a sweep or a search
	verdict  result.Verdict
	reason   string
	ran      []string // facts about what ran, the scenario's name first
	purpose  string   // the scenario's description
	summary  string   // what was measured, in a sentence; not of several arms, which have answers
	answers  []note   // the result in a sentence or two, where it has one
	tables   []table
	checks   []check
	notes    []note // that no row of a table is about
	isOneArm bool
	faults   []faultSpan // also for formats that show the run over time
}

// table has a name, which heads its first column, and figures.
type table struct {
	name    string
	topic   string // what it is called where a format needs a name that no file chose; name if empty
	columns []string
	rows    []row
	foot    []note // about all of it
	// isDetail says that the table is for looking something up.
	isDetail bool
}

// row is a line of a table. about says, in a warning's words, what it shows. Rows of one group stand below each other.
type row struct {
	about string
	group string // empty where rows have none
	label string
	cells []cell
	where string // what there is to say besides figures, such as a topic; empty for most
	trace trace
	notes []note
	// differences are what cells say, to be drawn; nil for most rows.
	differences []result.Difference
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

// newPage prepares a result for a format with as much room as a terminal has.
func newPage(s Saved) *page { return newPageFor(s, onScreen) }

// newPageFor prepares a result. Whatever came over the network or out of a file is legible in it: one line, and nothing that
// steers a terminal.
func newPageFor(s Saved, room room) *page {
	r := s.Result
	p := &page{
		saved:    s,
		room:     room,
		verdict:  r.Verdict,
		reason:   r.Reason,
		isOneArm: len(r.Arms) == 1,
		faults:   faultsOf(r),
		arms:     armsInNumbers(r.Arms),
		steps:    stepsInNumbers(r.Sweep),
	}
	p.describe(r)
	if r.Observed != nil && len(r.Arms) == 1 {
		p.observe(r)
	} else {
		p.show(r)
	}
	p.shorten()
	p.clean()
	return p
}

// show fills a page with what a run measured.
func (p *page) show(r *result.Result) {
	if r.Verdict == result.Pass {
		p.reason = passed(r)
	}
	p.summary = inOneSentence(r)
	p.sweep(r.Sweep)
	if len(r.Arms) > 1 {
		p.add(costsPerMessage(r.Arms))
	}
	if len(r.Arms) > 1 && !searched(r) {
		p.answers = append(p.answers, answers(r)...)
		p.add(overhead(r))
	}
	p.add(latencies(r, p.room), notSettled(withBroker(fold(deliveries(r.Arms)), r), r), fold(rates(r)))
	if len(r.Arms) > 1 {
		p.add(processes(r.Arms))
	} else {
		p.add(costs(r.Arms))
	}
	p.add(shardTable(r, p.room), spans(r.Arms), stageTable(r), faultTable(r, p.faults), consequenceTable(r), backlogTable(r), reasonTable(r), brokerTable(r), slowest(r, p.room))
	p.checks = checks(r.Thresholds)
	for _, w := range r.Warnings {
		p.warn(w)
	}
}

// add puts tables below those that are there, empty ones apart.
func (p *page) add(tables ...table) {
	for _, t := range tables {
		if len(t.rows) > 0 || len(t.foot) > 0 {
			p.tables = append(p.tables, t)
		}
	}
}

// fold turns rows below each other that show the same into one.
func fold(t table) table {
	rows := t.rows[:0:0]
	for i := 0; i < len(t.rows); {
		r, next := t.rows[i], i+1
		for next < len(t.rows) && t.rows[next].showsAs(r) {
			next++
		}
		switch last := t.rows[next-1].label; {
		case next-i == len(t.rows) && next > 1:
			r.label = "every arm"
		case next-i == 2:
			r.label += ", " + last
		case next-i > 2:
			r.label += " … " + last
		}
		rows, i = append(rows, r), next
	}
	t.rows = rows
	return t
}

// showsAs says whether a row adds nothing to another but its label.
func (r row) showsAs(other row) bool {
	return len(r.notes) == 0 && len(other.notes) == 0 && slices.Equal(r.cells, other.cells)
}

// warn puts a warning below the last row that shows what it is about, or at the foot of the page when none does.
func (p *page) warn(w result.Warning) {
	for _, about := range places(w.About) {
		if r := p.lastRow(about); r != nil {
			r.notes = append(r.notes, note{w.Text, doubt})
			return
		}
	}
	text := w.Text
	if w.About != "run" && w.About != "" {
		text = w.About + ": " + text
	}
	p.notes = append(p.notes, note{text, doubt})
}

// lastRow is the last row that shows a figure; nil if none does.
func (p *page) lastRow(about string) *row {
	if about == "" {
		return nil // many rows are about no figure that has a name
	}
	for t := len(p.tables) - 1; t >= 0; t-- {
		rows := p.tables[t].rows
		for r := len(rows) - 1; r >= 0; r-- {
			if rows[r].about == about {
				return &rows[r]
			}
		}
	}
	return nil
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

// places says which rows show a figure of a result, the best place for a word about it first.
func places(figure string) []string {
	first, _, _ := strings.Cut(figure, ".")
	switch first {
	case "scheduled_rate_per_s", "rate_per_s", "received_rate_per_s", "scheduled", "sent", "acked", "refused", "unsent", "received":
		return []string{"rate"}
	case "spans":
		return []string{"spans", "rate"}
	case "cost", "overhead":
		return []string{"cost", "process.generator"}
	}
	switch figure {
	case "process.generator", "process.broker", "process.sink":
		return []string{figure} // not the latency called process
	default:
		return []string{first} // the latencies and delivery are rows by their own names
	}
}

// clean makes legible whatever a page says.
func (p *page) clean() {
	p.name, p.reason, p.purpose = clean(p.name), clean(p.reason), clean(p.purpose)
	for i := range p.ran {
		p.ran[i] = clean(p.ran[i])
	}
	for i := range p.checks {
		c := &p.checks[i]
		c.arm, c.text, c.actual = clean(c.arm), clean(c.text), clean(c.actual)
	}
	for i := range p.tables {
		p.tables[i].clean()
	}
	cleanNotes(p.answers)
	cleanNotes(p.notes)
}

func (t *table) clean() {
	t.name = clean(t.name)
	for i := range t.columns {
		t.columns[i] = clean(t.columns[i])
	}
	for i := range t.rows {
		r := &t.rows[i]
		r.group, r.label, r.where, r.trace.id = clean(r.group), clean(r.label), clean(r.where), clean(r.trace.id)
		for j := range r.cells {
			r.cells[j].text = clean(r.cells[j].text)
		}
		cleanNotes(r.notes)
	}
	cleanNotes(t.foot)
}

func cleanNotes(notes []note) {
	for i := range notes {
		notes[i].text = clean(notes[i].text)
	}
}

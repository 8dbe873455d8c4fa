package reports

import (
	"bufio"
	"io"
	"strings"

	"mqttrace/load/result"
)

// TextOptions say where a text is going. The zero value suits a pipe.
type TextOptions struct {
	// Color marks what matters with terminal colours.
	Color bool
}

// Text writes results to w as plain text, each a screen or, if it compares arms, two: the verdict, what ran, the figures with
// their warnings, the thresholds, and the file that the result is in. Lines are at most 80 columns wide, or 100 where names are
// long: those are shortened in the middle. The path of the file and the URLs of traces are left whole, to be copied.
func Text(w io.Writer, all []Saved, opts TextOptions) error {
	t := &text{w: bufio.NewWriter(w), color: opts.Color}
	for i, s := range all {
		if i > 0 {
			t.line()
		}
		t.page(newPage(s))
	}
	return t.w.Flush()
}

// width is where sentences are wrapped.
const width = 80

// Names are shortened to these widths, which leave room for one column of figures at least.
const (
	longestLabel = 48
	longestCell  = 48
)

// gap is the room between two columns.
const gap = "  "

// markWidth is that of the mark before a threshold, and the space after it.
const markWidth = 2

// text lays a page out in columns. Errors are the writer's to keep until it is flushed.
type text struct {
	w      *bufio.Writer
	color  bool
	labels int // least width of the first column, so that those of most tables line up
}

// labels are the first column of a table, its name on top. A group is named once, before the labels of its rows.
func (t table) labels() []string {
	grouped := 0
	for _, r := range t.rows {
		grouped = max(grouped, widthOf(r.group))
	}
	labels, above := []string{abridge(t.name, longestLabel)}, ""
	for _, r := range t.rows {
		label, group := r.label, r.group
		if group == above {
			group = ""
		}
		if grouped > 0 {
			label = pad(group, grouped) + " " + label
		}
		labels, above = append(labels, abridge(label, longestLabel)), r.group
	}
	return labels
}

// column is one column of figures, its heading on top.
type column struct {
	cells []cell
	width int
}

func (t table) column(i int) column {
	c := column{cells: []cell{{abridge(t.columns[i], longestCell), quiet}}}
	for _, r := range t.rows {
		c.cells = append(c.cells, cell{abridge(r.cells[i].text, longestCell), r.cells[i].tone})
	}
	for _, cell := range c.cells {
		c.width = max(c.width, widthOf(cell.text))
	}
	return c
}

func (t *text) page(p *page) {
	t.labels = 0
	if p.isOneArm {
		t.labels = len(result.ScheduleLag)
	}
	t.verdict(p)
	t.line()
	for _, l := range fill(abridged(p.ran), " · ", width) {
		t.line(l)
	}
	if p.purpose != "" {
		t.sentence("", p.purpose, quiet)
	}
	if len(p.answers) > 0 {
		t.line()
		for _, n := range p.answers {
			t.sentence("", n.text, n.tone)
		}
	}
	for _, table := range p.tables {
		t.line()
		t.table(table)
	}
	if len(p.checks) > 0 {
		t.line()
		t.checks(p)
	}
	if len(p.notes) > 0 {
		t.line()
		t.notes("! ", p.notes)
	}
	if p.saved.Path != "" {
		t.line()
		t.line(t.paint("result", styleHead), gap, clean(p.saved.Path))
		for _, path := range p.saved.Reports {
			t.line(t.paint("report", styleHead), gap, clean(path))
		}
	}
}

// abridged makes each fact fit into a line.
func abridged(facts []string) (all []string) {
	for _, f := range facts {
		all = append(all, abridge(f, width))
	}
	return all
}

func (t *text) verdict(p *page) {
	word := strings.ToUpper(string(p.verdict))
	indent := strings.Repeat(" ", len(word)+len(gap))
	lines := wrap(p.reason, width-len(indent))
	t.line(t.paint(word, verdictStyles[p.verdict]), gap, lines[0])
	for _, l := range lines[1:] {
		t.line(indent, l)
	}
}

// table writes a table, in several parts below each other if it is too wide. One grid for all tables would look calmer, and be
// wider still.
func (t *text) table(table table) {
	labels := table.labels()
	labelled := t.labels
	for _, l := range labels {
		labelled = max(labelled, widthOf(l))
	}
	var columns []column
	for i := range table.columns {
		columns = append(columns, table.column(i))
	}
	for isFirst := true; isFirst || len(columns) > 0; isFirst = false {
		if !isFirst {
			t.line()
		}
		n := fitting(columns, width-labelled)
		t.part(table, labels, labelled, columns[:n], n == len(columns))
		columns = columns[n:]
	}
	for _, n := range table.foot {
		t.sentence(footMarks[n.tone], n.text, n.tone)
	}
}

// footMarks stand before what is said at the foot of a table.
var footMarks = map[tone]string{normal: "  ", quiet: "  ", doubt: "  ! ", bad: "  ! "}

// fitting says how many columns can be shown beside each other, one at least if there are any.
func fitting(columns []column, room int) (n int) {
	for ; n < len(columns); n++ {
		room -= len(gap) + columns[n].width
		if room < 0 && n > 0 {
			break
		}
	}
	return n
}

// part writes some columns of a table. What is said of a row stands below the last of them.
func (t *text) part(table table, labels []string, labelled int, columns []column, isLast bool) {
	for i, label := range labels {
		style := styleNone
		if i == 0 {
			style = styleHead
		}
		t.write(t.paint(pad(label, labelled), style))
		for _, c := range columns {
			shown := c.cells[i]
			t.write(gap, strings.Repeat(" ", c.width-widthOf(shown.text)), t.paint(shown.text, toneStyles[shown.tone]))
		}
		t.line()
		if i > 0 && isLast {
			t.beneath(table.rows[i-1])
		}
	}
}

// beneath writes what a row says besides its figures.
func (t *text) beneath(r row) {
	where, trace := r.where, r.trace.String()
	if both := where + gap + trace; where != "" && trace != "" && widthOf(gap+both) <= width {
		where, trace = both, ""
	}
	if where != "" {
		t.sentence(gap, where, quiet)
	}
	if trace != "" {
		t.line(gap, t.paint(trace, styleQuiet))
	}
	t.notes("  ! ", r.notes)
}

func (t *text) checks(p *page) {
	const heading = "threshold"
	labels, wide := make([]string, len(p.checks)), len(heading)-markWidth
	for i, c := range p.checks {
		labels[i] = abridge(c.label(p.isOneArm), longestLabel)
		wide = max(wide, widthOf(labels[i]))
	}
	indent := markWidth + wide + len(gap)
	t.line(t.paint(pad(heading, markWidth+wide), styleHead), gap, t.paint("measured", styleQuiet))
	for i, c := range p.checks {
		mark, style := "✓", styleGood
		if !c.ok {
			mark, style = "✗", styleBad
		}
		measured := wrap(c.actual, max(width-indent, leastRoom))
		t.line(t.paint(mark, style), " ", pad(labels[i], wide), gap, t.paint(measured[0], style))
		for _, l := range measured[1:] {
			t.line(strings.Repeat(" ", indent), t.paint(l, style))
		}
	}
}

// leastRoom is how much of a line a sentence beside something else gets.
const leastRoom = 28

// label is a threshold with the arm it judges, where there are several.
func (c check) label(isOneArm bool) string {
	if isOneArm || c.arm == "" {
		return c.text
	}
	return c.arm + " " + c.text
}

func (t *text) notes(mark string, notes []note) {
	for _, n := range notes {
		t.sentence(mark, n.text, n.tone)
	}
}

// sentence writes words after a mark, in as many lines as they need.
func (t *text) sentence(mark, words string, tone tone) {
	for i, l := range wrap(words, width-len(mark)) {
		if i > 0 {
			mark = strings.Repeat(" ", len(mark))
		}
		t.line(t.paint(mark+l, toneStyles[tone]))
	}
}

func (t *text) line(parts ...string) {
	t.write(parts...)
	t.write("\n")
}

func (t *text) write(parts ...string) {
	for _, s := range parts {
		_, _ = t.w.WriteString(s)
	}
}

// Styles are the parameters of the terminal's "select graphic rendition" sequence (ECMA-48, section 8.3.117).
const (
	styleNone  = ""
	styleHead  = "1"
	styleQuiet = "2"
	styleGood  = "32"
	styleDoubt = "33"
	styleBad   = "31"
)

var toneStyles = map[tone]string{normal: styleNone, quiet: styleQuiet, doubt: styleDoubt, bad: styleBad}

var verdictStyles = map[result.Verdict]string{
	result.Pass:        styleHead + ";" + styleGood,
	result.Fail:        styleHead + ";" + styleBad,
	result.Invalid:     styleHead + ";" + styleDoubt,
	result.Interrupted: styleHead + ";" + styleDoubt,
}

// paint puts s in a style if there are colours.
func (t *text) paint(s, style string) string {
	if !t.color || style == styleNone || s == "" {
		return s
	}
	return "\x1b[" + style + "m" + s + "\x1b[0m"
}

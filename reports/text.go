package reports

import (
	"bufio"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"mqttrace/load/result"
)

// TextOptions say where a text is going. The zero value suits a pipe.
type TextOptions struct {
	// Color marks what matters with terminal colours.
	Color bool
	// SavedAs is the path of the result file, shown in the last line; empty for none.
	SavedAs string
}

// Text writes r to w as a screen of plain text, or two if it compares arms: the verdict, what ran, the figures with their
// warnings, the thresholds. Lines are at most 80 columns wide as long as names and counts are of a reasonable length.
func Text(w io.Writer, r *result.Result, opts TextOptions) error {
	p := newPage(r, opts.SavedAs)
	t := &text{w: bufio.NewWriter(w), color: opts.Color}
	if p.isOneArm {
		t.labels = utf8.RuneCountInString(result.ScheduleLag)
	}
	t.page(p)
	return t.w.Flush()
}

// width is where sentences are wrapped.
const width = 80

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

// labelWidth is that of a table's first column.
func (t table) labelWidth() int {
	widest := utf8.RuneCountInString(t.name)
	for _, r := range t.rows {
		widest = max(widest, utf8.RuneCountInString(r.label))
	}
	return widest
}

// widths are those of a table's columns, the labels' left out. One grid for all tables would look calmer, and be too wide.
func (t table) widths() []int {
	widths := make([]int, len(t.columns))
	for i, c := range t.columns {
		widths[i] = utf8.RuneCountInString(c)
		for _, r := range t.rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(r.cells[i].text))
		}
	}
	return widths
}

func (t *text) page(p *page) {
	t.verdict(p)
	t.line()
	for _, l := range fill(p.ran, " · ", width) {
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
	if p.savedAs != "" {
		t.line()
		t.line(t.paint("result", styleHead), gap, p.savedAs)
	}
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

func (t *text) table(table table) {
	labels, widths := max(t.labels, table.labelWidth()), table.widths()
	for from := 0; from < len(widths) || from == 0; {
		if from > 0 {
			t.line()
		}
		until := fitting(widths, from, width-labels)
		t.columns(table, labels, widths, from, until)
		from = max(until, 1)
	}
	for _, n := range table.foot {
		t.sentence(footMarks[n.tone], n.text, n.tone)
	}
}

// footMarks stand before what is said at the foot of a table.
var footMarks = map[tone]string{normal: "  ", quiet: "  ", doubt: "  ! ", bad: "  ! "}

// fitting says up to which column a table can be shown beside each other, one column at least; the others go below.
func fitting(widths []int, from, room int) (until int) {
	for until = from; until < len(widths); until++ {
		room -= len(gap) + widths[until]
		if room < 0 && until > from {
			break
		}
	}
	return until
}

// columns writes some columns of a table. What is said of a row stands below the last of them.
func (t *text) columns(table table, labels int, widths []int, from, until int) {
	t.cellLeft(table.name, labels, styleHead)
	for i := from; i < until; i++ {
		t.cellRight(table.columns[i], widths[i], styleQuiet)
	}
	t.line()
	for _, r := range table.rows {
		t.cellLeft(r.label, labels, styleNone)
		for i := from; i < until; i++ {
			t.cellRight(r.cells[i].text, widths[i], toneStyles[r.cells[i].tone])
		}
		t.line()
		if until < len(widths) {
			continue
		}
		if r.where != "" {
			t.line(gap, t.paint(strings.Map(visible, r.where), styleQuiet))
		}
		t.notes("  ! ", r.notes)
	}
}

func (t *text) checks(p *page) {
	const heading = "threshold"
	wide := len(heading) - markWidth
	for _, c := range p.checks {
		wide = max(wide, utf8.RuneCountInString(c.label(p.isOneArm)))
	}
	t.line(t.paint(pad(heading, markWidth+wide), styleHead), gap, t.paint("measured", styleQuiet))
	for _, c := range p.checks {
		mark, style := "✓", styleGood
		if !c.ok {
			mark, style = "✗", styleBad
		}
		t.line(t.paint(mark, style), " ", pad(c.label(p.isOneArm), wide), gap, t.paint(c.actual, style))
	}
}

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
	for _, s := range parts {
		_, _ = t.w.WriteString(s)
	}
	_ = t.w.WriteByte('\n')
}

func (t *text) cellLeft(s string, width int, style string) {
	_, _ = t.w.WriteString(t.paint(pad(s, width), style))
}

func (t *text) cellRight(s string, width int, style string) {
	_, _ = t.w.WriteString(gap + strings.Repeat(" ", width-utf8.RuneCountInString(s)) + t.paint(s, style))
}

// pad fills s up with spaces on its right.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

// wrap breaks words into lines of at most width runes, longer words excepted; there is always one line.
func wrap(words string, width int) []string {
	return fill(strings.FieldsFunc(words, isBreak), " ", width)
}

// isBreak says where a line may end: at any space but the one that is there to keep words together.
func isBreak(r rune) bool { return unicode.IsSpace(r) && string(r) != noBreak }

// fill puts parts into lines of at most width runes, longer parts excepted; there is always one line. Parts may be a
// broker's words, so whatever could steer a terminal is taken out.
func fill(parts []string, between string, width int) []string {
	lines := []string{""}
	for _, part := range parts {
		part = strings.Map(visible, part)
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = part
		case utf8.RuneCountInString(*last+between+part) <= width:
			*last += between + part
		default:
			lines = append(lines, part)
		}
	}
	return lines
}

func visible(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case unicode.IsControl(r):
		return utf8.RuneError
	default:
		return r
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

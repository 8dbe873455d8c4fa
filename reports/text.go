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

// Text writes r to w as one screen of plain text: the verdict, what ran, the figures with their warnings, the thresholds.
// Lines are at most 100 columns wide as long as names and counts are of a reasonable length.
func Text(w io.Writer, r *result.Result, opts TextOptions) error {
	p := newPage(r, opts.SavedAs)
	t := &text{w: bufio.NewWriter(w), color: opts.Color, widths: measure(p)}
	t.page(p)
	return t.w.Flush()
}

// width is where sentences are wrapped.
const width = 100

// gap is the room between two columns.
const gap = "  "

// text lays a page out in columns. Errors are the writer's to keep until it is flushed.
type text struct {
	w      *bufio.Writer
	color  bool
	widths []int // of the columns, the labels' first; all tables share them so that figures line up down the page
}

// measure finds the widths that let every table of a page share one grid.
func measure(p *page) []int {
	var widths []int
	fit := func(column int, s string) {
		if column == len(widths) {
			widths = append(widths, 0)
		}
		widths[column] = max(widths[column], utf8.RuneCountInString(s))
	}
	for _, t := range p.tables {
		fit(0, t.name)
		for i, c := range t.columns {
			fit(i+1, c)
		}
		for _, r := range t.rows {
			fit(0, r.label)
			for i, c := range r.cells {
				fit(i+1, c.text)
			}
		}
	}
	return widths
}

func (t *text) page(p *page) {
	t.verdict(p)
	t.line()
	t.sentence("", strings.Join(p.ran, " · "), normal)
	if p.purpose != "" {
		t.sentence("", p.purpose, quiet)
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
	t.cellLeft(table.name, t.widths[0], styleHead)
	for i, c := range table.columns {
		t.cellRight(c, t.widths[i+1], styleQuiet)
	}
	t.line()
	for _, r := range table.rows {
		t.cellLeft(r.label, t.widths[0], styleNone)
		for i, c := range r.cells {
			t.cellRight(c.text, t.widths[i+1], toneStyles[c.tone])
		}
		t.line()
		t.notes("  ! ", r.notes)
	}
}

func (t *text) checks(p *page) {
	wide := 0
	for _, c := range p.checks {
		wide = max(wide, utf8.RuneCountInString(c.label(p.isOneArm)))
	}
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

// wrap breaks words into lines of at most width runes, longer words excepted; there is always one line. Words may be a
// broker's, so whatever could steer a terminal is taken out.
func wrap(words string, width int) []string {
	lines := []string{""}
	for _, word := range strings.Fields(strings.Map(visible, words)) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case utf8.RuneCountInString(*last)+1+utf8.RuneCountInString(word) <= width:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}

func visible(r rune) rune {
	if unicode.IsControl(r) && !unicode.IsSpace(r) {
		return utf8.RuneError
	}
	return r
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

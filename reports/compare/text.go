package compare

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"mqttrace/reports"
)

// TextOptions say where a text is going. The zero value suits a pipe.
type TextOptions struct {
	// Color marks what matters with terminal colours.
	Color bool
}

// width is how many columns a text takes at most, paths of files apart.
const width = 100

// Text writes c to w as plain text: the verdict, what was compared, the figures of each arm, and what there is to doubt.
func Text(w io.Writer, c *Comparison, opts TextOptions) error {
	t := &text{w: bufio.NewWriter(w), color: opts.Color}
	t.verdict(c)
	t.line()
	t.sides(c)
	var shown []column
	for i := range c.Arms {
		t.line()
		shown = t.arm(c, &c.Arms[i])
	}
	t.line()
	t.sentence("  ", strings.Join(legend(c, shown), "; "), styleQuiet)
	t.doubts(c)
	return t.w.Flush()
}

// text writes lines. Errors are the writer's to keep until it is flushed.
type text struct {
	w     *bufio.Writer
	color bool
}

// Styles are parameters of the terminal's "select graphic rendition" sequence.
const (
	styleHead  = "1"
	styleQuiet = "2"
	styleBad   = "31"
	styleGood  = "32"
	styleDoubt = "33"
)

var styles = map[Verdict]string{Regressed: styleBad, Improved: styleGood, Same: styleQuiet, Inconclusive: styleDoubt}

func (t *text) paint(s, style string) string {
	if !t.color || style == "" {
		return s
	}
	return reports.Paint(s, style)
}

func (t *text) line(parts ...string) {
	for _, p := range parts {
		_, _ = t.w.WriteString(p)
	}
	_ = t.w.WriteByte('\n')
}

// sentence writes words after a mark, in as many lines as they need.
func (t *text) sentence(mark, words, style string) {
	for i, l := range reports.Wrap(reports.Legible(words), width-reports.WidthOf(mark)) {
		if i > 0 {
			mark = strings.Repeat(" ", reports.WidthOf(mark))
		}
		t.line(t.paint(mark+l, style))
	}
}

func (t *text) verdict(c *Comparison) {
	word := strings.ToUpper(string(c.Verdict))
	indent := len(word) + 2
	for i, l := range reports.Wrap(reports.Legible(c.Reason), width-indent) {
		if i == 0 {
			t.line(t.paint(word, styleHead+";"+styles[c.Verdict]), "  ", l)
			continue
		}
		t.line(strings.Repeat(" ", indent), l)
	}
}

// labelWidth is that of the words before facts.
const labelWidth = 10

func (t *text) fact(label, words string) {
	t.sentence(fmt.Sprintf("%-*s", labelWidth, label), words, "")
}

func (t *text) sides(c *Comparison) {
	if c.Scenario != "" {
		t.fact("scenario", c.Scenario)
	}
	for _, s := range c.sides() {
		t.fact(s.name, strings.Join(s.facts(), " · "))
	}
	if len(c.Gates) > 0 {
		t.fact("gates", strings.Join(c.Gates, ", "))
	}
	for i, u := range c.Unlike {
		label := ""
		if i == 0 {
			label = "unlike"
		}
		t.fact(label, u.String())
	}
}

// doubts says what the figures cannot tell, and what is not in them.
func (t *text) doubts(c *Comparison) {
	all := c.doubts()
	if len(all) > 0 {
		t.line()
	}
	for _, d := range all {
		t.sentence("! ", d, styleDoubt)
	}
}

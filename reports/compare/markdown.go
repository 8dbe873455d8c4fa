package compare

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"mqttrace/reports"
)

// markdownMark begins what Markdown writes. It is not seen, and finds the comment that a later comparison is to replace.
const markdownMark = "<!-- mqttrace comparison -->"

// symbols show verdicts to those who do not read on.
var symbols = map[Verdict]string{Regressed: "❌", Improved: "✅", Same: "✅", Inconclusive: "⚠️"}

// Markdown writes c to w for a comment on a pull request or a CI job's summary, in GitHub's dialect: the verdict, what was
// compared, and the figures that matter; all others are folded in. Names cannot become markup, links, mentions or references.
func Markdown(w io.Writer, c *Comparison) error {
	m := &markdown{bufio.NewWriter(w)}
	title := "comparison"
	if c.Scenario != "" {
		title = c.Scenario
	}
	m.paragraph(markdownMark)
	m.paragraph(fmt.Sprintf("## %s %s · %s", symbols[c.Verdict], strings.ToUpper(string(c.Verdict)), reports.Inline(title)))
	m.paragraph(reports.Inline(c.Reason) + ".")
	m.sides(c)
	for i := range c.Arms {
		m.arm(c, &c.Arms[i])
	}
	m.doubts(c)
	m.fold("How to read this", func() {
		for _, line := range legend(c, columns) {
			_, _ = m.WriteString("- " + reports.Inline(line) + "\n")
		}
		m.paragraph()
	})
	return m.Flush()
}

// markdown writes paragraphs. Errors are the writer's to keep until it is flushed.
type markdown struct{ *bufio.Writer }

// paragraph writes lines and an empty one.
func (m *markdown) paragraph(lines ...string) {
	for _, l := range lines {
		_, _ = m.WriteString(l + "\n")
	}
	_, _ = m.WriteString("\n")
}

func (m *markdown) fold(summary string, content func()) {
	m.paragraph("<details><summary>" + summary + "</summary>")
	content()
	m.paragraph("</details>")
}

func (m *markdown) sides(c *Comparison) {
	for _, s := range c.sides() {
		_, _ = m.WriteString("- **" + s.name + "**: " + reports.Inline(strings.Join(s.facts(), " · ")) + "\n")
	}
	if len(c.Gates) > 0 {
		_, _ = m.WriteString("- **gates**: " + reports.Inline(strings.Join(c.Gates, ", ")) + "\n")
	}
	for _, u := range c.Unlike {
		_, _ = m.WriteString("- **unlike**: " + reports.Inline(u.String()) + "\n")
	}
	m.paragraph()
}

// arm shows the figures that decide or stand out, and folds the others in.
func (m *markdown) arm(c *Comparison, a *Arm) {
	if len(c.Arms) > 1 {
		m.paragraph("### arm " + reports.Inline(a.Name))
	}
	first, others := a.telling()
	m.table(first)
	if len(others) > 0 {
		m.fold(reports.Plural(len(others), "more figure"), func() { m.table(others) })
	}
}

func (m *markdown) table(figures []*Figure) {
	if len(figures) == 0 {
		return
	}
	head, rule := "| figure |", "|---|"
	for _, col := range columns {
		head += " " + reports.Inline(col.heading) + " |"
		rule += map[bool]string{true: "---|", false: "---:|"}[col.isLast()]
	}
	lines := []string{head, rule}
	for _, f := range figures {
		line := "| " + reports.Inline(f.Label+f.mark()) + " |"
		for _, col := range columns {
			cell := reports.Inline(col.cell(f))
			if col.isLast() && f.Verdict != Same {
				cell = symbols[f.Verdict] + " " + cell
			}
			line += " " + cell + " |"
		}
		lines = append(lines, line)
	}
	m.paragraph(lines...)
	m.reasons(figures)
}

// reasons stand below a table, whose cells have no room for them.
func (m *markdown) reasons(figures []*Figure) {
	isAny := false
	for _, f := range figures {
		if f.Reason != "" {
			_, _ = m.WriteString("- " + symbols[f.Verdict] + " " + reports.Inline(f.Label+": "+f.Reason) + "\n")
			isAny = true
		}
	}
	if isAny {
		m.paragraph()
	}
}

func (m *markdown) doubts(c *Comparison) {
	for _, d := range c.doubts() {
		_, _ = m.WriteString("- ⚠️ " + reports.Inline(d) + "\n")
	}
	if len(c.doubts()) > 0 {
		m.paragraph()
	}
}

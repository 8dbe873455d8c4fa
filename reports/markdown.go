package reports

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"mqttrace/load/result"
)

const (
	// longTable is how many rows a table has that is shown at once; a longer one is opened by a click.
	longTable = 8
	// longestScenario bounds what is shown of a scenario, in bytes: a comment on GitHub has room for 65,536 characters.
	longestScenario = 8 << 10
)

// Markdown writes results to w for a CI job's summary or a comment on a pull request, in GitHub's dialect: the verdict, a sentence,
// the thresholds, the figures with their warnings; details are folded in. Of several results a table comes first, and those that
// passed are folded in as well. Names cannot become markup, links, mentions or references.
func Markdown(w io.Writer, all []Saved) error {
	m := &markdown{bufio.NewWriter(w)}
	m.paragraph(markdownMark)
	pages := make([]*page, len(all))
	for i, s := range all {
		pages[i] = newPage(s)
	}
	if len(pages) > 1 {
		m.overview(pages)
	}
	for _, p := range pages {
		if len(pages) == 1 {
			m.paragraph("## " + verdictLine(p))
			m.page(p)
			continue
		}
		m.fold(verdictLine(p), p.verdict != result.Pass, func() { m.page(p) })
	}
	return m.Flush()
}

// markdownMark begins what Markdown writes. It is not seen, and finds the comment that a later run is to replace.
const markdownMark = "<!-- mqttrace report -->"

// markdown lays pages out. Errors are the writer's to keep until it is flushed.
type markdown struct{ *bufio.Writer }

// symbols show verdicts to those who do not read on.
var symbols = map[result.Verdict]string{result.Pass: "✅", result.Fail: "❌", result.Invalid: "⚠️", result.Interrupted: "⏹️"}

// tonedMarks stand before what is said of figures.
var tonedMarks = map[tone]string{doubt: "⚠️ ", bad: "❌ "}

// verdictLine is the verdict on a result, with its name.
func verdictLine(p *page) string {
	return fmt.Sprintf("%s %s · %s", symbols[p.verdict], strings.ToUpper(string(p.verdict)), inline(abridge(p.title(), longestLabel)))
}

// paragraph writes lines and an empty one.
func (m *markdown) paragraph(lines ...string) {
	for _, l := range lines {
		_, _ = m.WriteString(l + "\n")
	}
	_ = m.WriteByte('\n')
}

// fold puts what content writes where a click opens it.
func (m *markdown) fold(summary string, isOpen bool, content func()) {
	open := ""
	if isOpen {
		open = " open"
	}
	m.paragraph("<details" + open + "><summary>" + summary + "</summary>")
	content()
	m.paragraph("</details>")
}

// overview is a table of several results.
func (m *markdown) overview(pages []*page) {
	passed := 0
	for _, p := range pages {
		if p.verdict == result.Pass {
			passed++
		}
	}
	symbol := symbols[result.Pass]
	if passed < len(pages) {
		symbol = symbols[result.Fail]
	}
	m.paragraph(fmt.Sprintf("## %s %d of %d runs passed", symbol, passed, len(pages)))
	m.rows(overview(pages))
}

// page writes a result, its verdict apart.
func (m *markdown) page(p *page) {
	if reason := strong(p.reason); reason != "" {
		m.paragraph(reason)
	}
	if p.summary != "" {
		m.paragraph(inline(p.summary))
	}
	for _, n := range p.answers {
		m.paragraph(atLineStart(tonedMarks[n.tone] + inline(n.text)))
	}
	m.facts(p)
	m.checks(p)
	for _, t := range p.tables {
		m.table(t)
	}
	m.list(items(p.notes, ""))
	m.scenario(p)
	if p.saved.Path != "" {
		m.paragraph("Result file: " + code(p.saved.Path))
	}
}

func (m *markdown) facts(p *page) {
	m.paragraph(joined(p.ran))
	if purpose := inline(p.purpose); purpose != "" {
		m.paragraph(atLineStart(purpose))
	}
}

// joined makes one line of facts.
func joined(facts []string) string {
	var all []string
	for _, f := range facts {
		all = append(all, inline(abridge(f, width)))
	}
	return atLineStart(strings.Join(all, " · "))
}

func (m *markdown) checks(p *page) {
	if len(p.checks) == 0 {
		return
	}
	lines := []string{"| threshold | measured | |", "|:--|--:|:-:|"}
	for _, c := range p.checks {
		symbol := symbols[result.Pass]
		if !c.ok {
			symbol = symbols[result.Fail]
		}
		lines = append(lines, cellsOf(code(abridge(c.label(p.isOneArm), width)), inline(c.actual), symbol))
	}
	m.paragraph(lines...)
}

// table writes a table with what is said of it, folded in if it is long or looked up rather than read.
func (m *markdown) table(t table) {
	if !t.isDetail && len(t.rows) <= longTable {
		m.rows(t)
		return
	}
	m.fold(inline(abridge(t.name, longestLabel)), t.isDoubted(), func() { m.rows(t) })
}

// isDoubted says whether there is something about a table that nobody may miss.
func (t table) isDoubted() bool {
	for _, n := range t.foot {
		if tonedMarks[n.tone] != "" {
			return true
		}
	}
	for _, r := range t.rows {
		if len(r.notes) > 0 {
			return true
		}
	}
	return false
}

// rows writes a table as it is. Notes stand below it, with the label of their row, if there are several.
func (m *markdown) rows(t table) {
	if len(t.rows) > 0 {
		m.paragraph(t.grid()...)
	}
	var said, explained []string
	for _, r := range t.rows {
		about := ""
		if len(t.rows) > 1 {
			about = strong(abridge(strings.TrimSpace(r.group+" "+r.label), longestLabel)) + ": "
		}
		said = append(said, items(r.notes, about)...)
	}
	for _, n := range t.foot {
		if tonedMarks[n.tone] != "" {
			said = append(said, items([]note{n}, "")...)
		} else {
			explained = append(explained, inline(n.text))
		}
	}
	m.list(said)
	if len(explained) > 0 {
		m.paragraph("<sub>" + strings.Join(explained, "<br>") + "</sub>")
	}
}

// grid is a table in lines: figures to the right, what else there is in columns of their own.
func (t table) grid() []string {
	x := t.extras()
	head, rule := []string{inline(abridge(t.name, longestLabel))}, []string{":--"}
	if x.group {
		head, rule = append(head, ""), append(rule, ":--")
	}
	for _, c := range t.columns {
		head, rule = append(head, inline(abridge(c, longestCell))), append(rule, "--:")
	}
	if x.where {
		head, rule = append(head, ""), append(rule, ":--")
	}
	if x.trace {
		head, rule = append(head, "trace"), append(rule, ":--")
	}
	lines := []string{cellsOf(head...), "|" + strings.Join(rule, "|") + "|"}
	above := ""
	for _, r := range t.rows {
		lines = append(lines, cellsOf(r.line(x, above)...))
		above = r.group
	}
	return lines
}

// extras are the columns that only some tables have.
type extras struct{ group, where, trace bool }

func (t table) extras() (x extras) {
	for _, r := range t.rows {
		x.group = x.group || r.group != ""
		x.where = x.where || r.where != ""
		x.trace = x.trace || r.trace.id != ""
	}
	return x
}

// line is a row in cells that are Markdown; above is the group of the row above.
func (r row) line(x extras, above string) (all []string) {
	if x.group {
		group := inline(abridge(r.group, longestLabel))
		if r.group == above {
			group = ""
		}
		all = append(all, group)
	}
	label := inline(abridge(r.label, longestLabel))
	if len(r.notes) > 0 {
		label += " " + strings.TrimSpace(tonedMarks[worstOfNotes(r.notes)])
	}
	all = append(all, label)
	for _, c := range r.cells {
		text := abridge(c.text, longestCell)
		if c.tone == bad {
			all = append(all, strong(text))
		} else {
			all = append(all, inline(text))
		}
	}
	if x.where {
		all = append(all, inline(abridge(r.where, width)))
	}
	if x.trace {
		all = append(all, r.trace.markdown())
	}
	return all
}

func worstOfNotes(notes []note) (worst tone) {
	for _, n := range notes {
		worst = max(worst, n.tone)
	}
	return worst
}

// markdown is a link if there is something to show the trace, else its id.
func (t trace) markdown() string {
	switch {
	case t.url != "":
		return link(t.id, t.url)
	case t.id != "":
		return code(t.id)
	}
	return ""
}

// items makes notes items of a list.
func items(notes []note, about string) (lines []string) {
	for _, n := range notes {
		lines = append(lines, "- "+tonedMarks[n.tone]+about+inline(n.text))
	}
	return lines
}

func (m *markdown) list(items []string) {
	if len(items) > 0 {
		m.paragraph(items...)
	}
}

// scenario writes the scenario as it ran, and on what.
func (m *markdown) scenario(p *page) {
	text := scenarioText(p.saved.Scenario)
	if text == "" {
		return
	}
	m.fold("the scenario as it ran, and where", false, func() {
		shown, isCut := block(text, "yaml", longestScenario)
		m.paragraph(shown)
		if isCut {
			m.paragraph("<sub>The rest of it is in the result file.</sub>")
		}
		m.paragraph(joined(machine(p.saved.Environment)))
	})
}

// cellsOf is a line of a table.
func cellsOf(cells ...string) string { return "| " + strings.Join(cells, " | ") + " |" }

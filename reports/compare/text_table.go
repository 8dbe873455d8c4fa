package compare

import (
	"strings"

	"mqttrace/reports"
)

// families are figures under one heading: the latencies by name, and all others.
func families(figures []*Figure) (all []family) {
	for _, f := range figures {
		name, label := split(f)
		if len(all) == 0 || all[len(all)-1].name != name {
			all = append(all, family{name: name})
		}
		last := &all[len(all)-1]
		last.rows = append(last.rows, row{label + f.mark(), f})
	}
	return all
}

type family struct {
	name string
	rows []row
}

type row struct {
	label string
	*Figure
}

// mark tells figures that a gate names.
func (f *Figure) mark() string {
	if f.Gate == "" {
		return ""
	}
	return gateMark
}

const gateMark = " *"

// split takes the name of a latency off a figure's label.
func split(f *Figure) (family, label string) {
	latency, _, _ := strings.Cut(f.Name, ".")
	if rest, ok := strings.CutPrefix(f.Label, latency+" "); ok && f.Unit == Nanoseconds {
		return latency, rest
	}
	return "others", f.Label
}

// arm writes the figures of an arm: of several arms those that stand out. It returns the columns that there was room for.
func (t *text) arm(c *Comparison, a *Arm) []column {
	figures, others := a.telling()
	if len(c.Arms) == 1 {
		figures, others = pointersTo(a.Figures), nil
	}
	heading := reports.Abridge("arm "+reports.Legible(a.Name), longestLabel)
	groups, labels := families(figures), reports.WidthOf(heading)
	for _, g := range groups {
		for _, r := range g.rows {
			labels = max(labels, reports.WidthOf("  "+r.label))
		}
	}
	shown, widths := fitting(figures, width-labels)
	t.cells(t.paint(pad(heading, labels), styleHead), shown, widths, column.title, column.titleStyle)
	for _, g := range groups {
		t.line(g.name)
		for _, r := range g.rows {
			t.cells(pad("  "+r.label, labels), shown, widths, r.cell, r.style)
			if r.Reason != "" {
				t.sentence("    ! ", r.Reason, styleDoubt)
			}
		}
	}
	t.others(others)
	return shown
}

// longestLabel leaves room for the columns.
const longestLabel = 32

// others counts the figures that are not shown, by verdict.
func (t *text) others(figures []*Figure) {
	if len(figures) > 0 {
		t.sentence("  ", "and others: "+countsOf(figures)+" (all are in the formats markdown, html and json)", styleQuiet)
	}
}

func pointersTo(figures []Figure) (pointers []*Figure) {
	for i := range figures {
		pointers = append(pointers, &figures[i])
	}
	return pointers
}

func (col column) title() string     { return col.heading }
func (column) titleStyle() string    { return styleQuiet }
func (r row) cell(col column) string { return col.cell(r.Figure) }

// style is that of a cell: the verdict stands out.
func (r row) style(col column) string {
	if col.isLast() {
		return styles[r.Verdict]
	}
	if r.Verdict == Same {
		return styleQuiet
	}
	return ""
}

// fitting chooses the columns that there is room for.
func fitting(figures []*Figure, room int) (shown []column, widths map[string]int) {
	widths = map[string]int{}
	for _, col := range columns {
		widths[col.heading] = reports.WidthOf(col.heading)
		for _, f := range figures {
			widths[col.heading] = max(widths[col.heading], reports.WidthOf(col.cell(f)))
		}
	}
	for most := lastRank; ; most-- {
		shown, used := columnsUpTo(most, widths)
		if used <= room || most == 0 {
			return shown, widths
		}
	}
}

func columnsUpTo(rank int, widths map[string]int) (shown []column, used int) {
	for _, col := range columns {
		if col.rank <= rank {
			shown = append(shown, col)
			used += 2 + widths[col.heading]
		}
	}
	return shown, used
}

// cells writes a row: figures to the right, the verdict, which is the last, to the left.
func (t *text) cells(label string, shown []column, widths map[string]int, text func(column) string, style func(column) string) {
	parts := []string{label}
	for i, col := range shown {
		cell := text(col)
		padding := strings.Repeat(" ", widths[col.heading]-reports.WidthOf(cell))
		if i == len(shown)-1 {
			parts = append(parts, "  ", t.paint(cell, style(col)))
			continue
		}
		parts = append(parts, "  ", padding, t.paint(cell, style(col)))
	}
	t.line(parts...)
}

func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-reports.WidthOf(s)))
}

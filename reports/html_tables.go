package reports

import (
	"math"
	"strings"

	"mqttrace/load/result"
	"mqttrace/reports/internal/web"
)

var webTones = map[tone]web.Tone{normal: web.Normal, quiet: web.Quiet, doubt: web.Doubt, bad: web.Bad}

func webNotes(notes []note) (all []web.Note) {
	for _, n := range notes {
		all = append(all, web.Note{Text: n.text, Tone: webTones[n.tone]})
	}
	return all
}

// fragmentName is a topic as part of the name of an element.
func fragmentName(topic string) string {
	return strings.NewReplacer(" ", "-", "/", "-").Replace(topic)
}

// webTable lays a table of a page out for a browser: groups are rows of their own, and traces have a column.
func webTable(t table) web.Table {
	w := web.Table{Caption: t.name, Columns: append([]string{t.name}, t.columns...), Foot: webNotes(t.foot)}
	hasTraces := false
	for _, r := range t.rows {
		hasTraces = hasTraces || r.trace != trace{}
	}
	if hasTraces {
		w.Columns = append(w.Columns, "trace")
	}
	above := ""
	for _, r := range t.rows {
		row := web.Row{Label: r.label, Sub: r.where, Notes: webNotes(r.notes)}
		if r.group != above {
			row.Group, above = r.group, r.group
		}
		for _, c := range r.cells {
			row.Cells = append(row.Cells, web.Cell{Text: c.text, Tone: webTones[c.tone]})
		}
		if hasTraces {
			row.Cells = append(row.Cells, web.Cell{Text: r.trace.id, Link: r.trace.url, Code: true})
		}
		w.Rows = append(w.Rows, row)
	}
	return w
}

// overheadTable has a row for each figure and pair of arms, with the interval drawn. Those of one figure share a scale.
func overheadTable(t table) web.Table {
	w := web.Table{Caption: "differences between arms", Columns: []string{"figure", "difference", "95 % interval"}, Foot: webNotes(t.foot)}
	if len(t.rows) == 0 {
		return w
	}
	for _, r := range t.rows {
		scale := newScale(r.differences)
		for i, c := range r.cells {
			row := web.Row{Label: t.columns[i], Cells: []web.Cell{{Text: c.text, Tone: webTones[c.tone]}, {Bar: scale.bar(r.differences[i])}}}
			if i == 0 {
				row.Group = r.label
			}
			if i == len(r.cells)-1 {
				row.Notes = webNotes(r.notes)
			}
			w.Rows = append(w.Rows, row)
		}
	}
	return w
}

// scale is what the bars of one figure share.
type scale struct{ low, high float64 }

// barMargin is how much of the width is left free beside the longest bars.
const barMargin = 0.04

// newScale has room for all intervals, zero and the noise floor.
func newScale(differences []result.Difference) scale {
	var s scale
	for _, d := range differences {
		s.low = min(s.low, d.Low, d.Diff, -d.Floor)
		s.high = max(s.high, d.High, d.Diff, d.Floor)
	}
	margin := (s.high - s.low) * barMargin
	return scale{s.low - margin, s.high + margin}
}

// bar is nil where there is nothing to draw.
func (s scale) bar(d result.Difference) *web.Bar {
	if !(s.high > s.low) || math.IsInf(s.high-s.low, 0) || d.Figure == "" {
		return nil
	}
	at := func(v float64) float64 { return math.Round((v-s.low)/(s.high-s.low)*1e4) / 100 }
	b := &web.Bar{Zero: at(0), FloorLow: at(-d.Floor), FloorHigh: at(d.Floor), Low: at(d.Low), Middle: at(d.Diff), End: at(d.High)}
	if d.Detected {
		b.Tone = "found"
	}
	return b
}

// checks is the table of thresholds.
func (b *htmlBuilder) checks() web.Table {
	t := web.Table{Caption: "thresholds", Columns: []string{"threshold", "outcome", "measured", "arm"}}
	for _, c := range b.page.checks {
		outcome := web.Cell{Text: "✓ met", Tone: web.Good}
		if !c.ok {
			outcome = web.Cell{Text: "✗ missed", Tone: web.Bad}
		}
		t.Rows = append(t.Rows, web.Row{Label: c.text, Cells: []web.Cell{
			outcome, {Text: c.actual, Tone: outcome.Tone}, {Text: strings.TrimSuffix(c.arm, ":"), Tone: web.Quiet},
		}})
	}
	return t
}

// mostFlows is how many rows the table of flows has.
const mostFlows = 100

// flowTable breaks the ledger down; empty where that adds nothing.
func flowTable(arms []result.Arm) web.Table {
	t := web.Table{Caption: "delivery by senders and receivers", Columns: []string{"flow", "QoS", "shared", "expected", "received", "lost", "duplicated", "reordered"}}
	n, several := 0, false
	for _, a := range arms {
		several = several || len(a.Delivery.Flows) > 1
		for i, f := range a.Delivery.Flows {
			if n++; n > mostFlows {
				continue
			}
			row := flowRow(f, a.Delivery)
			if i == 0 && len(arms) > 1 {
				row.Group = clean(a.Name)
			}
			t.Rows = append(t.Rows, row)
		}
	}
	if !several {
		return web.Table{}
	}
	if n > mostFlows {
		t.Foot = []web.Note{{Text: "and " + Count(uint64(n-mostFlows)) + " more in the result file", Tone: web.Quiet}}
	}
	return t
}

func flowRow(f result.Flow, d result.Delivery) web.Row {
	shared := "no"
	if f.Shared {
		shared = "yes"
	}
	row := web.Row{Label: clean(f.Sender) + " → " + clean(f.Receiver), Cells: []web.Cell{
		{Text: Count(uint64(f.QoS))}, {Text: shared}, {Text: Count(f.Expected)}, {Text: Count(f.Received)},
	}}
	for _, n := range []uint64{f.Lost, f.Duplicated, f.Reordered} {
		c := fault(n, d)
		row.Cells = append(row.Cells, web.Cell{Text: c.text, Tone: webTones[c.tone]})
	}
	return row
}

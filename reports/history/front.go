package history

import (
	"fmt"
	"io"
	"slices"

	"mqttrace/reports/internal/web"
)

// Front writes the front page of a folder: what the newest run of each scenario came to on each broker, with links to its
// report and, if history is not empty, to the page that HTML writes.
func Front(w io.Writer, h *History, links Links, history string) error {
	page := web.Page{Title: "Newest runs"}
	places := h.places(links)
	for _, p := range places {
		page.Nav = append(page.Nav, web.Link{ID: p.ID, Text: p.Scenario + " · " + p.Broker, Tone: tones[p.newest().Verdict]})
	}
	return write(w, page, "front", view{History: h, Places: places, Back: history, links: links})
}

// card is what the front page says of a place.
type card struct {
	place
	Tone    web.Tone
	Verdict string
	Reason  string
	When    string
	Version string
	Machine string
	Report  string
	Result  string
	History string
	Figures web.Table
}

// Cards are those of all places.
func (v view) Cards() (all []card) {
	for _, p := range v.Places {
		r := p.newest()
		c := card{
			place: p, Tone: tones[r.Verdict], Verdict: string(r.Verdict), Reason: clean(r.Reason), When: minute(r.Started),
			Version: clean(r.Version), Machine: clean(r.Machine), Report: v.links.To(r.Page), Result: v.links.To(r.File),
			Figures: p.newestTable(),
		}
		if v.Back != "" {
			c.History = v.Back + "#" + p.ID
		}
		all = append(all, c)
	}
	return all
}

// newest is the newest run of a place.
func (p place) newest() Run {
	at := p.Arms[0].Series.newest()
	for _, a := range p.Arms[1:] {
		if r := a.Series.newest(); r.Started.After(at.Started) {
			at = r
		}
	}
	return at
}

// onTheFront are the figures that the front page has room for.
var onTheFront = []string{"response.p50", "response.p99", "response.p999", "delivery.lost", "cost.cpu_per_message", "cost.broker_cpu_per_message", found}

// newestTable has a row for each arm: the figures of its newest run, and how far they are off the median of those before.
func (p place) newestTable() web.Table {
	table := web.Table{ID: p.ID + "-newest", Caption: fmt.Sprintf("The newest run of %s on %s", p.Scenario, p.Broker), Columns: []string{""}}
	var shown []figure
	for _, f := range figures {
		if slices.Contains(onTheFront, f.name) && p.has(f) {
			shown = append(shown, f)
			table.Columns = append(table.Columns, f.title)
		}
	}
	for _, a := range p.Arms {
		row := web.Row{Label: a.Title}
		for _, f := range shown {
			row.Cells = append(row.Cells, a.newestCell(f))
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

func (p place) has(f figure) bool {
	for _, a := range p.Arms {
		if _, ok := a.Series.newest().Values[f.name]; ok {
			return true
		}
	}
	return false
}

func (a arm) newestCell(f figure) web.Cell {
	r := a.Series.newest()
	v, ok := r.Values[f.name]
	if !ok {
		return web.Cell{Text: none, Tone: web.Quiet}
	}
	text := f.write(v)
	for _, t := range a.Series.Trends {
		if t.Figure == f.name && t.Change != nil && t.Values[r.Point] != nil {
			text += " (" + t.change() + ")"
		}
	}
	return web.Cell{Text: text}
}

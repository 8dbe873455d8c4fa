package history

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"slices"
	"strings"
	"time"

	"mqttrace/load/result"
	"mqttrace/reports/internal/web"
)

//go:embed templates
var files embed.FS

var documents = template.Must(web.Templates().ParseFS(files, "templates/*.tmpl"))

// HTML writes h as a page in one file, which opens offline: a small plot of every figure of every series, run by run, with the
// runs in tables below, each with a link to its report where there is one.
func HTML(w io.Writer, h *History, links Links) error {
	page := web.Page{Title: "History", Plots: map[string]web.Plot{}}
	places := h.places(links)
	for _, place := range places {
		page.Nav = append(page.Nav, place.link())
		for _, arm := range place.Arms {
			for i, t := range arm.Series.Trends {
				page.Plots[arm.Figures[i].Plot] = arm.Series.plot(t, arm.ID)
			}
		}
	}
	return write(w, page, "history", view{History: h, Places: places, links: links})
}

// view is what the templates see.
type view struct {
	*History
	Places []place
	Back   string // where the history is, from the front page; empty if it is not there
	links  Links
}

// write makes the parts of a page from the templates of its name.
func write(w io.Writer, page web.Page, name string, v view) error {
	if err := page.Fill(documents, name+"-", v); err != nil {
		return err
	}
	return page.Write(w)
}

// place is one scenario on one broker.
type place struct {
	ID               string
	Scenario, Broker string
	Arms             []arm
}

// arm is a series with what a page shows of it.
type arm struct {
	ID      string
	Title   string
	Series  Series
	Figures []web.Figure
	Course  web.Table
	Runs    web.Table // the newest ones, the newest first
	Rest    web.Table // those before them
}

// places are the series of h by where they ran, ready to be shown.
func (h *History) places(links Links) (all []place) {
	for i, s := range h.Series {
		if last := len(all) - 1; last < 0 || all[last].Scenario != clean(s.Scenario) || all[last].Broker != clean(s.Broker) {
			all = append(all, place{ID: fmt.Sprintf("place-%d", len(all)+1), Scenario: clean(s.Scenario), Broker: clean(s.Broker)})
		}
		at := &all[len(all)-1]
		at.Arms = append(at.Arms, s.arm(fmt.Sprintf("series-%d", i+1), links))
	}
	return all
}

// link leads to a place and the arms of it.
func (p place) link() web.Link {
	l := web.Link{ID: p.ID, Text: p.Scenario + " · " + p.Broker}
	for _, a := range p.Arms {
		l.Sub = append(l.Sub, web.Link{ID: a.ID, Text: a.Title, Tone: tones[a.Series.newest().Verdict]})
	}
	return l
}

// tones are how loud a verdict is.
var tones = map[result.Verdict]web.Tone{result.Pass: web.Good, result.Fail: web.Bad, result.Invalid: web.Doubt, result.Interrupted: web.Doubt}

// shownRuns is how many runs stand in a table that is always open.
const shownRuns = 10

func (s Series) arm(id string, links Links) arm {
	a := arm{ID: id, Title: "tracing " + clean(s.Arm), Series: s, Course: s.courseTable(id)}
	if s.Arm == "" {
		a.Title = "runs"
	}
	for i, t := range s.Trends {
		a.Figures = append(a.Figures, web.Figure{Plot: fmt.Sprintf("%s-%d", id, i+1), Title: t.figure.title, Caption: t.caption()})
	}
	rows := s.runRows(links)
	a.Runs = s.runTable(id+"-runs", "The newest runs of "+s.name(), rows[:min(len(rows), shownRuns)])
	a.Rest = s.runTable(id+"-rest", "Earlier runs of "+s.name(), rows[len(a.Runs.Rows):])
	return a
}

// caption says in words what a plot shows.
func (t Trend) caption() template.HTML {
	switch {
	case t.Last == nil:
		return "in no run that counts"
	case t.Median == nil:
		return template.HTML(template.HTMLEscapeString(t.write(t.Last)))
	default:
		return template.HTML(template.HTMLEscapeString(fmt.Sprintf("%s, median before %s", t.write(t.Last), t.write(t.Median))))
	}
}

// courseTable has a row for each figure, as the text has.
func (s Series) courseTable(id string) web.Table {
	table := web.Table{ID: id + "-course", Caption: "Figures of " + s.name(), Columns: append([]string{"figure"}, headings...)}
	for _, t := range s.Trends {
		if t.points() == 0 {
			continue // every run that has it is in no figure
		}
		row := web.Row{Label: t.figure.title}
		for _, text := range t.cells() {
			row.Cells = append(row.Cells, web.Cell{Text: text})
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

// columnsOfRuns are the figures that the tables of runs show.
var columnsOfRuns = []string{"response.p50", "response.p99", "delivery.lost", found}

// runRows are the runs of s, the newest first.
func (s Series) runRows(links Links) (rows []web.Row) {
	trends := s.trendsOfRuns()
	for _, r := range slices.Backward(s.Runs) {
		row := web.Row{Label: strings.TrimSuffix(minute(r.Started), " UTC"), Cells: []web.Cell{{Text: string(r.Verdict), Tone: tones[r.Verdict]}}}
		for _, t := range trends {
			cell := web.Cell{Text: none, Tone: web.Quiet}
			if v, ok := r.Values[t.Figure]; ok {
				cell = web.Cell{Text: t.figure.write(v)}
			}
			row.Cells = append(row.Cells, cell)
		}
		row.Cells = append(row.Cells, web.Cell{Text: clean(r.Version)}, linked("report", links.To(r.Page)), linked("result", links.To(r.File)))
		if r.Reason != "" {
			row.Notes = append(row.Notes, web.Note{Text: clean(r.Reason), Tone: tones[r.Verdict]})
		}
		rows = append(rows, row)
	}
	return rows
}

// trendsOfRuns are those of the figures that the tables of runs show.
func (s Series) trendsOfRuns() (all []Trend) {
	for _, t := range s.Trends {
		if slices.Contains(columnsOfRuns, t.Figure) {
			all = append(all, t)
		}
	}
	return all
}

func linked(text, to string) web.Cell {
	if to == "" {
		return web.Cell{Text: none, Tone: web.Quiet}
	}
	return web.Cell{Text: text, Link: to}
}

func (s Series) runTable(id, caption string, rows []web.Row) web.Table {
	columns := []string{"run (UTC)", "verdict"}
	for _, t := range s.trendsOfRuns() {
		columns = append(columns, t.figure.title)
	}
	return web.Table{ID: id, Caption: caption, Columns: append(columns, "version", "report", "result"), Rows: rows}
}

// Describe says which runs the arm's series is made of.
func (a arm) Describe() []string { return a.Series.describe() }

// Summary says what the page was made of.
func (v view) Summary() []string { return summary(v.History) }

// Noted are the newest changes, the newest first, in words.
func (a arm) Noted() (all []string) {
	for _, c := range slices.Backward(newest(a.Series.Changes, mostMarks)) {
		what := "the scenario is another"
		if c.What != ChangedScenario {
			what = fmt.Sprintf("%s %s, before %s", c.What, orUnknown(c.To), orUnknown(c.From))
		}
		all = append(all, minute(c.At)+": "+clean(what))
	}
	return all
}

// Newest is when the newest run of all was.
func (v view) Newest() string {
	var at time.Time
	for _, s := range v.Series {
		if s.newest().Started.After(at) {
			at = s.newest().Started
		}
	}
	return minute(at)
}

// Left lists the files that were left out.
func (v view) Left() web.Table {
	table := web.Table{ID: "files", Caption: "Files that were left out", Columns: []string{"file", "why"}}
	for _, f := range v.LeftOut {
		table.Rows = append(table.Rows, web.Row{Label: clean(f.File), Cells: []web.Cell{{Text: clean(f.Reason)}}})
	}
	return table
}

package compare

import (
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"mqttrace/reports"
	"mqttrace/reports/internal/web"
)

//go:embed templates
var files embed.FS

var documents = template.Must(web.Templates().ParseFS(files, "templates/*.tmpl"))

// HTML writes c to w as a page in one file, which opens offline: the verdict, the figures of each arm with the values of every run
// and the difference drawn beside its interval, and what was compared. Nothing that a result holds can run in it.
func HTML(w io.Writer, c *Comparison) error {
	v := newView(c)
	page := web.Page{Title: v.Look.Word + " · " + v.Name + " · mqttrace", Nav: v.nav()}
	if err := page.Fill(documents, "compare-", v); err != nil {
		return err
	}
	return page.Write(w)
}

// view is what the templates see.
type view struct {
	*Comparison
	Name     string
	Look     look
	Doubts   []web.Note
	Sections []section
	Sides    []side
	Unlike   web.Table
	Reading  []term
}

// look is how a verdict is shown.
type look struct {
	Word string
	Tone web.Tone
	Icon string // path of an SVG of 24 by 24
}

var looks = map[Verdict]look{
	Regressed:    {"REGRESSED", web.Bad, "M7.8 2.5h8.4l5.3 5.3v8.4l-5.3 5.3H7.8l-5.3-5.3V7.8zM8.5 8.5l7 7M15.5 8.5l-7 7"},
	Improved:     {"IMPROVED", web.Good, "M12 2.5a9.5 9.5 0 1 0 0 19a9.5 9.5 0 1 0 0-19zM12 17V7M7.5 11.5L12 7l4.5 4.5"},
	Same:         {"SAME", web.Good, "M12 2.5a9.5 9.5 0 1 0 0 19a9.5 9.5 0 1 0 0-19zM7.5 10h9M7.5 14h9"},
	Inconclusive: {"INCONCLUSIVE", web.Doubt, "M12 3l9.5 17.5h-19zM12 9.5v5M12 17.4v.1"},
}

// section is the figures of an arm.
type section struct {
	ID, Title, Lead string
	First, Others   web.Table
	Summary         string
	IsOpen          bool
	Tone            web.Tone
}

// side is what ran on one side.
type side struct {
	Name  string
	Facts []term
	Files []string
}

// term is a word and what it means.
type term struct{ Term, Meaning string }

func newView(c *Comparison) *view {
	v := &view{Comparison: c, Name: cmp.Or(reports.Legible(c.Scenario), "comparison"), Look: looks[c.Verdict], Unlike: unlikeTable(c), Reading: reading(c)}
	for _, d := range c.doubts() {
		v.Doubts = append(v.Doubts, web.Note{Text: reports.Legible(d), Tone: web.Doubt})
	}
	for i := range c.Arms {
		v.Sections = append(v.Sections, newSection(c, i))
	}
	for _, s := range c.sides() {
		v.Sides = append(v.Sides, newSide(s))
	}
	return v
}

func (v *view) nav() []web.Link {
	var links []web.Link
	for _, s := range v.Sections {
		links = append(links, web.Link{ID: s.ID, Text: s.Title, Tone: s.Tone})
	}
	return append(links, web.Link{ID: "sides", Text: "What was compared"}, web.Link{ID: "reading", Text: "How to read this"})
}

func newSection(c *Comparison, i int) section {
	a := &c.Arms[i]
	first, others := a.telling()
	s := section{
		ID: fmt.Sprintf("arm-%d", i+1), Title: "Arm " + reports.Legible(a.Name), Summary: countsOf(others), IsOpen: len(c.Arms) == 1,
		Lead: "A dot is a run: base above, new below, with their medians. The bar is the difference with its 95 % interval; " +
			"what is shaded around zero is too small to matter, and the ends are three times that.",
	}
	s.First = tableOf("the figures that sum up "+s.Title, first)
	s.Others = tableOf("the other figures of "+s.Title, others)
	for _, f := range first {
		if f.Decides && looks[f.Verdict].Tone != web.Good {
			s.Tone = louder(s.Tone, looks[f.Verdict].Tone)
		}
	}
	return s
}

func louder(a, b web.Tone) web.Tone {
	if a == web.Bad {
		return a
	}
	return b
}

// tableOf has a row for each figure.
func tableOf(caption string, figures []*Figure) web.Table {
	t := web.Table{Caption: caption, Columns: []string{
		"figure", "verdict", "change [95 %]", "base", "new", "p", "interval", "runs", "effect", "floor", "matters", "difference",
	}}
	for _, f := range figures {
		row := web.Row{Label: reports.Legible(f.Label + f.mark()), Cells: []web.Cell{
			{Text: f.verdictText(), Tone: f.tone()}, {Text: f.shareText()}, {Text: f.Base.text(f.Unit)}, {Text: f.New.text(f.Unit)},
			{Text: f.pText()}, {Bar: f.bar()}, {Strip: f.strip()}, {Text: f.effectText(), Tone: web.Quiet},
			{Text: f.floorText(), Tone: web.Quiet}, {Text: f.sizeText(), Tone: web.Quiet}, {Text: f.differenceText(), Tone: web.Quiet},
		}}
		if f.Reason != "" {
			row.Notes = []web.Note{{Text: reports.Legible(f.Reason), Tone: noteTones[f.Verdict]}}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// tone is that of the verdict of a figure, which is quiet where nothing is to be seen.
func (f *Figure) tone() web.Tone {
	if f.Verdict == Same {
		return web.Quiet
	}
	return looks[f.Verdict].Tone
}

var noteTones = map[Verdict]web.Tone{Regressed: web.Bad, Inconclusive: web.Doubt, Improved: web.Normal, Same: web.Quiet}

func unlikeTable(c *Comparison) web.Table {
	t := web.Table{Caption: "what differs between the sides", Columns: []string{"what", "base", "new"}}
	for _, u := range c.Unlike {
		t.Rows = append(t.Rows, web.Row{Label: reports.Legible(u.title()), Cells: []web.Cell{
			{Text: reports.Legible(u.Base), Code: true}, {Text: reports.Legible(u.New), Code: true},
		}})
	}
	return t
}

func newSide(s namedSide) side {
	shown := side{Name: s.name}
	for _, f := range []term{
		{"runs", fmt.Sprint(s.Runs)}, {"command", s.Command}, {"version", strings.Join(s.Tools, " and ")}, {"broker", s.Broker}, {"machine", s.Machine}, {"when", s.when()},
	} {
		if f.Meaning != "" {
			shown.Facts = append(shown.Facts, term{f.Term, reports.Legible(f.Meaning)})
		}
	}
	for _, file := range s.Files {
		shown.Files = append(shown.Files, reports.Legible(file))
	}
	return shown
}

// reading explains the columns, a term each.
func reading(c *Comparison) (terms []term) {
	for _, line := range legend(c, columns) {
		for _, part := range strings.Split(line, "; ") {
			word, meaning, _ := strings.Cut(part, ": ")
			terms = append(terms, term{word, meaning})
		}
	}
	if len(c.Gates) > 0 {
		terms = append(terms, term{"gates", reports.Legible(strings.Join(c.Gates, ", "))})
	}
	return terms
}

package reports

import (
	"bytes"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"

	"mqttrace/load/result"
	"mqttrace/reports/internal/web"
)

// HTMLOptions say what a page is for. The zero value suits a file.
type HTMLOptions struct {
	// Stream is where, on the server that the page comes from, it listens for updates as HTMLUpdate writes them, sent as
	// server-sent events; empty for a page that stays as it is.
	Stream string
}

// HTML writes results to w as one page that opens offline, each with its verdict, its figures with their warnings as other formats
// have them, and plots of what was measured. It asks no network for anything, and nothing that a result holds can run in it. A
// result whose verdict is empty is shown as one that is still going on.
func HTML(w io.Writer, all []Saved, opts HTMLOptions) error {
	d, err := newHTMLDocument(all)
	if err != nil {
		return err
	}
	page := web.Page{Title: d.title(), Plots: d.plots, Nav: d.nav(), Stream: opts.Stream, Outline: d.outline()}
	if err := page.Fill(htmlTemplates, "", d); err != nil {
		return err
	}
	return page.Write(w)
}

// HTMLUpdate writes to w, as JSON, what brings a page of HTML up to date that was made of the same results when less of them was
// known.
func HTMLUpdate(w io.Writer, all []Saved) error {
	d, err := newHTMLDocument(all)
	if err != nil {
		return err
	}
	return web.Update{Title: d.title(), Outline: d.outline(), Plots: d.plots, Fragments: d.fragments}.Write(w)
}

//go:embed templates/*.tmpl
var htmlFiles embed.FS

var htmlTemplates = template.Must(web.Templates().ParseFS(htmlFiles, "templates/*.tmpl"))

func execute(name string, data any) (template.HTML, error) {
	var b bytes.Buffer
	if err := htmlTemplates.ExecuteTemplate(&b, name, data); err != nil {
		return "", fmt.Errorf("making the page: %w", err)
	}
	return template.HTML(b.String()), nil
}

// htmlDocument is a page of results made ready for templates. Fragments are the parts of it that may change while a run goes on.
type htmlDocument struct {
	Results   []*htmlResult
	Overview  *htmlPart // of several results
	Tool      string
	plots     map[string]web.Plot
	fragments map[string]template.HTML
}

// htmlResult is one of them.
type htmlResult struct {
	ID       string
	Name     string
	Facts    []string
	Purpose  string
	Top      htmlPart
	Sections []htmlSection
	Verdict  htmlVerdict
}

// htmlSection is what there is to see of one subject.
type htmlSection struct {
	ID, Title, Lead string
	Parts           []htmlPart
	Reading         []htmlTerm // how to read what is in it
}

// htmlPart is a card, whose HTML may be replaced by newer one, or a row of plots.
type htmlPart struct {
	Fragment string
	HTML     template.HTML
	Figures  []web.Figure
	Layout   string // of figures: pairs, small, or empty for one below the other
}

// htmlTerm is a word and what it means.
type htmlTerm struct{ Term, Meaning string }

func newHTMLDocument(all []Saved) (*htmlDocument, error) {
	d := &htmlDocument{plots: map[string]web.Plot{}, fragments: map[string]template.HTML{}}
	var pages []*page
	for i, s := range all {
		p := newPageFor(s, onPage)
		pages = append(pages, p)
		b := &htmlBuilder{document: d, page: p, id: fmt.Sprintf("r%d", i+1), placed: map[string]bool{}}
		r, err := b.build()
		if err != nil {
			return nil, err
		}
		d.Results = append(d.Results, r)
		d.Tool = cmp.Or(d.Tool, clean(s.Environment.Tool))
	}
	if len(pages) < 2 {
		return d, nil
	}
	b := &htmlBuilder{document: d, id: "all"}
	d.Overview = &b.cards("overview", "", webTable(overview(pages)))[0]
	return d, b.err
}

func (d *htmlDocument) title() string {
	if len(d.Results) == 1 {
		return d.Results[0].Verdict.Word + " · " + d.Results[0].Name + " · mqttrace"
	}
	return fmt.Sprintf("%d results · mqttrace", len(d.Results))
}

// nav leads to every section; with several results, those of each stand below its name.
func (d *htmlDocument) nav() []web.Link {
	var links []web.Link
	if d.Overview != nil {
		links = append(links, web.Link{ID: "overview-title", Text: "Overview"})
	}
	for _, r := range d.Results {
		var sections []web.Link
		for _, s := range r.Sections {
			sections = append(sections, web.Link{ID: s.ID, Text: s.Title})
		}
		links = append(links, web.Link{ID: r.ID, Text: r.Name, Tone: r.Verdict.Tone, Sub: sections})
	}
	return links
}

// outline is all of a page that an update cannot change: which sections and plots there are.
func (d *htmlDocument) outline() string {
	var parts []string
	for _, r := range d.Results {
		for _, s := range r.Sections {
			parts = append(parts, s.ID)
			for _, p := range s.Parts {
				parts = append(parts, p.Fragment)
				for _, f := range p.Figures {
					parts = append(parts, f.Plot)
				}
			}
		}
	}
	return strings.Join(parts, " ")
}

// htmlVerdict is a verdict as a page shows it.
type htmlVerdict struct {
	Word   string
	Reason string
	Tone   web.Tone
	Icon   string // path of an SVG of 24 by 24
}

var htmlVerdicts = map[result.Verdict]htmlVerdict{
	result.Pass:        {"PASS", "", web.Good, "M12 2.5a9.5 9.5 0 1 0 0 19a9.5 9.5 0 1 0 0-19zM7.5 12.5l3 3l6-6.5"},
	result.Fail:        {"FAIL", "", web.Bad, "M7.8 2.5h8.4l5.3 5.3v8.4l-5.3 5.3H7.8l-5.3-5.3V7.8zM8.5 8.5l7 7M15.5 8.5l-7 7"},
	result.Invalid:     {"INVALID", "", web.Doubt, "M12 3l9.5 17.5h-19zM12 9.5v5M12 17.4v.1"},
	result.Interrupted: {"INTERRUPTED", "", web.Doubt, "M12 2.5a9.5 9.5 0 1 0 0 19a9.5 9.5 0 1 0 0-19zM9.7 8.5v7M14.3 8.5v7"},
	"":                 {"RUNNING", "the run is still going on; the figures are of what has been measured so far", web.Normal, "M12 2.5a9.5 9.5 0 1 0 9.5 9.5M12 6.5V12l3.5 2"},
}

func newHTMLVerdict(p *page) htmlVerdict {
	v, ok := htmlVerdicts[p.verdict]
	if !ok { // of a later version
		v = htmlVerdicts[result.Invalid]
		v.Word = strings.ToUpper(clean(string(p.verdict)))
	}
	if p.reason != "" {
		v.Reason = p.reason
	}
	return v
}

// htmlFacts say what ran, when, and which file it is in.
func htmlFacts(p *page) (facts []string) {
	for _, fact := range p.ran {
		if fact != p.name {
			facts = append(facts, fact)
		}
	}
	if at := p.saved.Started; !at.IsZero() {
		facts = append(facts, at.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	return appendFact(facts, clean(p.saved.Path))
}

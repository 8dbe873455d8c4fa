package reports

import (
	"cmp"
	"fmt"
	"html/template"

	"mqttrace/load/result"
	"mqttrace/reports/internal/web"
)

// htmlBuilder makes the part of a page that is about one result. It keeps the first error.
type htmlBuilder struct {
	document *htmlDocument
	page     *page
	id       string
	placed   map[string]bool // topics of tables that are in a section
	err      error
}

func (b *htmlBuilder) build() (*htmlResult, error) {
	p := b.page
	r := &htmlResult{ID: b.id, Name: p.title(), Facts: htmlFacts(p), Purpose: p.purpose, Verdict: newHTMLVerdict(p)}
	r.Top = b.fragment("top", "top", struct {
		Verdict htmlVerdict
		Answers []web.Note
		Tiles   []htmlTile
		Notes   []web.Note
	}{r.Verdict, inShort(p), tiles(p), append(lastStep(p), webNotes(p.notes)...)})
	sections := b.sections()
	more := htmlSection{ID: "more", Title: "More figures", Parts: b.rest()}
	for _, s := range append(sections, more) {
		if len(s.Parts) > 0 {
			s.ID = b.id + "-" + s.ID
			r.Sections = append(r.Sections, s)
		}
	}
	return r, b.err
}

// inShort is the result in a sentence or two.
func inShort(p *page) []web.Note {
	if p.summary != "" && len(p.answers) == 0 {
		return []web.Note{{Text: p.summary}}
	}
	return webNotes(p.answers)
}

// lastStep says which figures the page shows of a sweep or a search.
func lastStep(p *page) []web.Note {
	s := p.saved.Sweep
	if s == nil || len(s.Steps) == 0 {
		return nil
	}
	last := s.Steps[len(s.Steps)-1]
	return []web.Note{{Text: clean(fmt.Sprintf("The figures are those of the last step, %s (%s); those of all steps are under “%s”.", last.Setting(), last.Role, sweepTitle)), Tone: web.Quiet}}
}

const sweepTitle = "Value by value"

// sections are all that a result may have, in the order of interest. Those without parts have nothing to show.
func (b *htmlBuilder) sections() []htmlSection {
	r := b.page.saved.Result
	times := newTimePlots(r, b.id)
	course, load := times.all(limitMarks(r.Thresholds))
	return []htmlSection{
		{ID: "thresholds", Title: "Thresholds", Parts: b.cards("thresholds", "", b.checks())},
		{ID: "sweep", Title: sweepTitle, Parts: b.sweep(), Reading: readingSweep},
		{ID: "overhead", Title: "What tracing costs", Lead: b.leadOverhead(), Parts: b.overhead(), Reading: readingOverhead},
		{ID: "latency", Title: "Latency", Parts: concat(b.figures(percentilePlot(r)), b.table("latency"), b.figures(pointers(course)...), b.pairs(heatMaps(r, times))), Reading: b.readingLatency()},
		{ID: "load", Title: "Load and resources", Parts: concat(b.table("rate"), b.pairs(load), b.table("cost"), b.table("process")), Reading: readingLoad},
		{ID: "shards", Title: "Shards", Lead: b.leadShards(), Parts: b.table("shard"), Reading: readingShards},
		{ID: "stages", Title: "Stages", Lead: "How the load changed, as planned.", Parts: b.table("stage")},
		{ID: "faults", Title: "Faults", Lead: "What was done to the run on purpose, and what was noticed of it.", Parts: concat(b.table("fault"), b.table("after"), b.table("backlog")), Reading: readingFaults},
		{ID: "delivery", Title: "Delivery", Parts: concat(b.table("delivery"), b.cards("flows", "By senders and receivers", flowTable(r.Arms))), Reading: readingDelivery},
		{ID: "reasons", Title: "Reason codes", Lead: "What the broker answered, or ended connections with, besides success.", Parts: b.table("reason code")},
		{ID: "spans", Title: "Spans", Parts: b.table("spans"), Reading: readingSpans},
		{ID: "broken", Title: "Broken traces", Parts: b.table("broken traces")},
		{ID: "clocks", Title: "Clocks", Lead: "Hosts whose clocks disagree. Nothing is corrected by it.", Parts: b.table("clocks")},
		{ID: "lost", Title: "Lost spans", Parts: b.table("lost spans")},
		{ID: "conventions", Title: "Conventions", Lead: "Where spans depart from OpenTelemetry's conventions for messaging, and what would be right.", Parts: b.table("conventions")},
		{ID: "broker", Title: "What the broker says", Lead: "What the broker told of itself while load ran.", Parts: concat(b.small(brokerPlots(r, times)), b.table("broker says"))},
		{ID: "slowest", Title: "Slowest messages", Parts: b.table("slowest"), Reading: readingSlowest},
		{ID: "setup", Title: "What ran, and where", Parts: b.setup()},
	}
}

func concat(lists ...[]htmlPart) (all []htmlPart) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// fragment is a part of the page that can be replaced.
func (b *htmlBuilder) fragment(name, part string, data any) htmlPart {
	html, err := execute(part, data)
	if err != nil && b.err == nil {
		b.err = err
	}
	made := htmlPart{Fragment: b.id + "-" + name, HTML: html}
	b.document.fragments[made.Fragment] = html
	return made
}

// htmlCard is tables under a title.
type htmlCard struct {
	Title string
	Table web.Table
}

// cards is a card with a table, and none if that has no rows and nothing to say.
func (b *htmlBuilder) cards(name, title string, t web.Table) []htmlPart {
	if len(t.Rows) == 0 && len(t.Foot) == 0 {
		return nil
	}
	t.ID = b.id + "-" + name + "-table"
	return []htmlPart{b.fragment(name, "card", htmlCard{title, t})}
}

// cardTitles are those of tables whose section has several.
var cardTitles = map[string]string{"rate": "Rates", "cost": "Cost", "cost/msg": "Cost of a message", "process": "Processes",
	"after": "Connections and messages", "backlog": "Backlog"}

// table is a card with the page's table of a topic.
func (b *htmlBuilder) table(topic string) []htmlPart {
	t := b.find(topic)
	if t == nil {
		return nil
	}
	return b.cards(fragmentName(topic), cardTitles[topic], webTable(*t))
}

// find is the page's table of a topic, which is then in its place; nil if it has none.
func (b *htmlBuilder) find(topic string) *table {
	b.placed[topic] = true
	for i := range b.page.tables {
		if t := &b.page.tables[i]; cmp.Or(t.topic, t.name) == topic {
			return t
		}
	}
	return nil
}

// rest are the tables that no section has asked for.
func (b *htmlBuilder) rest() (parts []htmlPart) {
	for i, t := range b.page.tables {
		if !b.placed[cmp.Or(t.topic, t.name)] {
			parts = append(parts, b.cards(fmt.Sprintf("more-%d", i), "", webTable(t))...)
		}
	}
	return parts
}

// overhead is what arms cost more than others, drawn, and what each costs.
func (b *htmlBuilder) overhead() (parts []htmlPart) {
	if t := b.find("overhead"); t != nil {
		parts = b.cards("overhead", "Differences between arms", overheadTable(*t))
	}
	return append(parts, b.table("cost/msg")...)
}

// leadOverhead says how to read the bars, where there are any.
func (b *htmlBuilder) leadOverhead() string {
	if t := b.find("overhead"); t == nil || len(t.rows) == 0 {
		return ""
	}
	return "By how much one arm is above another, turn by turn. Bars are 95\u00a0% intervals; the upright line is no difference, " +
		"the gray area the noise floor, and differences that were detected are filled and blue."
}

// leadShards says what a row is.
func (b *htmlBuilder) leadShards() string {
	if b.page.saved.Shard != nil {
		return "The share of the run that this result is of, and how its clock was compared with shard 0's."
	}
	return "The processes that did the run together, and how their clocks were compared with shard 0's."
}

func (b *htmlBuilder) sweep() []htmlPart {
	s := b.page.saved.Sweep
	if s == nil {
		return nil
	}
	return concat(b.figures(sweepPlot(s)), b.table("sweep"))
}

// figures are plots below each other; nil ones are left out.
func (b *htmlBuilder) figures(drawings ...*drawing) []htmlPart {
	var part htmlPart
	for _, d := range drawings {
		if d != nil {
			part.Figures = append(part.Figures, b.figure(*d))
		}
	}
	if len(part.Figures) == 0 {
		return nil
	}
	return []htmlPart{part}
}

// pairs are plots two beside each other, as far as there is room.
func (b *htmlBuilder) pairs(drawings []drawing) []htmlPart {
	parts := b.figures(pointers(drawings)...)
	if len(drawings) > 1 {
		parts[0].Layout = "pairs"
	}
	return parts
}

// small are plots of which many stand beside each other.
func (b *htmlBuilder) small(drawings []drawing) []htmlPart {
	parts := b.figures(pointers(drawings)...)
	if len(parts) > 0 {
		parts[0].Layout = "small"
	}
	return parts
}

func pointers(drawings []drawing) (all []*drawing) {
	for i := range drawings {
		all = append(all, &drawings[i])
	}
	return all
}

// figure hands a plot to the script and gives it its place.
func (b *htmlBuilder) figure(d drawing) web.Figure {
	name := b.id + "-" + d.name
	b.document.plots[name] = d.plot
	caption := template.HTML(template.HTMLEscapeString(d.caption))
	b.document.fragments[name+"-caption"] = caption
	return web.Figure{Plot: name, Title: d.title, Caption: caption}
}

// limitMarks are the thresholds that a plot of response times can show.
func limitMarks(thresholds []result.Threshold) (marks []web.Mark) {
	shown := map[string]bool{}
	for _, t := range thresholds {
		figure, limit := sides(t.Expression)
		ns, ok := duration(figure, limit)
		if !ok || !drawnOverTime[figure] || shown[t.Expression] {
			continue
		}
		shown[t.Expression] = true
		marks = append(marks, web.Mark{Axis: "y", At: ns, Label: clean(t.Expression)})
	}
	return marks
}

// drawnOverTime are the figures of which the plot over time has lines.
var drawnOverTime = map[string]bool{"response.p50": true, "response.p99": true, "response.max": true}

package reports

import (
	"io"
	"strings"

	"mqttrace/reports/format"
	"mqttrace/reports/internal/web"
)

// Format is one way to write results: one or several unless it IsSingle.
type Format = format.Format[[]Saved, Options]

// Options are those of all formats, which take what concerns them. The zero value suits a file.
type Options struct {
	Text        TextOptions
	Percentiles PercentileOptions
}

// Formats are all formats, in the order in which they are shown.
var Formats = format.List[[]Saved, Options]{
	{Name: "text", Extension: ".txt", About: "what run shows", Marks: verdictMarks(), Write: func(w io.Writer, all []Saved, opts Options) error {
		return Text(w, all, opts.Text)
	}},
	{Name: "html", Extension: ".html", About: "a page with plots, to open in a browser and to hand on", Marks: []string{web.Head}, Write: func(w io.Writer, all []Saved, _ Options) error {
		return HTML(w, all, HTMLOptions{})
	}},
	{Name: "markdown", Extension: ".md", About: "for a CI job's summary or a pull request", Marks: []string{markdownMark}, Write: simple(Markdown)},
	{Name: "json", Extension: ".report.json", About: "a summary for other programs", Marks: []string{"{\n  \"schema\": \"mqttrace/report/"}, Write: simple(JSON)},
	{Name: "csv", Extension: ".csv", About: "a row for each figure", Marks: []string{strings.Join(csvHeadings, ",")}, Write: simple(CSV)},
	{Name: "csv-series", Extension: ".series.csv", About: "a row for each second", Marks: []string{strings.Join(seriesHeadings(), ",")}, Write: simple(CSVSeries)},
	{Name: "junit", Extension: ".xml", About: "thresholds and delivery as tests", Marks: []string{junitMark}, Write: simple(JUnit)},
	{Name: "benchstat", Extension: ".bench.txt", About: "Go's benchmark format, for benchstat", Marks: []string{benchMark}, Write: simple(Benchstat)},
	{Name: "hgrm", Extension: ".hgrm", About: "percentiles of one latency, for HdrHistogram's plotter", IsSingle: true, Marks: []string{" Value\tPercentile"}, Write: func(w io.Writer, all []Saved, opts Options) error {
		return Percentiles(w, all[0], opts.Percentiles)
	}},
}

// simple is the Write of a format that has no options.
func simple(write func(io.Writer, []Saved) error) func(io.Writer, []Saved, Options) error {
	return format.Simple[[]Saved, Options](write)
}

// verdictMarks are how texts begin.
func verdictMarks() (marks []string) {
	for verdict := range verdictStyles {
		marks = append(marks, strings.ToUpper(string(verdict))+gap)
	}
	return marks
}

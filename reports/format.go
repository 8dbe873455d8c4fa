package reports

import (
	"bytes"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"mqttrace/reports/internal/web"
)

// Format is one way to write results.
type Format struct {
	// Name is how command lines call it.
	Name string
	// Extension is that of its files, with the dot; no two formats have the same.
	Extension string
	// About says in a few words what it is for.
	About string
	// IsSingle: it shows one latency of one result.
	IsSingle bool
	// Write writes results, one or several unless IsSingle.
	Write func(w io.Writer, all []Saved, opts Options) error

	// mark is how its files begin, so that a report is known from other files of the same name.
	mark string
}

// Options are those of all formats, which take what concerns them. The zero value suits a file.
type Options struct {
	Text        TextOptions
	Percentiles PercentileOptions
}

// Formats are all formats, in the order in which they are shown.
var Formats = []Format{
	{Name: "text", Extension: ".txt", About: "what run shows", Write: func(w io.Writer, all []Saved, opts Options) error {
		return Text(w, all, opts.Text)
	}},
	{Name: "html", Extension: ".html", About: "a page with plots, to open in a browser and to hand on", mark: web.Head, Write: func(w io.Writer, all []Saved, _ Options) error {
		return HTML(w, all, HTMLOptions{})
	}},
	{Name: "markdown", Extension: ".md", About: "for a CI job's summary or a pull request", mark: markdownMark, Write: simple(Markdown)},
	{Name: "json", Extension: ".report.json", About: "a summary for other programs", mark: "{\n  \"schema\": \"mqttrace/report/", Write: simple(JSON)},
	{Name: "csv", Extension: ".csv", About: "a row for each figure", mark: strings.Join(csvHeadings, ","), Write: simple(CSV)},
	{Name: "csv-series", Extension: ".series.csv", About: "a row for each second", mark: strings.Join(seriesHeadings(), ","), Write: simple(CSVSeries)},
	{Name: "junit", Extension: ".xml", About: "thresholds and delivery as tests", mark: junitMark, Write: simple(JUnit)},
	{Name: "benchstat", Extension: ".bench.txt", About: "Go's benchmark format, for benchstat", mark: benchMark, Write: simple(Benchstat)},
	{Name: "hgrm", Extension: ".hgrm", About: "percentiles of one latency, for HdrHistogram's plotter", IsSingle: true, mark: " Value\tPercentile", Write: func(w io.Writer, all []Saved, opts Options) error {
		return Percentiles(w, all[0], opts.Percentiles)
	}},
}

// simple is a format that has no options.
func simple(write func(io.Writer, []Saved) error) func(io.Writer, []Saved, Options) error {
	return func(w io.Writer, all []Saved, _ Options) error { return write(w, all) }
}

// FormatNames are those of all formats.
func FormatNames() (names []string) {
	for _, f := range Formats {
		names = append(names, f.Name)
	}
	return names
}

// FormatNamed finds a format.
func FormatNamed(name string) (f Format, ok bool) {
	i := slices.IndexFunc(Formats, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return f, false
	}
	return Formats[i], true
}

// FormatOf is the format that the name of a file tells: that of the longest Extension the name ends with, or the first whose
// Extension ends as the name does. a.csv is csv, a.series.csv is csv-series, a.json is json.
func FormatOf(path string) (f Format, ok bool) {
	name := strings.ToLower(filepath.Base(path))
	for _, other := range Formats {
		if strings.HasSuffix(name, other.Extension) && len(other.Extension) > len(f.Extension) {
			f, ok = other, true
		}
	}
	if ok {
		return f, true
	}
	i := slices.IndexFunc(Formats, func(f Format) bool { return filepath.Ext(f.Extension) == filepath.Ext(name) })
	if i < 0 {
		return f, false
	}
	return Formats[i], true
}

// MarkLength is how much of a file Wrote wants to see.
const MarkLength = 512

// Wrote says whether a file could be one that Write wrote, by how it begins.
func (f Format) Wrote(head []byte) bool {
	if f.mark != "" {
		return bytes.HasPrefix(head, []byte(f.mark))
	}
	for verdict := range verdictStyles {
		if bytes.HasPrefix(head, []byte(strings.ToUpper(string(verdict))+gap)) {
			return true
		}
	}
	return false
}

package reports

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"mqttrace/load/result"
)

// CSV writes the figures of results to w, a row for each result, arm and figure, under the headings file, scenario, started, arm,
// figure, unit, value, step and verdict. A step is the value of a sweep's step, or its values, with its role; it is empty, and the verdict is the
// run's, in the rows that are of no step.
// Rows are as RFC 4180 has them. Text that a spreadsheet could take for a formula has an apostrophe in front.
func CSV(w io.Writer, all []Saved) error {
	t := newCSV(w, csvHeadings)
	for _, s := range all {
		p := newPage(s)
		t.arms(p, p.arms, "", p.verdict)
		for _, step := range p.steps {
			t.arms(p, step.arms, step.Setting()+" "+step.Role, step.Verdict)
		}
	}
	return t.end()
}

var csvHeadings = []string{"file", "scenario", "started", "arm", "figure", "unit", "value", "step", "verdict"}

// CSVSeries writes the seconds of results to w, or the slices of arms that were compared: a row for each, with the result's file,
// its scenario and the arm in front and the verdict at the end. Columns are called as the fields of a result file.
func CSVSeries(w io.Writer, all []Saved) error {
	t := newCSV(w, seriesHeadings())
	for _, s := range all {
		p := newPage(s)
		for _, arm := range s.Arms {
			for _, point := range arm.Series {
				t.point(p, arm.Name, point)
			}
		}
	}
	return t.end()
}

func seriesHeadings() []string {
	headings := []string{"file", "scenario", "started", "arm"}
	for _, c := range pointColumns {
		headings = append(headings, c.name)
	}
	return append(headings, "verdict")
}

// pointColumns are the fields of a point that are numbers, by their names in a result file.
var pointColumns = []struct {
	name string
	of   func(result.Point) string
}{
	{"at_ns", func(p result.Point) string { return integer(p.AtNS) }},
	{"length_ns", func(p result.Point) string { return integer(p.LengthNS) }},
	{"scheduled", func(p result.Point) string { return integer(p.Scheduled) }},
	{"sent", func(p result.Point) string { return integer(p.Sent) }},
	{"received", func(p result.Point) string { return integer(p.Received) }},
	{"p50_ns", func(p result.Point) string { return integer(p.P50NS) }},
	{"p99_ns", func(p result.Point) string { return integer(p.P99NS) }},
	{"max_ns", func(p result.Point) string { return integer(p.MaxNS) }},
	{"schedule_lag_p99_ns", func(p result.Point) string { return integer(p.ScheduleLagP99NS) }},
	{"generator_cpu", func(p result.Point) string { return fraction(p.GeneratorCPU) }},
	{"broker_cpu", func(p result.Point) string { return fraction(p.BrokerCPU) }},
	{"generator_rss_bytes", func(p result.Point) string { return integer(p.GeneratorRSS) }},
	{"broker_rss_bytes", func(p result.Point) string { return integer(p.BrokerRSS) }},
	{"gc_pause_ns", func(p result.Point) string { return integer(p.GCPauseNS) }},
	{"spans_exported", func(p result.Point) string { return integer(p.SpansExported) }},
	{"spans_failed", func(p result.Point) string { return integer(p.SpansFailed) }},
	{"spans_waiting", func(p result.Point) string { return integer(p.SpansWaiting) }},
	{"backlog", func(p result.Point) string {
		if p.Backlog == nil {
			return ""
		}
		return integer(*p.Backlog)
	}},
}

func integer[N int64 | uint64](n N) string { return fmt.Sprint(n) }

func fraction(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// csvTable writes rows and keeps the first error.
type csvTable struct{ w *csv.Writer }

func newCSV(w io.Writer, headings []string) csvTable {
	t := csvTable{csv.NewWriter(w)}
	t.w.UseCRLF = true
	t.row(headings)
	return t
}

// arms writes the figures of arms.
func (t csvTable) arms(p *page, arms []armInNumbers, step string, v result.Verdict) {
	for _, a := range arms {
		for _, m := range a.measures {
			t.row(append(about(p, a.name), m.name, string(m.unit), fraction(m.value), harmless(step), harmless(string(v))))
		}
	}
}

func (t csvTable) point(p *page, arm string, point result.Point) {
	row := about(p, arm)
	for _, c := range pointColumns {
		row = append(row, c.of(point))
	}
	t.row(append(row, string(p.verdict)))
}

// about says which result and arm a row is of.
func about(p *page, arm string) []string {
	return []string{harmless(p.saved.Path), harmless(p.name), p.saved.Started.UTC().Format(time.RFC3339Nano), harmless(arm)}
}

func (t csvTable) row(cells []string) { _ = t.w.Write(cells) } // end tells

func (t csvTable) end() error {
	t.w.Flush()
	return t.w.Error()
}

// harmless keeps a spreadsheet from running text as a formula. Spaces in front do not keep it from that.
func harmless(text string) string {
	text = clean(text)
	if first, _ := utf8.DecodeRuneInString(strings.TrimSpace(text)); strings.ContainsRune("=+-@＝＋－＠", first) {
		return "'" + text
	}
	return text
}

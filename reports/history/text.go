package history

import (
	"bufio"
	"fmt"
	"io"
	"mqttrace/reports"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// textMark begins what Text writes.
const textMark = "HISTORY  "

// Text writes h as tables of plain text, one for each series: of each figure the newest value and those before it.
func Text(w io.Writer, h *History) error {
	out := bufio.NewWriter(w)
	fmt.Fprint(out, textMark)
	for _, line := range summary(h) {
		fmt.Fprintln(out, line)
	}
	for _, s := range h.Series {
		fmt.Fprintln(out)
		writeSeries(out, s)
	}
	if len(h.LeftOut) > 0 {
		fmt.Fprintf(out, "\nleft out: %s\n", reports.Plural(len(h.LeftOut), "file"))
		for _, f := range h.LeftOut {
			fmt.Fprintf(out, "  %s: %s\n", clean(f.File), clean(f.Reason))
		}
	}
	return out.Flush()
}

// summary says what a history was made of.
func summary(h *History) []string {
	lines := []string{fmt.Sprintf("%s in %d series", reports.Plural(h.Results, "result"), len(h.Series))}
	if h.Copies > 0 {
		lines = append(lines, reports.Plural(h.Copies, "file")+" of a run that another file has as well counted once")
	}
	if h.Observations > 0 {
		lines = append(lines, reports.Plural(h.Observations, "result")+" of observed services, which are in no series")
	}
	return lines
}

// name is what a series is called.
func (s Series) name() string {
	parts := []string{clean(s.Scenario), clean(s.Broker)}
	if s.Arm != "" {
		parts = append(parts, clean(s.Arm))
	}
	return strings.Join(parts, " · ")
}

func writeSeries(out io.Writer, s Series) {
	fmt.Fprintln(out, s.name())
	for _, line := range s.describe() {
		fmt.Fprintln(out, line)
	}
	writeTrends(out, s.Trends)
	for _, c := range newest(s.Changes, mostChanges) {
		writeChange(out, c)
	}
	last := s.newest()
	fmt.Fprintf(out, "  newest: %s  %s\n", strings.ToUpper(string(last.Verdict)), clean(last.File))
}

// width is how many columns a text takes as long as names are of a reasonable length.
const width = 100

// writeChange says what changed, in two lines where it is too much for one.
func writeChange(out io.Writer, c Change) {
	since, now, before := "since "+minute(c.At)+": ", clean(c.What+" "+orUnknown(c.To)), "before "+clean(orUnknown(c.From))
	switch {
	case c.What == ChangedScenario:
		fmt.Fprintf(out, "  %sthe scenario is another\n", since)
	case utf8.RuneCountInString("  "+since+now+", "+before) <= width:
		fmt.Fprintf(out, "  %s%s, %s\n", since, now, before)
	default:
		fmt.Fprintf(out, "  %s%s\n  %*s%s\n", since, now, len(since), "", before)
	}
}

// mostChanges is how many changes a text names, the newest ones.
const mostChanges = 3

func newest(all []Change, n int) []Change { return all[max(0, len(all)-n):] }

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// describe says which runs a series is made of.
func (s Series) describe() []string {
	runs := reports.Plural(len(s.Runs), "run")
	if s.Older > 0 {
		runs = fmt.Sprintf("the newest %d of %d runs", len(s.Runs), len(s.Runs)+s.Older)
	}
	lines := []string{runs + ", " + span(s.Runs[0].Started, s.newest().Started)}
	if n := s.uncounted(); n > 0 {
		lines = append(lines, fmt.Sprintf("%s invalid or interrupted, in no figure", reports.Plural(n, "run")))
	}
	return lines
}

// uncounted is how many runs are in no figure.
func (s Series) uncounted() (n int) {
	for _, r := range s.Runs {
		if !r.counts() {
			n++
		}
	}
	return n
}

func span(from, until time.Time) string {
	first, last := minute(from), minute(until)
	if first == last {
		return first
	}
	return first + " to " + last
}

func minute(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// headings are the columns of a text's table, the figure's apart.
var headings = []string{"last", "median", "change", "lowest", "highest", "points"}

func writeTrends(out io.Writer, trends []Trend) {
	rows := [][]string{append([]string{"figure"}, headings...)}
	for _, t := range trends {
		if t.points() == 0 {
			continue // every run that has it is in no figure
		}
		rows = append(rows, append([]string{t.figure.title}, t.cells()...))
	}
	if len(rows) == 1 {
		return
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		line := fmt.Sprintf("  %-*s", widths[0], row[0])
		for i, cell := range row[1:] {
			line += fmt.Sprintf("  %*s", widths[i+1], cell)
		}
		fmt.Fprintln(out, line)
	}
}

// cells are the figures of a trend under the headings.
func (t Trend) cells() []string {
	return []string{
		t.write(t.Last), t.write(t.Median), t.change(), t.write(t.Low), t.write(t.High), fmt.Sprint(t.points()),
	}
}

// points is how many values there are.
func (t Trend) points() (n int) {
	for _, v := range t.Values {
		if v != nil {
			n++
		}
	}
	return n
}

// none stands for a value that there is not.
const none = "–"

func (t Trend) write(v *float64) string {
	if v == nil {
		return none
	}
	return t.figure.write(*v)
}

// change is by how much the last value is off the median, and a mark if it is past all others.
func (t Trend) change() string {
	if t.Change == nil {
		return none
	}
	return t.mark() + fmt.Sprintf("%+.1f %%", 100**t.Change)
}

// fewPoints is how many values there must be for it to be worth a mark that another is past them all: of six values of equal
// chance, one in three times the last is.
const fewPoints = 5

// mark says that the last value is above or below every other.
func (t Trend) mark() string {
	switch {
	case t.Last == nil || t.points() <= fewPoints:
		return ""
	case *t.Last > *t.High:
		return "▲ "
	case *t.Last < *t.Low:
		return "▼ "
	default:
		return ""
	}
}

// clean takes out of a name what could steer a terminal or break a line.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return utf8.RuneError
		default:
			return r
		}
	}, s)
}

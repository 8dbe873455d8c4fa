package reports

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"mqttrace/load/result"
	"mqttrace/reports/stats"
)

// headlines are the figures that sum a run up, by the names of thresholds. inLine is how a line with several of them says it;
// empty for those that it has no room for.
var headlines = []struct {
	name, label, inLine string
	write               func(float64) string
}{
	{"response.p50", "response p50", "p50 %s", durationText},
	{"response.p99", "response p99", "p99 %s", durationText},
	{"response.p999", "response p99.9", "", durationText},
	{"transit.p99", "transit p99", "", durationText},
	{"received_rate_per_s", "received", "%s", Rate},
	{"delivery.lost", "lost", "lost %s", Number},
	{"cost.cpu_per_message", "CPU/msg", "CPU/msg %s", nanosecondsText},
	{"cost.broker_cpu_per_message", "broker CPU/msg", "", nanosecondsText},
	{"cost.allocs_per_message", "allocs/msg", "", number},
}

func durationText(ns float64) string { return Duration(time.Duration(ns)) }

// headlineOf looks one of the figures up; ok is false where an arm does not have it or the system does not tell.
func headlineOf(a *result.Arm, name string) (value float64, ok bool) {
	value, missing := a.Figure(name)
	isTold := value != 0 || !strings.HasPrefix(name, "cost.")
	return value, missing == "" && isTold && a.ElapsedNS > 0
}

// Brief writes a result to w in a few lines, as one of several runs of the same scenario: the verdict, the figures that sum a run
// with one arm up, why it is not a pass, and the file that holds the rest.
func Brief(w io.Writer, s Saved, opts TextOptions) error {
	t := &text{w: bufio.NewWriter(w), color: opts.Color}
	mark := repetition(s.Repetition)
	if mark != "" {
		mark += gap
	}
	indent := strings.Repeat(" ", widthOf(mark))
	word := strings.ToUpper(string(s.Verdict))
	room := width - widthOf(indent+word+gap)
	for i, l := range fill(briefly(s.Result), " · ", room) {
		if i == 0 {
			t.line(mark, t.paint(word, verdictStyles[s.Verdict]), gap, l)
			continue
		}
		t.line(indent, strings.Repeat(" ", len(word)), gap, l)
	}
	if s.Reason != "" {
		t.sentence(indent, clean(s.Reason), tones[s.Verdict])
	}
	if n := len(s.Warnings); n > 0 {
		t.sentence(indent+"! ", plural(n, "doubt")+" in the result file", doubt)
	}
	if s.Path != "" {
		t.line(indent, clean(s.Path))
	}
	for _, path := range s.Reports {
		t.line(indent, clean(path))
	}
	return t.w.Flush()
}

// plural is a number of things in words: "1 run", "1,200 spans".
func plural[N int | uint64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Count(uint64(n)) + " " + noun + "s"
}

func briefly(r *result.Result) (facts []string) {
	if r.Sweep != nil {
		return []string{plural(len(r.Sweep.Steps), "step") + " of " + clean(sweptOver(r.Sweep))}
	}
	if len(r.Arms) != 1 {
		return []string{plural(len(r.Arms), "arm")}
	}
	for _, h := range headlines {
		if v, ok := headlineOf(&r.Arms[0], h.name); ok && h.inLine != "" {
			facts = append(facts, fmt.Sprintf(h.inLine, h.write(v)))
		}
	}
	return facts
}

// Repeated writes to w what several runs of one scenario come to together: how many passed, and of each headline figure the median
// and the spread. Runs that are invalid or were interrupted are counted and in no figure. It writes nothing of a single run.
func Repeated(w io.Writer, all []Saved, opts TextOptions) error {
	if len(all) < 2 {
		return nil
	}
	t := &text{w: bufio.NewWriter(w), color: opts.Color}
	t.line(t.paint(outcomes(all), styleHead))
	if all[0].Sweep != nil { // whose figures are a table for each run
		return t.w.Flush()
	}
	whole := wholeRuns(all)
	if len(whole) > 0 {
		t.line()
		t.table(spreads(whole))
	}
	if left := len(all) - len(whole); left > 0 {
		t.sentence(footMarks[doubt], plural(left, "run")+" left out, which say nothing of the broker", doubt)
	}
	return t.w.Flush()
}

// outcomes counts verdicts: "5 runs: 4 pass, 1 fail".
func outcomes(all []Saved) string {
	var parts []string
	for _, v := range []result.Verdict{result.Pass, result.Fail, result.Invalid, result.Interrupted} {
		n := 0
		for _, s := range all {
			if s.Verdict == v {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	runs := plural(len(all), "run")
	if r := all[0].Repetition; r != nil && r.Of > len(all) {
		runs = fmt.Sprintf("%d of %d runs", len(all), r.Of)
	}
	return runs + ": " + strings.Join(parts, ", ")
}

// wholeRuns are those whose figures count.
func wholeRuns(all []Saved) []Saved {
	return slices.DeleteFunc(slices.Clone(all), func(s Saved) bool {
		return s.Verdict != result.Pass && s.Verdict != result.Fail
	})
}

// spreads is the table of the headline figures over runs, of each arm.
func spreads(runs []Saved) table {
	t := table{name: "over the runs", columns: []string{"runs", "median", "lowest", "highest", "spread"}}
	arms := runs[0].Arms
	for i, arm := range arms {
		for _, h := range headlines {
			values := over(runs, i, h.name)
			if len(values) == 0 {
				continue
			}
			r := spread(values, h.write)
			if r.label = h.label; len(arms) > 1 {
				r.group = clean(arm.Name)
			}
			t.rows = append(t.rows, r)
		}
	}
	t.foot = append(t.foot, note{"spread: from the lowest to the highest run, in percent of the median", quiet})
	return t
}

// over collects a figure of the arm at an index from those runs that have it.
func over(runs []Saved, arm int, name string) (values []float64) {
	for _, s := range runs {
		if arm >= len(s.Arms) {
			continue
		}
		if v, ok := headlineOf(&s.Arms[arm], name); ok {
			values = append(values, v)
		}
	}
	return values
}

func spread(values []float64, write func(float64) string) row {
	median, low, high := stats.Median(values), slices.Min(values), slices.Max(values)
	share := missing
	if median > 0 {
		share = figure(fmt.Sprintf("%.1f %%", 100*(high-low)/median))
	}
	return row{cells: []cell{figure(Count(uint64(len(values)))), figure(write(median)), figure(write(low)), figure(write(high)), share}}
}

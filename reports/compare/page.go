package compare

import (
	"fmt"
	"strings"

	"mqttrace/reports"
)

// What all formats show alike.

// namedSide is a side with what it is called.
type namedSide struct {
	name string
	Side
}

func (c *Comparison) sides() []namedSide { return []namedSide{{"base", c.Base}, {"new", c.New}} }

// facts say of a side what ran, when and where.
func (s Side) facts() []string {
	facts := []string{reports.Plural(s.Runs, "run")}
	for _, fact := range []string{s.Command, strings.Join(s.Tools, " and "), s.Broker, s.Machine, s.when()} {
		if fact != "" {
			facts = append(facts, reports.Abridge(reports.Legible(fact), longestFact))
		}
	}
	return facts
}

// longestFact leaves room for others on a line.
const longestFact = 80

func (s Side) when() string {
	if s.First.IsZero() {
		return ""
	}
	first, last := s.First.UTC().Format("2006-01-02 15:04"), s.Last.UTC().Format("2006-01-02 15:04")
	day := len("2006-01-02")
	switch {
	case first == last:
		return first + " UTC"
	case first[:day] == last[:day]:
		return first + " to " + last[day+1:] + " UTC"
	default:
		return first + " to " + last + " UTC"
	}
}

// doubts are what the figures cannot tell, and what is not in them.
func (c *Comparison) doubts() []string {
	all := append([]string{}, c.Notes...)
	for _, s := range c.sides() {
		for _, l := range s.LeftOut {
			reason, _, _ := strings.Cut(l.Reason, ";")
			all = append(all, fmt.Sprintf("left out of %s: %s: %s", s.name, l.File, reason))
		}
	}
	return all
}

// telling are the figures that decide by name or stand out, and all others.
func (a *Arm) telling() (first, others []*Figure) {
	for i := range a.Figures {
		f := &a.Figures[i]
		if f.Gate != "" || f.Headline || f.Verdict == Regressed || f.Verdict == Improved {
			first = append(first, f)
		} else {
			others = append(others, f)
		}
	}
	return first, others
}

// countsOf counts figures by verdict: "38 same, 8 inconclusive".
func countsOf(figures []*Figure) string {
	counts := map[Verdict]int{}
	for _, f := range figures {
		counts[f.Verdict]++
	}
	var parts []string
	for _, v := range []Verdict{Regressed, Improved, Same, Inconclusive} {
		if counts[v] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[v], v))
		}
	}
	return strings.Join(parts, ", ")
}

// column is one of the columns of figures of an arm. Those with a higher rank give way first where there is no room.
type column struct {
	heading string
	rank    int
	cell    func(*Figure) string
	legend  func(*Comparison) string // nil where the heading says it all
}

// lastRank is that of the column that gives way first.
const lastRank = 4

var columns = []column{
	{heading: "base", cell: func(f *Figure) string { return f.Base.text(f.Unit) }},
	{heading: "new", cell: func(f *Figure) string { return f.New.text(f.Unit) }, legend: says("base, new: medians over the runs")},
	{heading: "diff", rank: 3, cell: (*Figure).differenceText, legend: says("diff: the change, in the figure's unit")},
	{heading: "change [95 %]", cell: (*Figure).shareText, legend: says("change: the middle of all differences between a new and a " +
		"base run (Hodges-Lehmann), with its 95 % interval")},
	{heading: "effect", rank: 1, cell: (*Figure).effectText, legend: says("effect: Cliff's delta, +1 if every new run is above every base run")},
	{heading: "p", cell: (*Figure).pText, legend: func(c *Comparison) string {
		return "p: Mann-Whitney test, after Holm's correction for " + reports.Plural(c.Tests, "test")
	}},
	{heading: "floor", rank: 2, cell: (*Figure).floorText, legend: says("floor: how far apart halves of the base runs come out")},
	{heading: "matters", rank: 4, cell: (*Figure).sizeText, legend: says("matters: the smallest difference that does, by the gate or by default")},
	{heading: "verdict", cell: (*Figure).verdictText, legend: says("inconclusive +n: about n more runs a side would tell; >1000: no number would")},
}

func says(text string) func(*Comparison) string { return func(*Comparison) string { return text } }

// isLast tells the column of words.
func (col column) isLast() bool { return col.heading == "verdict" }

// legend explains columns.
func legend(c *Comparison, shown []column) (lines []string) {
	for _, col := range shown {
		if col.legend != nil {
			lines = append(lines, col.legend(c))
		}
	}
	if len(c.Gates) > 0 {
		lines = append(lines, "*: with a gate, which alone decides")
	}
	return lines
}

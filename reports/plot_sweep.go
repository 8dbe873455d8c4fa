package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"mqttrace/load/result"
	"mqttrace/reports/internal/web"
)

// wide is the ratio of the highest value of a sweep to its lowest from which the axis is logarithmic.
const wide = 20

// sweepPlot draws the response times of each arm, with each combination of the values beside it, against the value that was swept; nil if
// there is nothing to draw.
func sweepPlot(s *result.Sweep) *drawing {
	c := curvesOf(s)
	p := web.Plot{Label: "response times against " + clean(s.Over), Tall: true, X: web.Axis{Label: clean(s.Over), Unit: sweepUnit(s.Unit)}, Y: logNS("response")}
	p.At = c.numbers
	if len(p.At) > 0 && p.At[0] > 0 && p.At[len(p.At)-1] >= wide*p.At[0] {
		p.X.Log = true
	}
	for i := range c.names {
		p.Series = append(p.Series, c.lines(i)...)
	}
	p.Series = append(p.Series, c.notHeld()...)
	p.Series = slices.DeleteFunc(p.Series, func(s web.Series) bool { return isEmpty(s.Values) })
	if len(p.Series) == 0 {
		return nil
	}
	for _, f := range s.Found {
		if f.Number > 0 {
			p.Marks = append(p.Marks, c.foundMark(s, f))
		}
	}
	return &drawing{name: "sweep", title: "Response times against " + clean(s.Over), caption: c.caption(), plot: p}
}

// curves are what a sweep comes to as lines in a plot.
type curves struct {
	with    []string // the keys beside the first
	steps   []result.Step
	numbers []float64   // of the steps, each once, in order
	names   []curveName // in the order in which they first appear
}

// curveName is what the steps of a line have in common.
type curveName struct{ beside, arm string }

func curvesOf(s *result.Sweep) curves {
	c := curves{with: s.With, steps: inOrder(s.Steps)}
	for _, step := range c.steps {
		c.numbers = append(c.numbers, step.Number)
	}
	c.numbers = slices.Compact(c.numbers)
	for _, step := range s.Steps {
		for _, a := range step.Arms {
			if name := (curveName{c.beside(step), a.Name}); !slices.Contains(c.names, name) {
				c.names = append(c.names, name)
			}
		}
	}
	return c
}

// beside is what a step set the keys beside the first to: "qos 1, client lean".
func (c curves) beside(step result.Step) string {
	var all []string
	for i, value := range step.With[:min(len(step.With), len(c.with))] {
		key := c.with[i][strings.LastIndexByte(c.with[i], '.')+1:]
		all = append(all, key+" "+value)
	}
	return strings.Join(all, ", ")
}

// label is what tells the line from the others, with a space behind it; empty if it is the only one.
func (c curves) label(i int) string {
	name := c.names[i]
	var parts []string
	if name.beside != "" {
		parts = append(parts, clean(name.beside))
	}
	if slices.ContainsFunc(c.names, func(other curveName) bool { return other.arm != name.arm }) {
		parts = append(parts, clean(name.arm))
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, " · ") + " "
}

// inOrder are the steps by their number. Of several with the same values, the last settled it.
func inOrder(all []result.Step) (steps []result.Step) {
	for _, s := range all {
		if math.IsNaN(s.Number) || math.IsInf(s.Number, 0) {
			continue
		}
		steps = slices.DeleteFunc(steps, func(other result.Step) bool { return other.Number == s.Number && slices.Equal(other.With, s.With) })
		steps = append(steps, s)
	}
	slices.SortStableFunc(steps, func(a, b result.Step) int { return cmp.Compare(a.Number, b.Number) })
	return steps
}

// notHeld marks the steps that missed the thresholds and those that are invalid, at the highest p99 of any line.
func (c curves) notHeld() []web.Series {
	missed := web.Series{Label: "thresholds missed", Color: max(len(c.names), 1), Marker: 4, Scattered: true}
	invalid := web.Series{Label: "run invalid", Color: max(len(c.names), 1) + 1, Marker: 2, Scattered: true}
	missed.Values, invalid.Values = c.blank(), c.blank()
	values := map[result.Verdict][]float64{result.Fail: missed.Values, result.Invalid: invalid.Values}
	for _, step := range c.steps {
		at, ok := values[step.Verdict]
		if !ok {
			continue
		}
		highest := &at[slices.Index(c.numbers, step.Number)]
		for _, a := range step.Arms {
			if p99 := orNaN(a.Latency[result.Response].P99NS); !(*highest >= p99) {
				*highest = p99
			}
		}
	}
	return []web.Series{missed, invalid}
}

// blank has no value for any number.
func (c curves) blank() []float64 { return slices.Repeat([]float64{math.NaN()}, len(c.numbers)) }

// lines are the p50 and p99 of a curve.
func (c curves) lines(i int) []web.Series {
	p50 := web.Series{Label: c.label(i) + "p50", Color: i, Dash: 1, Marker: marker(i), Values: c.blank()}
	p99 := web.Series{Label: c.label(i) + "p99", Color: i, Marker: marker(i), Values: c.blank()}
	for _, step := range c.steps {
		at := slices.Index(c.numbers, step.Number)
		for _, a := range step.Arms {
			if l := a.Latency[result.Response]; (curveName{c.beside(step), a.Name}) == c.names[i] && l.Withheld == "" {
				p50.Values[at], p99.Values[at] = orNaN(l.P50NS), orNaN(l.P99NS)
			}
		}
	}
	return []web.Series{p50, p99}
}

func orNaN(ns *int64) float64 {
	if ns == nil {
		return math.NaN()
	}
	return float64(*ns)
}

func sweepUnit(unit string) web.Unit {
	switch unit {
	case "msg/s":
		return web.PerSecond
	case "B":
		return web.Bytes
	default:
		return web.Number
	}
}

func (c curves) foundMark(s *result.Sweep, f result.Found) web.Mark {
	m := web.Mark{Axis: "x", At: f.Number, Label: "holds up to " + amountText(f.Number, s.Unit)}
	if i := slices.Index(c.names, curveName{arm: f.Arm}); len(s.Found) > 1 && i >= 0 {
		m.Color, m.Label = i+1, clean(f.Arm)+" "+m.Label
	}
	return m
}

func (c curves) caption() string {
	n := map[result.Verdict]int{}
	for _, s := range c.steps {
		n[s.Verdict]++
	}
	what := "value"
	if len(c.with) > 0 {
		what = "combination"
	}
	text := fmt.Sprintf("%s, %s kept the thresholds", several(uint64(len(c.steps)), what), Count(uint64(n[result.Pass])))
	if n[result.Invalid] > 0 {
		text += fmt.Sprintf(", %s invalid", Count(uint64(n[result.Invalid])))
	}
	return text + "."
}

package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"mqttrace/load/result"
	"mqttrace/reports/internal/web"
)

// wide is the ratio of the highest value of a sweep to its lowest from which the axis is logarithmic.
const wide = 20

// sweepPlot draws the response times of each arm against the value that was swept; nil if there is nothing to draw.
func sweepPlot(s *result.Sweep) *drawing {
	steps := inOrder(s.Steps)
	arms := armsOf(steps)
	p := web.Plot{Label: "response times against " + clean(s.Over), Tall: true, X: web.Axis{Label: clean(s.Over), Unit: sweepUnit(s.Unit)}, Y: logNS("response")}
	for _, step := range steps {
		p.At = append(p.At, step.Number)
	}
	if len(p.At) > 0 && p.At[0] > 0 && p.At[len(p.At)-1] >= wide*p.At[0] {
		p.X.Log = true
	}
	for i, arm := range arms {
		p.Series = append(p.Series, stepLines(steps, arm, i, len(arms) > 1)...)
	}
	p.Series = append(p.Series, notHeld(steps, len(arms))...)
	p.Series = slices.DeleteFunc(p.Series, func(s web.Series) bool { return isEmpty(s.Values) })
	if len(p.Series) == 0 {
		return nil
	}
	for _, f := range s.Found {
		if f.Number > 0 {
			p.Marks = append(p.Marks, foundMark(s, f, arms))
		}
	}
	return &drawing{name: "sweep", title: "Response times against " + clean(s.Over), caption: sweepCaption(steps), plot: p}
}

// inOrder are the steps by their number. Of several with the same one, the last settled it.
func inOrder(all []result.Step) (steps []result.Step) {
	for _, s := range all {
		if math.IsNaN(s.Number) || math.IsInf(s.Number, 0) {
			continue
		}
		steps = slices.DeleteFunc(steps, func(other result.Step) bool { return other.Number == s.Number })
		steps = append(steps, s)
	}
	slices.SortFunc(steps, func(a, b result.Step) int { return cmp.Compare(a.Number, b.Number) })
	return steps
}

// armsOf are the names of all arms, in the order in which they first appear.
func armsOf(steps []result.Step) (names []string) {
	for _, s := range steps {
		for _, a := range s.Arms {
			if !slices.Contains(names, a.Name) {
				names = append(names, a.Name)
			}
		}
	}
	return names
}

// notHeld marks the steps that missed the thresholds and those that are invalid, at the highest p99 of any arm.
func notHeld(steps []result.Step, arms int) []web.Series {
	missed := web.Series{Label: "thresholds missed", Color: max(arms, 1), Marker: 4, Scattered: true}
	invalid := web.Series{Label: "run invalid", Color: max(arms, 1) + 1, Marker: 2, Scattered: true}
	for _, step := range steps {
		highest := math.NaN()
		for _, a := range step.Arms {
			if p99 := orNaN(a.Latency[result.Response].P99NS); !(highest >= p99) {
				highest = p99
			}
		}
		at := map[result.Verdict]float64{step.Verdict: highest}
		missed.Values = append(missed.Values, valueOr(at, result.Fail))
		invalid.Values = append(invalid.Values, valueOr(at, result.Invalid))
	}
	return []web.Series{missed, invalid}
}

func valueOr(values map[result.Verdict]float64, verdict result.Verdict) float64 {
	if v, ok := values[verdict]; ok {
		return v
	}
	return math.NaN()
}

// stepLines are the lines of an arm.
func stepLines(steps []result.Step, arm string, i int, several bool) []web.Series {
	prefix := ""
	if several {
		prefix = clean(arm) + " "
	}
	p50 := web.Series{Label: prefix + "p50", Color: i, Dash: 1, Marker: marker(i)}
	p99 := web.Series{Label: prefix + "p99", Color: i, Marker: marker(i)}
	for _, step := range steps {
		middle, high := math.NaN(), math.NaN()
		for _, a := range step.Arms {
			if l := a.Latency[result.Response]; a.Name == arm && l.Withheld == "" {
				middle, high = orNaN(l.P50NS), orNaN(l.P99NS)
			}
		}
		p50.Values, p99.Values = append(p50.Values, middle), append(p99.Values, high)
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

func foundMark(s *result.Sweep, f result.Found, arms []string) web.Mark {
	m := web.Mark{Axis: "x", At: f.Number, Label: "holds up to " + amountText(f.Number, s.Unit)}
	if i := slices.Index(arms, f.Arm); len(s.Found) > 1 && i >= 0 {
		m.Color, m.Label = i+1, clean(f.Arm)+" "+m.Label
	}
	return m
}

func sweepCaption(steps []result.Step) string {
	n := map[result.Verdict]int{}
	for _, s := range steps {
		n[s.Verdict]++
	}
	text := fmt.Sprintf("%s, %s kept the thresholds", several(uint64(len(steps)), "value"), Count(uint64(n[result.Pass])))
	if n[result.Invalid] > 0 {
		text += fmt.Sprintf(", %s invalid", Count(uint64(n[result.Invalid])))
	}
	return text + "."
}

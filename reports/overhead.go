package reports

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"

	"mqttrace/load/result"
)

// compared are the figures of a comparison that a page shows; all are in the result file.
var compared = []struct {
	name, label string
	quantity    quantity
}{
	{"cpu_ns_per_message", "CPU/msg", nanos},
	{"broker_cpu_ns_per_message", "broker CPU", nanos},
	{"allocs_per_message", "allocs/msg", plainly},
	{"wire_bytes_per_message", "PUBLISH", inBytes},
	{"response.p50_ns", "response p50", nanos},
	{"response.p99_ns", "response p99", nanos},
	{"transit.p50_ns", "transit p50", nanos},
	{"transit.p99_ns", "transit p99", nanos},
}

// pair is two arms of a comparison, by their names.
type pair struct{ base, arm string }

func (p pair) String() string { return p.arm + " − " + p.base }

// comparison looks up the differences of a result.
type comparison struct {
	arms        []result.Arm
	differences map[pair]map[string]result.Difference // by figure
	alike       func(pair) bool                       // whether both arms have the same setting
}

func newComparison(r *result.Result) comparison {
	c := comparison{arms: r.Arms, differences: map[pair]map[string]result.Difference{}, alike: sameSettings(r)}
	for _, d := range r.Overhead {
		p := pair{d.Base, d.Arm}
		if c.differences[p] == nil {
			c.differences[p] = map[string]result.Difference{}
		}
		c.differences[p][d.Figure] = d
	}
	return c
}

// sameSettings says of which arms the scenario is the same but for their names: they tell how much of a difference is noise.
func sameSettings(r *result.Result) func(pair) bool {
	var sc struct {
		Tracing struct {
			Compare []map[string]any `json:"compare"`
		} `json:"tracing"`
	}
	_ = json.Unmarshal(r.Scenario, &sc) // an unreadable scenario has no such arms
	settings := map[string]map[string]any{}
	for _, arm := range sc.Tracing.Compare {
		if name, ok := arm["name"].(string); ok {
			delete(arm, "name")
			settings[name] = arm
		}
	}
	return func(p pair) bool {
		a, b := settings[p.base], settings[p.arm]
		return a != nil && b != nil && reflect.DeepEqual(a, b)
	}
}

// againstFirst pairs each arm with the first one.
func (c comparison) againstFirst() (pairs []pair) {
	for _, a := range c.arms[1:] {
		pairs = append(pairs, pair{c.arms[0].Name, a.Name})
	}
	return pairs
}

// pairs are those that a page shows: each arm against the first, and if there are not too many against the one before it.
func (c comparison) pairs() []pair {
	pairs := c.againstFirst()
	if len(c.arms) > someArms {
		return pairs
	}
	for i := 2; i < len(c.arms); i++ {
		pairs = append(pairs, pair{c.arms[i-1].Name, c.arms[i].Name})
	}
	return pairs
}

// overhead is the table of the differences between arms.
func overhead(r *result.Result) table {
	c := newComparison(r)
	t := table{name: "overhead"}
	if len(r.Overhead) == 0 {
		t.foot = []note{{"differences withheld: too few turns of each arm to tell one from chance; a longer run has more", doubt}}
		return t
	}
	pairs := c.pairs()
	for _, p := range pairs {
		t.columns = append(t.columns, p.String())
	}
	var tooFew []string
	for _, f := range compared {
		row := row{about: "overhead." + f.name, label: f.label}
		known, untold := 0, true
		for _, p := range pairs {
			d, ok := c.differences[p][f.name]
			row.cells = append(row.cells, f.quantity.difference(d, ok))
			row.differences = append(row.differences, d)
			if ok {
				known++
				untold = untold && d.BaseMean == 0 && d.Diff == 0 // as figures are that nobody tells
			}
		}
		if known < len(pairs) {
			tooFew = append(tooFew, f.label)
		}
		switch {
		case known == 0:
		case untold:
			t.foot = append(t.foot, note{"withheld: " + f.label + ", which is not known here", doubt})
		default:
			t.rows = append(t.rows, row)
		}
	}
	if len(tooFew) > 0 {
		t.foot = append(t.foot, note{"withheld: " + strings.Join(tooFew, ", ") + ", of which too few turns have a figure (a p99 wants 100 messages a turn)", doubt})
	}
	t.foot = append(t.foot, legend(t, len(pairs) < len(r.Arms)*(len(r.Arms)-1)/2), c.floor())
	t.foot = append(t.foot, c.measuredNoise()...)
	return t
}

// legend explains the cells of a table, as far as they need it.
func legend(t table, isAnyLeft bool) note {
	text := "[ ]: 95 % interval over the turns"
	if t.has(undetected) {
		text += "; none (< x): no detectable difference, and if there is one it is below x"
	}
	if isAnyLeft {
		text += "; all pairs are in the result file"
	}
	return note{text, quiet}
}

// has says whether a cell of the table begins with a text.
func (t table) has(text string) bool {
	for _, r := range t.rows {
		for _, c := range r.cells {
			if strings.HasPrefix(c.text, text) {
				return true
			}
		}
	}
	return false
}

// floor is how far apart the first arm would be from itself.
func (c comparison) floor() note {
	p := c.againstFirst()[0]
	var parts []string
	for _, f := range compared {
		if d, ok := c.differences[p][f.name]; ok && d.BaseMean != 0 {
			parts = append(parts, together(f.label+" "+f.quantity.bound(d.Floor)))
		}
	}
	return note{fmt.Sprintf("noise floor, turns of %s against each other: %s", p.base, strings.Join(parts, ", ")), quiet}
}

// measuredNoise is what arms of the same setting come out apart by: nothing, on a machine that is fit to compare arms on.
func (c comparison) measuredNoise() (notes []note) {
	for j, arm := range c.arms {
		for _, base := range c.arms[:j] {
			p := pair{base.Name, arm.Name}
			if !c.alike(p) || c.differences[p] == nil {
				continue
			}
			var found []string
			for _, f := range compared {
				if d, ok := c.differences[p][f.name]; ok && d.Detected {
					found = append(found, together(f.label+" "+f.quantity.difference(d, ok).text))
				}
			}
			if len(found) == 0 {
				notes = append(notes, note{fmt.Sprintf("%s are the same setting, and no figure tells them apart", p.both()), quiet})
				continue
			}
			notes = append(notes, note{fmt.Sprintf("%s are the same setting and differ by noise alone: %s; doubt every difference of that size",
				p.both(), strings.Join(found, ", ")), doubt})
		}
	}
	return notes
}

func (p pair) both() string { return p.base + " and " + p.arm }

// mostAnswers is how many arms are summed up in words.
const mostAnswers = 5

// answers say in a sentence what the arms cost, as far as that was detected.
func answers(r *result.Result) []note {
	c := newComparison(r)
	var parts []string
	for _, p := range c.againstFirst() {
		if cost := c.cost(p); cost != "" && !c.alike(p) && len(parts) < mostAnswers {
			if len(parts) == 0 {
				cost += " a message"
			}
			parts = append(parts, doing(p.arm)+" "+cost)
		}
	}
	switch {
	case len(parts) == 0:
		return nil
	case r.Verdict == result.Invalid:
		return []note{{"What tracing costs is in the tables and not summed up here, because the run is invalid.", doubt}}
	}
	return []note{{fmt.Sprintf("Against %s, %s.", r.Arms[0].Name, strings.Join(parts, "; ")), normal}}
}

// doing says what tracing does in an arm of that name.
func doing(arm string) string {
	switch arm {
	case "context":
		return "trace context alone"
	case "record":
		return "recording spans"
	case "export":
		return "recording and exporting spans"
	}
	return "arm " + arm
}

// cost says what CPU time and allocations a message of the arm costs more, or less, than one of the base.
func (c comparison) cost(p pair) string {
	var more, less []string
	add := func(figure, format string, quantity quantity) {
		d := c.differences[p][figure]
		if !d.Detected {
			return
		}
		text := fmt.Sprintf(format, together(quantity.size(math.Abs(d.Diff))))
		if d.Diff < 0 {
			less = append(less, text)
		} else {
			more = append(more, text)
		}
	}
	add("cpu_ns_per_message", "%s of CPU", nanos)
	add("allocs_per_message", "%s allocations", plainly)
	var parts []string
	if len(more) > 0 {
		parts = append(parts, "costs "+strings.Join(more, " and "))
	}
	if len(less) > 0 {
		parts = append(parts, "saves "+strings.Join(less, " and "))
	}
	return strings.Join(parts, " and ")
}

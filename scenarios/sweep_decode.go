package scenarios

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
)

const (
	maxSteps      = 100 // runs of a sweep
	maxDimensions = 4   // keys of a sweep beside the first
)

// scale is how the steps of a range are apart.
type scale string

const (
	logScale    scale = "log"
	linearScale scale = "linear"
)

// sweeping reads the key sweep.
func (d *decoder) sweeping(to **Sweep) func(*node) {
	return func(n *node) {
		s := &Sweep{Values: []string{}}
		d.varying(n, &s.Over, &s.Values, optional("with", d.dimensions(&s.With)))
		if n.sound() && d.isBounded(n, s) {
			*to = s
		}
	}
}

// dimensions reads the keys beside the first.
func (d *decoder) dimensions(to *[]Dimension) func(*node) {
	return func(n *node) {
		if len(n.items) > maxDimensions {
			d.report(n, plural(len(n.items), "key"), fmt.Sprintf("at most %d", maxDimensions))
		}
		listOf(d, to, func(n *node) (one Dimension) {
			d.varying(n, &one.Over, &one.Values)
			return one
		})(n)
	}
}

// varying reads a key and its values: a list, or a range that becomes one.
func (d *decoder) varying(n *node, over *string, to *[]string, more ...field) {
	var from, until *node
	spacing, steps := logScale, 5
	d.mapping(n, append([]field{
		required("over", "the path of a key, such as senders[0].rate", d.overPath(over)),
		optional("values", d.values(to)),
		optional("from", func(n *node) { from = n }),
		optional("to", func(n *node) { until = n }),
		optional("steps", d.whole(&steps, 2, maxSteps)),
		optional("scale", oneOf(d, &spacing, logScale, linearScale)),
	}, more...)...)
	switch values := n.get("values"); {
	case n.kind != mapping: // which has been said
	case values != nil && (from != nil || until != nil):
		d.report(n, "values and a range", "either values, or from and to")
	case values == nil && (from == nil || until == nil):
		d.report(n, "there is nothing to go through", "values, such as [100/s, 1000/s], or from and to")
	case values == nil:
		if low, high, ok := d.ends(from, until); ok {
			*to = rangeOf(low, high, steps, spacing)
		}
	}
}

// isBounded makes sure that no key of a sweep is there twice, and that it ends.
func (d *decoder) isBounded(n *node, s *Sweep) bool {
	runs, isSound := len(s.Values), true
	for i, one := range s.With {
		isAgain := func(other Dimension) bool { return other.Over == one.Over }
		if isAgain(Dimension{Over: s.Over}) || slices.ContainsFunc(s.With[:i], isAgain) {
			d.report(n.get("with").items[i].get("over"), quote(one.Over)+" is swept over already", "each key once")
			isSound = false
		}
		runs *= len(one.Values)
	}
	if isSound && runs > maxSteps {
		d.report(n.get("with"), plural(runs, "combination"), fmt.Sprintf("at most %d", maxSteps))
		isSound = false
	}
	return isSound
}

// search reads the key search.
func (d *decoder) search(to **Search) func(*node) {
	return func(n *node) {
		s := &Search{Step: seconds(5), Precision: 0.05}
		d.mapping(n,
			required("over", "the path of a key, such as senders[0].rate", d.overPath(&s.Over)),
			required("from", "the lowest value to try, such as 100/s", d.scalarText(&s.From)),
			required("to", "the highest value to try, such as 100000/s", d.scalarText(&s.To)),
			optional("step", d.duration(&s.Step, aboveZero)),
			optional("precision", d.float(&s.Precision, 0.01, 0.5)),
		)
		from, until := n.get("from"), n.get("to")
		if from.sound() && until.sound() {
			d.ends(from, until)
		}
		if n.sound() {
			*to = s
		}
	}
}

// ends reads the two ends of a range, in the same unit and in order.
func (d *decoder) ends(from, to *node) (low, high quantity, ok bool) {
	const want = "a number above 0, with its unit if it has one, such as 100/s, 64KiB or 5"
	var okLow, okHigh bool
	if low, okLow = parseQuantity(from.text); !okLow {
		d.report(from, "got "+from.describe(), want)
	}
	if high, okHigh = parseQuantity(to.text); !okHigh {
		d.report(to, "got "+to.describe(), want)
	}
	switch {
	case !okLow || !okHigh:
		return low, high, false
	case low.unit != high.unit:
		d.report(to, fmt.Sprintf("%s and %s have different units", from.text, to.text), "the same unit in from and to")
	case low.number >= high.number:
		d.report(to, to.text+" is not above "+from.text, "more than from")
	default:
		low.whole = low.whole && high.whole
		return low, high, true
	}
	return low, high, false
}

// rangeOf are so many values from low to high, each once.
func rangeOf(low, high quantity, steps int, spacing scale) []string {
	var values []string
	for i := range steps {
		share := float64(i) / float64(steps-1)
		number := low.number + share*(high.number-low.number)
		if spacing == logScale {
			number = low.number * math.Pow(high.number/low.number, share)
		}
		values = append(values, low.at(number))
	}
	return slices.Compact(values)
}

// noSweep are keys that no sweep changes: they say what runs, and are not what is measured.
var noSweep = regexp.MustCompile(`^(name|description|seed|repeat|sweep|search|thresholds|faults)\b`)

func (d *decoder) overPath(to *string) func(*node) {
	return func(n *node) {
		if d.text(to)(n); n.bad {
			return
		}
		set := Set{Path: n.text}
		if _, ok := set.steps(); !ok || noSweep.MatchString(n.text) {
			d.report(n, quote(n.text)+" is not a key that can be swept over", "a path such as senders[0].rate, senders.sensors.payload.size or tracing.arm")
		}
	}
}

// values reads a list of scalars as they are written.
func (d *decoder) values(to *[]string) func(*node) {
	return func(n *node) {
		if n.kind != list {
			d.wrongType(n, "a list such as [100/s, 1000/s]")
			return
		}
		if len(n.items) == 0 || len(n.items) > maxSteps {
			d.report(n, plural(len(n.items), "value"), fmt.Sprintf("1 to %d", maxSteps))
			return
		}
		for _, item := range n.items {
			var value string
			d.scalarText(&value)(item)
			*to = append(*to, value)
		}
	}
}

// scalarText reads a scalar of any type as it is written.
func (d *decoder) scalarText(to *string) func(*node) {
	return func(n *node) {
		if n.kind == list || n.kind == mapping || n.kind == null {
			d.wrongType(n, "a single value")
			return
		}
		*to = n.text
	}
}

// steps makes sure that every run of a sweep, and both ends of a search, are scenarios. It comes last; of a scenario that is none
// itself it looks at the values alone.
func (d *decoder) steps(n *node, s *Scenario, src *source) {
	own := slices.Clone(d.problems)
	sweep, search := n.get("sweep"), n.get("search")
	if s.Sweep != nil && s.Search != nil {
		d.report(search, "a sweep and a search", "one of them")
	}
	if s.Sweep != nil {
		s.Sweep.source = src
		d.sweepSteps(sweep, s.Sweep, own)
	}
	if s.Search != nil {
		s.Search.source = src
		for _, end := range []string{"from", "to"} {
			at := search.get(end)
			_, err := s.Search.At(at.text)
			if err == nil {
				_, err = s.Search.on(at.text)
			}
			if d.step(at, search.get("over"), at.text, err, own) {
				return
			}
		}
	}
}

// sweepSteps makes sure that the runs of a sweep are scenarios. What is wrong with a combination is said of the values that are wrong by
// themselves, if there are any.
func (d *decoder) sweepSteps(n *node, s *Sweep, own Problems) {
	if len(s.With) == 0 {
		d.valueSteps(n, s.source, s.Over, s.Values, own)
		return
	}
	before := len(d.problems)
	together := d.combinedSteps(n, s, own)
	if len(together) == 0 {
		return
	}
	d.valueSteps(n, s.source, s.Over, s.Values, own)
	for i, one := range s.With {
		d.valueSteps(n.get("with").items[i], s.source, one.Over, one.Values, own)
	}
	if len(d.problems) == before {
		d.problems = append(d.problems, together...)
	}
}

// combinedSteps is what is wrong with the first combination of a sweep that is no scenario.
func (d *decoder) combinedSteps(n *node, s *Sweep, own Problems) (together Problems) {
	before := len(d.problems)
	for _, setting := range s.Settings() {
		_, err := s.At(setting)
		d.step(n.get("with"), n.get("over"), setting.String(), err, own)
		together = slices.Clone(d.problems[before:])
		if len(together) == 0 {
			continue
		}
		for i := range together {
			together[i].What = "with " + clip(setting.String()) + ": " + together[i].What
		}
		break
	}
	d.problems = d.problems[:before]
	return together
}

// valueSteps makes sure that the scenario is one with each value of a key.
func (d *decoder) valueSteps(n *node, src *source, over string, values []string, own Problems) {
	for i, value := range values {
		at := n
		if list := n.get("values"); list != nil {
			at = list.items[i]
		}
		_, err := src.at("sweep", over, value)
		if d.step(at, n.get("over"), value, err, own) {
			return
		}
	}
}

// step reports what is wrong with one run beside the scenario's own problems, and says whether that would be so with any value.
func (d *decoder) step(at, over *node, value string, err error, own Problems) (always bool) {
	if err == nil {
		return false
	}
	for _, p := range err.(Problems) {
		what := p.What
		switch {
		case slices.Contains(own, p):
			continue
		case p.Path == over.text && strings.Contains(p.What, " has no "), strings.Contains(p.What, "is inside"):
			d.report(over, p.What, p.Want)
			return true
		case strings.HasPrefix(p.What, "unknown key"):
			d.report(over, p.What, p.Want)
			return true
		case p.Line > 0 && len(own) > 0:
			continue // it may come of those
		case p.Line > 0:
			what = fmt.Sprintf("with %s, line %d: %s: %s", clip(value), p.Line, p.Path, p.What)
		}
		d.report(at, what, p.Want)
	}
	return false
}

package scenarios

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
)

// maxSteps bounds the runs of a sweep.
const maxSteps = 100

// scale is how the steps of a range are apart.
type scale string

const (
	logScale    scale = "log"
	linearScale scale = "linear"
)

// sweeping reads the key sweep: a list of values, or a range that becomes one.
func (d *decoder) sweeping(to **Sweep) func(*node) {
	return func(n *node) {
		s := &Sweep{Values: []string{}}
		var from, until *node
		spacing, steps := logScale, 5
		d.mapping(n,
			required("over", "the path of a key, such as senders[0].rate", d.overPath(&s.Over)),
			optional("values", d.values(&s.Values)),
			optional("from", func(n *node) { from = n }),
			optional("to", func(n *node) { until = n }),
			optional("steps", d.whole(&steps, 2, maxSteps)),
			optional("scale", oneOf(d, &spacing, logScale, linearScale)),
		)
		switch values := n.get("values"); {
		case values != nil && (from != nil || until != nil):
			d.report(n, "values and a range", "either values, or from and to")
		case values == nil && (from == nil || until == nil):
			d.report(n, "there is nothing to go through", "values, such as [100/s, 1000/s], or from and to")
		case values == nil:
			if low, high, ok := d.ends(from, until); ok {
				s.Values = rangeOf(low, high, steps, spacing)
			}
		}
		if n.sound() {
			*to = s
		}
	}
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
		values := sweep.get("values")
		for i, value := range s.Sweep.Values {
			at := sweep
			if values != nil {
				at = values.items[i]
			}
			_, err := s.Sweep.At(value)
			if d.step(at, sweep.get("over"), value, err, own) {
				break
			}
		}
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

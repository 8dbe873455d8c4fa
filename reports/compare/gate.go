package compare

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Gate makes a figure decide, and says from which difference on.
type Gate struct {
	Figure string
	Size   Size
	// Text is the gate as it was given.
	Text string
}

const wantGate = "a figure and by how much it may get worse, such as response.p99 +10%, transit.p50 +2ms or rate_per_s -5%"

// ParseGate reads a gate such as "response.p99 +10%". Of two sizes, "response.p99 +10% +2ms", both must be exceeded.
func ParseGate(text string) (Gate, error) {
	fields := strings.Fields(text)
	if len(fields) < 2 || len(fields) > 3 {
		return Gate{}, fmt.Errorf("gate %q: want %s", text, wantGate)
	}
	spec, ok := specOf(fields[0])
	if !ok {
		return Gate{}, fmt.Errorf("gate %q: %s", text, unknownFigure(fields[0]))
	}
	g := Gate{Figure: spec.Name, Text: strings.Join(fields, " ")}
	for _, field := range fields[1:] {
		if err := g.add(spec, field); err != nil {
			return Gate{}, fmt.Errorf("gate %q: %w", text, err)
		}
	}
	return g, nil
}

// ParseGates reads several, of different figures. The error names every problem.
func ParseGates(texts []string) (gates []Gate, err error) {
	var problems []error
	for _, text := range texts {
		g, err := ParseGate(text)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		if i := slices.IndexFunc(gates, func(other Gate) bool { return other.Figure == g.Figure }); i >= 0 {
			problems = append(problems, fmt.Errorf("gate %q: %s has one already, %q; want one for each figure", text, g.Figure, gates[i].Text))
			continue
		}
		gates = append(gates, g)
	}
	return gates, errors.Join(problems...)
}

// add takes a size with its sign, which must be that of the worse direction.
func (g *Gate) add(spec Spec, text string) error {
	worse := "+"
	if spec.HigherIsBetter {
		worse = "-"
	}
	digits, isWorse := strings.CutPrefix(text, worse)
	switch {
	case isWorse && !strings.HasPrefix(digits, "+") && !strings.HasPrefix(digits, "-"):
		return g.set(spec, worse, digits)
	case isWorse:
		return fmt.Errorf("%q has two signs: want %s%s", text, worse, strings.TrimLeft(digits, "+-"))
	case strings.HasPrefix(text, "+"), strings.HasPrefix(text, "-"):
		return fmt.Errorf("%s gets worse in the other direction: want %s%s", spec.Name, worse, text[1:])
	default:
		return fmt.Errorf("%q has no sign: want %s%s", text, worse, text)
	}
}

// set takes a size without its sign: a share, or an amount in the figure's unit.
func (g *Gate) set(spec Spec, sign, digits string) error {
	if percent, ok := strings.CutSuffix(digits, "%"); ok {
		share, err := number(sign, percent, "10%")
		return once(&g.Size.Share, share/100, err)
	}
	switch spec.Unit {
	case Nanoseconds:
		d, err := time.ParseDuration(digits)
		if err != nil {
			return fmt.Errorf("%q is neither a share nor a duration: want %s10%% or %[2]s2ms", sign+digits, sign)
		}
		return once(&g.Size.Amount, float64(d), nil)
	case PerSecond:
		digits = strings.TrimSuffix(digits, "/s")
	case Bytes:
		digits = strings.TrimSuffix(digits, "B")
	}
	amount, err := number(sign, digits, "5")
	return once(&g.Size.Amount, amount, err)
}

func number(sign, digits, example string) (float64, error) {
	v, err := strconv.ParseFloat(digits, 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0, fmt.Errorf("%q is no number: want such as %s%s", sign+digits, sign, example)
	}
	return v, nil
}

// once sets what has not been set yet.
func once(to *float64, v float64, err error) error {
	switch {
	case err != nil:
		return err
	case *to != 0:
		return errors.New("two sizes of the same kind: want a share, an amount, or one of each")
	}
	*to = v
	return nil
}

// unknownFigure says which part of a figure's name is unknown.
func unknownFigure(name string) string {
	head, _, _ := strings.Cut(name, ".")
	var family []string
	for _, s := range specs {
		if strings.HasPrefix(s.Name, head+".") {
			family = append(family, s.Name)
		}
	}
	if len(family) == 0 {
		return fmt.Sprintf("unknown figure %q: want a latency such as response.p99, or a figure such as rate_per_s, delivery.lost or cost.cpu_per_message", name)
	}
	return fmt.Sprintf("unknown figure %q: want one of %s", name, strings.Join(family, ", "))
}

package compare

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"mqttrace/load/result"
	"mqttrace/reports"
)

// GateError lists gates and arms that there is nothing to compare for.
type GateError struct{ Problems []error }

// Error is every problem on a line of its own.
func (e *GateError) Error() string { return errors.Join(e.Problems...).Error() }

// measured is one arm of one run.
type measured struct {
	name  string
	arm   *result.Arm
	found *float64 // in place of arm, of a search
}

// armsOf are the arms of a run. A value of a sweep makes an arm of its own; of a search what it found is all that counts, for what
// it measured on its way depends on that.
func armsOf(r *result.Result) (arms []measured) {
	if r.Sweep == nil {
		for i := range r.Arms {
			arms = append(arms, measured{name: r.Arms[i].Name, arm: &r.Arms[i]})
		}
		return arms
	}
	for _, f := range r.Sweep.Found {
		arms = append(arms, measured{name: f.Arm, found: &f.Number})
	}
	if r.Sweep.Found != nil {
		return arms
	}
	for _, step := range r.Sweep.Steps {
		if step.Verdict != result.Pass && step.Verdict != result.Fail {
			continue
		}
		for i := range step.Arms {
			arms = append(arms, measured{name: step.Arms[i].Name + " at " + step.Setting(), arm: &step.Arms[i]})
		}
	}
	return arms
}

// value looks up a figure. broken is how much of it breaks a promise.
func (m measured) value(spec Spec) (value float64, broken uint64, missing string) {
	switch {
	case m.found != nil && spec.Name == FoundFigure:
		return *m.found, 0, ""
	case m.found != nil || spec.Name == FoundFigure:
		return 0, 0, "nothing was measured"
	case m.arm.ElapsedNS == 0:
		return 0, 0, "nothing was measured"
	}
	value, missing = m.arm.Figure(spec.Name)
	if missing == "" && value == 0 && spec.isCost() {
		missing = "the system does not tell"
	}
	if missing == "" && spec.promised != nil {
		broken = spec.promised(*m.arm)
	}
	return value, broken, missing
}

// collect gathers the values of both sides by arm and figure.
func (c *Comparison) collect(base, changed []reports.Saved, opts Options) error {
	pairs, problems := c.pairs(namesOf(base), namesOf(changed), opts.Arms)
	for _, p := range pairs {
		a := Arm{Name: p.String(), Figures: figuresOf(p, base, changed, opts.Gates)}
		c.noteOneSided(&a)
		c.Arms = append(c.Arms, a)
	}
	for _, g := range opts.Gates {
		if reason, isIn := c.lacks(g.Figure); !isIn && len(c.Arms) > 0 {
			problems = append(problems, fmt.Errorf("gate %q: no run has %s: %s", g.Text, g.Figure, reason))
		}
	}
	if len(problems) > 0 {
		return &GateError{problems}
	}
	return nil
}

// lacks says why no run of any arm has a figure; isIn is true if one has.
func (c *Comparison) lacks(name string) (reason string, isIn bool) {
	for _, a := range c.Arms {
		for _, f := range a.Figures {
			if f.Name != name {
				continue
			}
			if len(f.Base.Values)+len(f.New.Values) > 0 {
				return "", true
			}
			reason = f.Base.Missing
		}
	}
	return reason, false
}

// pair is an arm of either side that are compared.
type pair struct{ base, changed string }

// String is the arm's name, or both where they differ.
func (p pair) String() string {
	if p.base == p.changed {
		return p.base
	}
	return p.base + " → " + p.changed
}

// pairs are the arms that both sides have, in the base's order, of those that are wanted. One arm a side is a pair whatever they
// are called: their settings differ, which has been allowed. Others are noted.
func (c *Comparison) pairs(inBase, inNew, wanted []string) (pairs []pair, problems []error) {
	if len(wanted) == 0 && len(inBase) == 1 && len(inNew) == 1 {
		return []pair{{inBase[0], inNew[0]}}, nil
	}
	for _, name := range wanted {
		if !slices.Contains(inBase, name) || !slices.Contains(inNew, name) {
			problems = append(problems, fmt.Errorf("arm %q is not on both sides: base has %s, new has %s", name, listing(inBase), listing(inNew)))
		}
	}
	isWanted := func(name string) bool { return len(wanted) == 0 || slices.Contains(wanted, name) }
	for _, name := range inBase {
		switch {
		case !isWanted(name):
		case slices.Contains(inNew, name):
			pairs = append(pairs, pair{name, name})
		default:
			c.Notes = append(c.Notes, fmt.Sprintf("arm %s is in base alone", name))
		}
	}
	for _, name := range inNew {
		if isWanted(name) && !slices.Contains(inBase, name) {
			c.Notes = append(c.Notes, fmt.Sprintf("arm %s is in new alone", name))
		}
	}
	if len(pairs) == 0 && len(problems) == 0 {
		problems = append(problems, fmt.Errorf("no arm is on both sides: base has %s, new has %s", listing(inBase), listing(inNew)))
	}
	return pairs, problems
}

func namesOf(runs []reports.Saved) (names []string) {
	for _, r := range runs {
		for _, m := range armsOf(r.Result) {
			if !slices.Contains(names, m.name) {
				names = append(names, m.name)
			}
		}
	}
	return names
}

func listing(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// figuresOf are the figures of an arm that are shown.
func figuresOf(arms pair, base, changed []reports.Saved, gates []Gate) (figures []Figure) {
	for _, spec := range specs {
		f, size := newFigure(spec), spec.Size
		if i := slices.IndexFunc(gates, func(g Gate) bool { return g.Figure == spec.Name }); i >= 0 {
			f.Gate, size = gates[i].Text, gates[i].Size
		} else if !spec.Listed {
			continue
		}
		fill(&f.Base, arms.base, base, spec)
		fill(&f.New, arms.changed, changed, spec)
		if f.isShown() {
			f.Decides = f.Gate != "" || len(gates) == 0
			f.compare(size)
			figures = append(figures, *f)
		}
	}
	return figures
}

// noteOneSided takes out what one side alone has, unless it decides by name: a sentence says it better than a row for each.
func (c *Comparison) noteOneSided(a *Arm) {
	type lack struct{ side, reason string }
	labels, order := map[lack][]string{}, []lack{}
	a.Figures = slices.DeleteFunc(a.Figures, func(f Figure) bool {
		if f.Difference != nil || f.Gate != "" || f.Headline {
			return false
		}
		l := lack{"new", f.New.Missing}
		if len(f.Base.Values) == 0 {
			l = lack{"base", f.Base.Missing}
		}
		if labels[l] == nil {
			order = append(order, l)
		}
		labels[l] = append(labels[l], f.Label)
		return true
	})
	for _, l := range order {
		c.Notes = append(c.Notes, fmt.Sprintf("arm %s: not in %s: %s (%s)", a.Name, l.side, strings.Join(labels[l], ", "), l.reason))
	}
}

func fill(s *Sample, arm string, runs []reports.Saved, spec Spec) {
	for _, r := range runs {
		arms := armsOf(r.Result)
		i := slices.IndexFunc(arms, func(m measured) bool { return m.name == arm })
		if i < 0 {
			s.Missing = "a run does not have the arm"
			continue
		}
		if value, broken, missing := arms[i].value(spec); missing == "" {
			s.add(value, broken)
		} else {
			s.Missing = missing
		}
	}
}

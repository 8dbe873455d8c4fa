package reports

import (
	"fmt"
	"slices"
	"strings"

	"mqttrace/load/result"
)

// sweep shows what each value of a sweep or a search came to. The tables below it are of the last step.
func (p *page) sweep(s *result.Sweep) {
	if s == nil {
		return
	}
	for _, f := range s.Found {
		p.answers = append(p.answers, found(s, f))
	}
	p.answers = append(p.answers, capacity(s)...)
	p.add(steps(s))
}

// capacity says which share of what the first arm of a search reached the others cost.
func capacity(s *result.Sweep) (notes []note) {
	for i, f := range s.Found {
		base := s.Found[0]
		if i == 0 || base.Number == 0 || f.Number == 0 {
			continue
		}
		text := fmt.Sprintf("Against %s, %s costs %s of capacity", base.Arm, f.Arm, together(number(100*(1-f.Number/base.Number))+" %"))
		if f.Number >= base.Number {
			text = fmt.Sprintf("Against %s, %s costs no capacity that this search can tell", base.Arm, f.Arm)
		}
		if base.Limit != result.LimitThresholds || f.Limit != result.LimitThresholds {
			notes = append(notes, note{text + ", as far as this machine can tell: the thresholds were not what ended both searches.", doubt})
			continue
		}
		notes = append(notes, note{text + ".", normal})
	}
	return notes
}

// searched says that arms were searched one after the other, at loads of their own: there is nothing to subtract.
func searched(r *result.Result) bool { return r.Sweep != nil && len(r.Sweep.Found) > 0 }

// sweptOver names the keys of a sweep.
func sweptOver(s *result.Sweep) string {
	if len(s.With) == 0 {
		return s.Over
	}
	return s.Over + " and " + plural(len(s.With), "more key")
}

// steps is the table of a sweep: a row for each value and arm.
func steps(s *result.Sweep) table {
	t := table{name: s.Over, topic: "sweep", columns: []string{"role", "verdict", "rate", "p50", "p99", "lost"}}
	several := slices.ContainsFunc(s.Steps, func(step result.Step) bool { return len(step.Arms) > 1 })
	if several {
		t.columns = append([]string{"arm"}, t.columns...)
	}
	for _, step := range s.Steps {
		rows := stepRows(step, several)
		if step.Reason != "" {
			last := &rows[len(rows)-1]
			last.notes = append(last.notes, note{step.Reason, tones[step.Verdict]})
		}
		t.rows = append(t.rows, rows...)
	}
	if len(s.With) > 0 {
		t.foot = append(t.foot, note{"steps: the values of " + strings.Join(append([]string{s.Over}, s.With...), ", "), quiet})
	}
	if len(s.Steps) > 0 {
		t.foot = append(t.foot, note{"p50, p99: of the response times; the figures below are of the last step", quiet})
	}
	return t
}

// tones are how much attention a verdict deserves.
var tones = map[result.Verdict]tone{result.Pass: quiet, result.Fail: bad, result.Invalid: doubt, result.Interrupted: doubt}

// stepRows are the rows of a step, one at least; of several arms each has one.
func stepRows(step result.Step, several bool) (rows []row) {
	about := []cell{figure(step.Role), {strings.ToUpper(string(step.Verdict)), tones[step.Verdict]}}
	add := func(arm string, figures ...cell) {
		cells := slices.Concat(about, figures)
		if several {
			cells = append([]cell{figure(arm)}, cells...)
		}
		rows = append(rows, row{label: step.Setting(), cells: cells})
	}
	for _, a := range step.Arms {
		add(a.Name, headlineFigures(a)...)
	}
	if len(rows) == 0 {
		add(none, missing, missing, missing, missing)
	}
	return rows
}

// found says in a sentence what a search came to for an arm.
func found(s *result.Sweep, f result.Found) note {
	arm := ""
	if len(s.Found) > 1 {
		arm = f.Arm + ": "
	}
	if f.Number == 0 {
		return note{arm + "not even the lowest value of " + s.Over + " that was tried keeps the thresholds.", bad}
	}
	text := fmt.Sprintf("%s%s up to %s keeps the thresholds%s.", arm, s.Over, amountText(f.Number, s.Unit), limits[f.Limit])
	if !f.Confirmed {
		return note{text + " The run that was to confirm it did not.", doubt}
	}
	return note{text, normal}
}

// limits say what kept a search from finding more.
var limits = map[string]string{
	result.LimitThresholds: "; the next higher value that was tried misses them",
	result.LimitGenerator:  "; the generator could not keep up with more, so the broker may do better",
	result.LimitRange:      "; that is the highest value that was to be tried",
}

// amountText writes the number of a step in its unit.
func amountText(v float64, unit string) string {
	switch unit {
	case "msg/s":
		return together(number(v) + " messages/s")
	case "B":
		return together(Bytes(v))
	case "":
		return number(v)
	default:
		return together(number(v) + " " + unit)
	}
}

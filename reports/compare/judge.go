package compare

import (
	"fmt"
	"math"
	"strings"

	"mqttrace/reports"
	"mqttrace/reports/stats"
)

// level is the chance of a false alarm among all figures that are tested together.
const level = 0.05

// each calls do with every figure of every arm.
func (c *Comparison) each(do func(*Arm, *Figure)) {
	for i := range c.Arms {
		for j := range c.Arms[i].Figures {
			do(&c.Arms[i], &c.Arms[i].Figures[j])
		}
	}
}

// test corrects the p-values: those of the figures that decide among each other, and those of the others among themselves.
func (c *Comparison) test(gates []Gate) {
	c.Tests = c.correct(true)
	if len(gates) > 0 {
		c.correct(false)
	}
}

// correct returns how many tests there are of figures that decide, or of those that do not, and judges these figures.
func (c *Comparison) correct(decides bool) (tests int) {
	var p []float64
	c.each(func(_ *Arm, f *Figure) {
		if f.isTested && f.Decides == decides {
			p = append(p, *f.P)
		}
	})
	corrected := stats.Holm(p)
	c.each(func(_ *Arm, f *Figure) {
		switch {
		case f.Decides != decides:
			return
		case f.isTested:
			f.PCorrected = &corrected[0]
			corrected = corrected[1:]
		}
		f.judge(level / float64(max(len(p), 1)))
	})
	return len(p)
}

// judge finds the verdict of a figure whose p-value has been corrected. hardest is the level that the smallest of all p-values has
// to be below.
func (f *Figure) judge(hardest float64) {
	if f.judgeMissing() || f.judgePromise() {
		return
	}
	d := f.difference
	isSmall := f.Floor != nil && math.Abs(d.Shift) <= *f.Floor || math.Abs(d.Shift) < f.Size || d.Shift == 0
	switch {
	case d.Constant:
		f.Verdict = Same
	case *f.PCorrected < level && !isSmall:
		f.Verdict = f.direction(d.Shift)
	case d.IsBounded() && -f.Size <= d.Low && d.High <= f.Size:
		f.Verdict = Same
	default:
		f.Verdict = Inconclusive
		f.MoreRuns, f.Reason = f.wanting(hardest)
	}
}

// direction is the verdict of a difference that matters.
func (f *Figure) direction(shift float64) Verdict {
	if shift > 0 == f.HigherIsBetter {
		return Improved
	}
	return Regressed
}

// judgeMissing finds figures that a side does not have.
func (f *Figure) judgeMissing() bool {
	for _, side := range []struct {
		name string
		*Sample
	}{{"base", &f.Base}, {"new", &f.New}} {
		if len(side.Values) == 0 {
			f.Verdict, f.Reason = Inconclusive, "not in "+side.name+": "+side.Missing
			return true
		}
	}
	return false
}

// judgePromise compares exactly how often a promise was broken: by one side and not at all by the other.
func (f *Figure) judgePromise() bool {
	if f.spec.promised == nil {
		return false
	}
	baseRuns, baseTotal := f.Base.breaks()
	newRuns, newTotal := f.New.breaks()
	switch {
	case baseRuns == 0 && newRuns > 0:
		f.Verdict, f.Reason = Regressed, f.broken("new", newTotal, newRuns, len(f.New.Values), "base")
	case newRuns == 0 && baseRuns == len(f.Base.Values):
		f.Verdict, f.Reason = Improved, f.broken("base", baseTotal, baseRuns, len(f.Base.Values), "new")
	default:
		return false
	}
	return true
}

func (f *Figure) broken(side string, total uint64, runs, of int, other string) string {
	return fmt.Sprintf("%d against a promise, in %d of %s of %s, and none in %s", total, runs, reports.Plural(of, "run"), side, other)
}

// wanting says about how many more runs either side needs for a verdict.
func (f *Figure) wanting(hardest float64) (more int, reason string) {
	d := f.difference
	have := min(d.RunsBase, d.RunsNew)
	need := stats.RunsFor(f.toFind(), hardest, f.Base.Values, f.New.Values)
	if d.IsBounded() && need <= have {
		need = f.toTellSides(have)
	}
	need = max(need, f.toPassFloor(have))
	switch {
	case need >= stats.MostRuns:
		return stats.MostRuns, ""
	case d.IsBounded() && f.isNoWorse() && (f.Headline || f.Gate != ""):
		reason = "not worse by as much as matters"
	}
	return max(need-have, 1), reason
}

// toFind is the difference that enough runs have to find: the smallest one that matters, or the least that the interval leaves
// open where that is more. A difference that is plain to see takes few runs, not those for the smallest one of all.
func (f *Figure) toFind() float64 {
	d := f.difference
	if !d.IsBounded() {
		return f.Size
	}
	return max(f.Size, d.Low, -d.High)
}

// toTellSides is how many runs it takes to tell a difference that is about as large as the size that matters from one that is not.
func (f *Figure) toTellSides(have int) int {
	d := f.difference
	half := (d.High - d.Low) / 2
	distance := math.Abs(math.Abs(d.Shift) - f.Size)
	if distance == 0 {
		return stats.MostRuns
	}
	return int(math.Ceil(min(float64(have)*math.Pow(half/distance, 2), stats.MostRuns)))
}

// toPassFloor is how many runs bring the noise floor, which falls with their square root, below a difference that matters.
func (f *Figure) toPassFloor(have int) int {
	shift := math.Abs(f.difference.Shift)
	if f.Floor == nil || shift == 0 || shift < f.Size {
		return 0
	}
	return int(math.Ceil(min(float64(have)*math.Pow(*f.Floor/shift, 2), stats.MostRuns)))
}

// isNoWorse says whether the interval leaves out every difference that would be a regression.
func (f *Figure) isNoWorse() bool {
	if f.HigherIsBetter {
		return f.difference.Low > -f.Size
	}
	return f.difference.High < f.Size
}

// judge finds the verdict of the whole.
func (c *Comparison) judge() {
	w := c.weigh()
	switch {
	case len(w.found[Regressed]) > 0:
		c.Verdict, c.Reason = Regressed, w.named(Regressed)
	case len(w.found[Inconclusive]) > 0:
		c.Verdict, c.Reason = Inconclusive, c.undecided(w)
	case len(w.found[Improved]) > 0:
		c.Verdict, c.Reason = Improved, w.named(Improved)
	case len(c.Gates) > 0:
		c.Verdict, c.Reason = Same, "no gated figure differs by as much as its gate allows"
	default:
		c.Verdict, c.Reason = Same, "no headline figure differs by as much as matters, and no other was found to"
	}
}

// weighed is what the figures that decide come to.
type weighed struct {
	found   map[Verdict][]string // with what became of them
	decides string               // how many figures decide
	more    int                  // about how many more runs would tell of those that are open
	isVain  bool                 // of some of them none would
}

// weigh leaves out what is open without a gate or a headline: of dozens of figures some always are.
func (c *Comparison) weigh() weighed {
	w, decides := weighed{found: map[Verdict][]string{}}, 0
	c.each(func(a *Arm, f *Figure) {
		if !f.Decides {
			return
		}
		decides++
		if f.Verdict == Inconclusive && f.Gate == "" && !f.Headline {
			return
		}
		w.found[f.Verdict] = append(w.found[f.Verdict], c.describe(a, f))
		if f.Verdict == Inconclusive {
			w.note(f.MoreRuns)
		}
	})
	w.decides = reports.Plural(decides, "figure")
	if len(c.Gates) > 0 {
		w.decides = reports.Plural(decides, "gated figure")
	}
	return w
}

// note takes in how many more runs a figure needs.
func (w *weighed) note(more int) {
	if more >= stats.MostRuns {
		w.isVain = true
		return
	}
	w.more = max(w.more, more)
}

func (w weighed) named(v Verdict) string {
	return fmt.Sprintf("%d of %s: %s", len(w.found[v]), w.decides, some(w.found[v]))
}

// mostNamed is how many figures a sentence names.
const mostNamed = 3

func some(names []string) string {
	if more := len(names) - mostNamed; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:mostNamed], ", "), more)
	}
	return strings.Join(names, ", ")
}

// undecided says what is open and what would settle it.
func (c *Comparison) undecided(w weighed) string {
	if c.Base.Runs == 1 && c.New.Runs == 1 {
		return fmt.Sprintf("one run a side says nothing: the next differs from it by chance; at least %d more runs a side needed", max(w.more, 1))
	}
	open, more := "open: "+some(w.found[Inconclusive]), reports.Plural(w.more, "more run")
	switch {
	case w.isVain && w.more == 0:
		return open + "; the runs differ too much among each other for more of them to tell"
	case w.isVain:
		return fmt.Sprintf("%s; about %s a side would tell of some, and no number of the others", open, more)
	case w.more == 0:
		return open
	default:
		return fmt.Sprintf("%s; about %s a side would tell", open, more)
	}
}

// describe names a figure with what became of it.
func (c *Comparison) describe(a *Arm, f *Figure) string {
	name := f.Label
	if len(c.Arms) > 1 {
		name = a.Name + " " + name
	}
	switch {
	case f.Difference == nil:
		return name + " (" + f.Reason + ")"
	case f.Verdict == Inconclusive || f.Verdict == Same:
		return name
	case f.Reason != "":
		return name + " (" + f.Reason + ")"
	default:
		return name + " " + f.change()
	}
}

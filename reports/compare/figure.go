package compare

import (
	"slices"

	"mqttrace/reports/stats"
)

// Figure is one figure of an arm on both sides. What is nil cannot be told: an interval of too few runs is unbounded, and nothing is
// a share of a median of 0.
type Figure struct {
	Name           string `json:"name"`
	Label          string `json:"-"`
	Unit           Unit   `json:"unit"`
	HigherIsBetter bool   `json:"higher_is_better"`
	Headline       bool   `json:"headline"`
	// Decides says that the verdict of the whole depends on it.
	Decides bool `json:"decides"`
	// Gate is the gate that names it; empty for none.
	Gate string `json:"gate,omitempty"`
	Base Sample `json:"base"`
	New  Sample `json:"new"`
	// Difference is by how much new is above base (Hodges-Lehmann), with Interval at 95 %; Share is it over the base's median.
	Difference *float64  `json:"difference"`
	Interval   *Interval `json:"interval"`
	Share      *float64  `json:"share"`
	// Effect is Cliff's delta: 1 if every new run is above every base run.
	Effect *float64 `json:"effect"`
	// P is the test's p-value, and PCorrected the one to judge by; nil where there is nothing to test.
	P          *float64 `json:"p"`
	PCorrected *float64 `json:"p_corrected"`
	// Floor is the noise floor; nil if the base has one run.
	Floor *float64 `json:"noise_floor"`
	// Size is the smallest difference that matters.
	Size    float64 `json:"size"`
	Verdict Verdict `json:"verdict"`
	// Reason says what the numbers do not; mostly empty.
	Reason string `json:"reason,omitempty"`
	// MoreRuns is about how many more runs a side would tell, at most stats.MostRuns, from where on more of them are no remedy; 0
	// where the verdict is another than inconclusive, or a side has no value.
	MoreRuns int `json:"more_runs,omitempty"`

	spec       Spec
	difference stats.Difference
	isTested   bool
}

// Interval bounds a difference.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Sample is the values of a figure, one of each run that has it, in the order in which the runs started.
type Sample struct {
	Median *float64  `json:"median"`
	Values []float64 `json:"values"`
	// Missing says why runs do not have it; empty if all do.
	Missing string `json:"missing,omitempty"`

	broken []uint64 // of each value, how much of it breaks a promise
}

func (s *Sample) add(value float64, broken uint64) {
	s.Values = append(s.Values, value)
	s.broken = append(s.broken, broken)
}

// isZero says whether no value is another than 0.
func (s *Sample) isZero() bool {
	return !slices.ContainsFunc(s.Values, func(v float64) bool { return v != 0 })
}

// breaks is how many runs broke the promise, and how much all of them together.
func (s *Sample) breaks() (runs int, total uint64) {
	for _, b := range s.broken {
		if b > 0 {
			runs++
			total += b
		}
	}
	return runs, total
}

func newFigure(spec Spec) *Figure {
	return &Figure{
		Name: spec.Name, Label: spec.Label, Unit: spec.Unit, HigherIsBetter: spec.HigherIsBetter, Headline: spec.Headline,
		Base: Sample{Values: []float64{}}, New: Sample{Values: []float64{}}, spec: spec,
	}
}

// isShown says whether there is anything to see: counts of what did not happen anywhere are left out, those of messages apart.
func (f *Figure) isShown() bool {
	switch {
	case f.Gate != "":
		return true
	case len(f.Base.Values)+len(f.New.Values) == 0:
		return false
	case f.Name == "delivery.lost" || f.Name == "delivery.duplicated":
		return true
	}
	return f.Unit != Count || !f.Base.isZero() || !f.New.isZero()
}

// compare fills in the numbers that do not depend on other figures.
func (f *Figure) compare(size Size) {
	if len(f.Base.Values) == 0 || len(f.New.Values) == 0 {
		f.Size = size.Amount
		f.medians()
		return
	}
	d := stats.Compare(f.Base.Values, f.New.Values)
	f.difference, f.isTested = d, !d.Constant
	f.medians()
	f.Size = size.Of(d.Base)
	f.Difference, f.Effect = &d.Shift, &d.Delta
	if d.Base != 0 {
		f.Share = pointer(d.Shift / d.Base)
	}
	if d.IsBounded() {
		f.Interval = &Interval{d.Low, d.High}
	}
	if floor, ok := stats.NoiseFloor(f.Base.Values, d.RunsBase, d.RunsNew); ok {
		f.Floor = &floor
	}
	if f.isTested {
		f.P = &d.P
	}
}

func (f *Figure) medians() {
	for _, s := range []*Sample{&f.Base, &f.New} {
		if len(s.Values) > 0 {
			s.Median = pointer(stats.Median(s.Values))
		}
	}
}

func pointer[T any](v T) *T { return &v }

package stats

import (
	"errors"
	"math"
	"slices"
	"sort"

	"github.com/aclements/go-moremath/stats"
)

// Confidence is that of every interval.
const Confidence = 0.95

// Difference is by how much the runs of one side are above those of another, in the figure's unit.
type Difference struct {
	// Base and New are the medians of either side, RunsBase and RunsNew how many values there are.
	Base, New         float64
	RunsBase, RunsNew int
	// Shift is the median of all differences between a new and a base value (Hodges-Lehmann), which need not be exactly New - Base.
	Shift float64
	// Low and High bound the shift with Confidence. They are infinite where there are too few runs for that.
	Low, High float64
	// P is how likely values at least as far apart are if there is no difference (Mann-Whitney, two-sided), before any correction.
	P float64
	// Delta is Cliff's: 1 if every new value is above every base value, -1 if below, 0 if neither side tends to be higher.
	Delta float64
	// Constant says that all values of both sides are the same, so that there is nothing to test.
	Constant bool
}

// IsBounded reports whether there are enough runs for an interval.
func (d Difference) IsBounded() bool { return !math.IsInf(d.High, 1) }

// Compare tells the difference between two sides, each of which must have a value.
func Compare(base, changed []float64) Difference {
	d := Difference{Base: Median(base), New: Median(changed), RunsBase: len(base), RunsNew: len(changed), P: 1}
	pairs := differences(base, changed)
	d.Shift = medianOf(pairs)
	d.Low, d.High = shiftInterval(pairs, len(base), len(changed))
	below, err := stats.MannWhitneyUTest(changed, base, stats.LocationLess)
	if errors.Is(err, stats.ErrSamplesEqual) {
		d.Constant = true
		return d
	}
	above, err := stats.MannWhitneyUTest(base, changed, stats.LocationLess)
	if err == nil { // as it is, for both sides have values
		// Not the library's own two-sided test: it doubles the tail of the smaller U of the two, which with ties may be that of
		// the other side, and says 0 where all of five are above all of four.
		d.P = min(1, 2*min(below.P, above.P))
		d.Delta = 2*below.U/float64(len(pairs)) - 1
	}
	return d
}

// differences are those between each new and each base value, sorted.
func differences(base, changed []float64) []float64 {
	pairs := make([]float64, 0, len(base)*len(changed))
	for _, b := range base {
		for _, n := range changed {
			pairs = append(pairs, n-b)
		}
	}
	slices.Sort(pairs)
	return pairs
}

// shiftInterval leaves out as many differences at either end as U may count before the test is significant.
func shiftInterval(pairs []float64, n1, n2 int) (low, high float64) {
	outside := criticalU(n1, n2, 1-Confidence)
	if outside < 0 {
		return math.Inf(-1), math.Inf(1)
	}
	return pairs[outside], pairs[len(pairs)-1-outside]
}

// mostExact is how many runs of a side criticalU goes by the exact distribution for; the time that takes grows with the fourth power.
const mostExact = 25

// criticalU is the largest U that is significant at alpha, two-sided; -1 if none is.
func criticalU(n1, n2 int, alpha float64) int {
	if max(n1, n2) > mostExact {
		return criticalUOfMany(n1, n2, alpha)
	}
	dist := stats.UDist{N1: n1, N2: n2}
	return sort.Search(n1*n2/2+1, func(u int) bool { return exceeds(2*dist.CDF(float64(u)), alpha) }) - 1
}

// exceeds compares a sum of probabilities with a level that it may be meant to equal.
func exceeds(p, alpha float64) bool { return p > alpha*(1+1e-9) }

// criticalUOfMany goes by the normal approximation with its continuity correction, which is no further off than one from here on.
func criticalUOfMany(n1, n2 int, alpha float64) int {
	mean := float64(n1*n2) / 2
	deviation := math.Sqrt(float64(n1*n2) * float64(n1+n2+1) / 12)
	return int(math.Floor(mean + stats.StdNormal.InvCDF(alpha/2)*deviation - 0.5))
}

// Median is the middle of values, which need not be sorted; NaN if there is none.
func Median(values []float64) float64 {
	return medianOf(slices.Sorted(slices.Values(values)))
}

func medianOf(sorted []float64) float64 {
	return stats.Sample{Xs: sorted, Sorted: true}.Quantile(0.5)
}

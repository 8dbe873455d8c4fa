package stats

import (
	"math"

	"github.com/aclements/go-moremath/stats"
	"gonum.org/v1/gonum/stat"
)

// Power is how likely the number of runs that RunsFor advises finds a difference of the size asked for.
const Power = 0.9

// MostRuns is the most that RunsFor advises; where it would take more, more runs are no remedy for the noise.
const MostRuns = 1000

// FewestRuns is how many runs either side has to have for the test to be able to come out significant at alpha at all.
func FewestRuns(alpha float64) int {
	n := 2
	for n < stats.MannWhitneyExactLimit && exceeds(2*stats.UDist{N1: n, N2: n}.CDF(0), alpha) {
		n++
	}
	return n
}

// RunsFor is about how many runs either side has to have to find a difference of the given size at alpha, going by the spread of
// those that there are; MostRuns if it is that many or more. It is at least FewestRuns and at least 2.
func RunsFor(size, alpha float64, base, changed []float64) int {
	need := float64(FewestRuns(alpha))
	if n := float64(min(len(base), len(changed))); size > 0 {
		distance := stats.StdNormal.InvCDF(1-alpha/2) + stats.StdNormal.InvCDF(Power)
		ratio := distance * standardError(base, changed) / size
		need = max(need, n*ratio*ratio)
	}
	return int(math.Ceil(min(need, MostRuns)))
}

// standardError is that of the shift. It goes by the shift's interval, which no outlier widens much; with too few runs for one, by
// the standard deviation.
func standardError(base, changed []float64) float64 {
	d := Compare(base, changed)
	if d.IsBounded() {
		return (d.High - d.Low) / 2 / stats.StdNormal.InvCDF((1+Confidence)/2)
	}
	var squares, freedom float64
	for _, side := range [][]float64{base, changed} {
		if n := float64(len(side)); n > 1 {
			squares += stat.Variance(side, nil) * (n - 1)
			freedom += n - 1
		}
	}
	return math.Sqrt(squares / max(freedom, 1) * spreadOf(len(base), len(changed)))
}

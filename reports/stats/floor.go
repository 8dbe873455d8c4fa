package stats

import (
	"math"
	"math/rand/v2"

	"github.com/aclements/go-moremath/stats"
	"gonum.org/v1/gonum/stat/distuv"
)

const (
	// mostSplits bounds how many ways of halving the base runs are tried; of ten runs all 126 are.
	mostSplits = 200
	// floorQuantile is the share of halvings that stay below the floor.
	floorQuantile = 0.95
	// splitSeed makes the choice among more ways the same every time.
	splitSeed = 0xf1007
)

// NoiseFloor is how far apart two sets of runs come out with nothing changed between them, in 95 of 100 cases: the base runs are
// split into halves, and the difference between the halves is scaled to what sets of runsBase and runsNew would show, and widened
// as Student's t is for few runs, which show too little of the noise. ok is false for fewer than two base runs, which cannot tell.
func NoiseFloor(base []float64, runsBase, runsNew int) (floor float64, ok bool) {
	n := len(base)
	if n < 2 {
		return 0, false
	}
	half := n / 2
	var shifts []float64
	halvings(n, func(isFirst []bool) {
		shifts = append(shifts, math.Abs(shiftBetween(base, isFirst)))
	})
	largest := stats.Sample{Xs: shifts}.Quantile(floorQuantile)
	return largest * widened(n) * math.Sqrt(spreadOf(runsBase, runsNew)/spreadOf(half, n-half)), true
}

// widened is by how much an interval from n values is wider than one from very many.
func widened(n int) float64 {
	const p = (1 + floorQuantile) / 2
	return distuv.StudentsT{Sigma: 1, Nu: float64(n - 1)}.Quantile(p) / distuv.UnitNormal.Quantile(p)
}

// spreadOf is proportional to the variance of a difference between so many runs of either side.
func spreadOf(n1, n2 int) float64 { return 1/float64(n1) + 1/float64(n2) }

func shiftBetween(values []float64, isFirst []bool) float64 {
	var first, second []float64
	for i, v := range values {
		if isFirst[i] {
			first = append(first, v)
		} else {
			second = append(second, v)
		}
	}
	return medianOf(differences(first, second))
}

// halvings calls each with ways of splitting n into halves: with all of them if they are few, else with a sample.
func halvings(n int, each func(isFirst []bool)) {
	half, isFirst := n/2, make([]bool, n)
	switch {
	case n%2 == 0 && choose(n-1, half-1) <= mostSplits:
		isFirst[0] = true // the other way round is the same split
		everyChoice(isFirst, 1, half-1, each)
		return
	case n%2 == 1 && choose(n, half) <= mostSplits:
		everyChoice(isFirst, 0, half, each)
		return
	}
	random := rand.New(rand.NewPCG(splitSeed, uint64(n)))
	for range mostSplits {
		clear(isFirst)
		for _, i := range random.Perm(n)[:half] {
			isFirst[i] = true
		}
		each(isFirst)
	}
}

// everyChoice chooses some more from index from on, in every way.
func everyChoice(isChosen []bool, from, some int, each func([]bool)) {
	if some == 0 {
		each(isChosen)
		return
	}
	for i := from; i <= len(isChosen)-some; i++ {
		isChosen[i] = true
		everyChoice(isChosen, i+1, some-1, each)
		isChosen[i] = false
	}
}

// choose is how many ways there are of choosing k of n, as a float that is exact while it matters here.
func choose(n, k int) float64 {
	ways := 1.0
	for i := range k {
		ways *= float64(n-i) / float64(i+1)
	}
	return math.Round(ways)
}

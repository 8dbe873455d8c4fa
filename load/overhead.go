package load

import (
	"math"
	"math/rand/v2"
	"sort"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"mqttrace/load/result"
)

// sliceFigure is a figure that every slice of a comparison has, by the name that result files have for it.
type sliceFigure struct {
	name string
	of   func(sliceFigures) float64
}

var sliceFigureList = []sliceFigure{
	{"cpu_ns_per_message", func(s sliceFigures) float64 { return s.cost.CPUNSPerMessage }},
	{"allocs_per_message", func(s sliceFigures) float64 { return s.cost.AllocsPerMessage }},
	{"alloc_bytes_per_message", func(s sliceFigures) float64 { return s.cost.AllocBytesPerMsg }},
	{"wire_bytes_per_message", func(s sliceFigures) float64 { return s.wire }},
	{"broker_cpu_ns_per_message", func(s sliceFigures) float64 { return s.cost.BrokerCPUNSPerMessage }},
	{"gc_share", func(s sliceFigures) float64 { return s.cost.GCShare }},
	{"rate_per_s", func(s sliceFigures) float64 { return s.rate }},
	{"response.p50_ns", func(s sliceFigures) float64 { return s.response.p50 }},
	{"response.p99_ns", func(s sliceFigures) float64 { return s.response.p99 }},
	{"response.p999_ns", func(s sliceFigures) float64 { return s.response.p999 }},
	{"transit.p50_ns", func(s sliceFigures) float64 { return s.transit.p50 }},
	{"transit.p99_ns", func(s sliceFigures) float64 { return s.transit.p99 }},
	{"transit.p999_ns", func(s sliceFigures) float64 { return s.transit.p999 }},
}

// overhead compares each arm with each arm before it, over their slices.
func (r *run) overhead() []result.Difference {
	all := []result.Difference{}
	for j, arm := range r.arms {
		for _, base := range r.arms[:j] {
			for _, figure := range sliceFigureList {
				d, ok := difference(valuesOf(base.slices, figure), valuesOf(arm.slices, figure), r.scenario.Seed)
				if !ok {
					continue
				}
				d.Figure, d.Base, d.Arm = figure.name, base.setting.Name, arm.setting.Name
				all = append(all, d)
			}
		}
	}
	return all
}

// weighted are the values of one figure with the messages that each is of: a slice in which hardly anything was sent says hardly
// anything of what a message costs.
type weighted struct{ values, weights []float64 }

// valuesOf takes one figure of the slices that have it.
func valuesOf(slices []sliceFigures, figure sliceFigure) (w weighted) {
	for _, s := range slices {
		if v := figure.of(s); !math.IsNaN(v) {
			w.values = append(w.values, v)
			w.weights = append(w.weights, float64(s.messages))
		}
	}
	return w
}

func (w weighted) len() int { return len(w.values) }

func (w weighted) mean() float64 { return stat.Mean(w.values, w.weights) }

// resampledMean is the mean of as many slices, drawn with replacement.
func (w weighted) resampledMean(random *rand.Rand) float64 {
	var sum, weight float64
	for range w.values {
		i := random.IntN(len(w.values))
		sum += w.values[i] * w.weights[i]
		weight += w.weights[i]
	}
	return sum / weight
}

const (
	resamples  = 2000
	confidence = 0.95
	// detection is the confidence at which a difference counts as detected: higher, because a comparison looks at a dozen
	// figures of each pair of arms.
	detection = 0.99
	minSlices = 3 // of each arm, fewer than which say nothing of the spread
)

// difference estimates by how much the mean of arm is above that of base, with an interval by bootstrap over the slices. ok is
// false where there are too few slices.
func difference(base, arm weighted, seed uint64) (d result.Difference, ok bool) {
	n := min(base.len(), arm.len())
	if n < minSlices {
		return d, false
	}
	random := rand.New(rand.NewPCG(seed, 0xd1f))
	d.BaseMean = base.mean()
	d.Diff = arm.mean() - d.BaseMean
	diffs := make([]float64, resamples)
	for i := range diffs {
		diffs[i] = arm.resampledMean(random) - base.resampledMean(random)
	}
	sort.Float64s(diffs)
	d.Low, d.High = interval(diffs, confidence, n)
	d.Floor = noiseFloor(base, random)
	low, high := interval(diffs, detection, n)
	d.Detected = (low > 0 || high < 0) && math.Abs(d.Diff) > d.Floor
	return d, true
}

// interval leaves out the ends of sorted resamples that stand for n values.
func interval(sorted []float64, confidence float64, n int) (low, high float64) {
	tail := tailFor(confidence, n)
	return stat.Quantile(tail, stat.Empirical, sorted, nil), stat.Quantile(1-tail, stat.Empirical, sorted, nil)
}

// tailFor is the share of resamples to leave out on either side. A bootstrap of few values is too sure of itself: this expands
// the interval to the width that Student's t would have (Hesterberg, "What Teachers Should Know About the Bootstrap", 2015).
func tailFor(confidence float64, n int) float64 {
	t := distuv.StudentsT{Sigma: 1, Nu: float64(n - 1)}.Quantile((1 - confidence) / 2)
	return distuv.UnitNormal.CDF(t * math.Sqrt(float64(n)/float64(n-1)))
}

// noiseFloor is how far apart two comparisons of the base with itself would come out, in 95 of 100 cases: its slices are split
// at random, and the difference of the halves is scaled to that of the whole.
func noiseFloor(base weighted, random *rand.Rand) float64 {
	order := random.Perm(base.len())
	halves := [2][]int{order[:len(order)/2], order[len(order)/2:]}
	floors := make([]float64, resamples)
	for i := range floors {
		random.Shuffle(len(order), func(a, b int) { order[a], order[b] = order[b], order[a] })
		floors[i] = math.Abs(base.meanOf(halves[0])-base.meanOf(halves[1])) / math.Sqrt2
	}
	sort.Float64s(floors)
	return stat.Quantile(confidence, stat.Empirical, floors, nil)
}

func (w weighted) meanOf(slices []int) float64 {
	var sum, weight float64
	for _, i := range slices {
		sum += w.values[i] * w.weights[i]
		weight += w.weights[i]
	}
	return sum / weight
}

// settled reports whether the interval of every arm's CPU time per message, as a share of it, is narrower than width.
func (r *run) settled(width float64) bool {
	figure := sliceFigureList[0]
	for _, a := range r.arms {
		w := valuesOf(a.slices, figure)
		if w.len() < minSlicesToStop {
			return false
		}
		mean, spread := stat.MeanStdDev(w.values, w.weights)
		n := float64(w.len())
		half := -distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile((1-confidence)/2) * spread / math.Sqrt(n)
		if half > width/2*mean {
			return false
		}
	}
	return true
}

// minSlicesToStop is how many slices each arm has at least before a comparison may end early.
const minSlicesToStop = 10

package result

import (
	"math"
	"math/bits"
)

// Bins counts durations by size, finely enough to draw and no finer: Counts[i] belongs to bin First+i. Bin 0 is for
// everything below a microsecond, negative durations included; the others divide each decade above into BinsPerDecade parts of
// the same ratio, as BinStart says.
type Bins struct {
	First  int      `json:"first"`
	Counts []uint64 `json:"counts"` // the outer ones are not 0
}

const (
	// BinsPerDecade is how many bins there are from a duration to ten times as much.
	BinsPerDecade = 10
	// MaxBins is how many bins there are; the last is for everything from 10^12 ns, a little over a quarter of an hour.
	MaxBins = 1 + 9*BinsPerDecade + 1
)

// lowest is the upper end of bin 0, in ns.
const lowest = 1000

// BinStart is the lower end of a bin in ns, which is in it; 0 for bin 0.
func BinStart(bin int) float64 {
	if bin <= 0 {
		return 0
	}
	return lowest * math.Pow(10, float64(bin-1)/BinsPerDecade)
}

// BinOf is the bin that a duration of so many ns falls into. It is for every message: it takes a few nanoseconds.
func BinOf(ns int64) int {
	if ns < lowest {
		return 0
	}
	bin := firstOfLength[bits.Len64(uint64(ns))]
	for bin < MaxBins-1 && ns >= binStarts[bin+1] {
		bin++
	}
	return bin
}

var (
	// binStarts are the first whole ns of each bin.
	binStarts [MaxBins]int64
	// firstOfLength is the bin of the smallest number of so many bits.
	firstOfLength [65]int
)

func init() {
	for bin := range binStarts {
		binStarts[bin] = int64(math.Ceil(BinStart(bin)))
	}
	for length := 1; length < len(firstOfLength); length++ {
		smallest := uint64(1) << (length - 1)
		for firstOfLength[length] < MaxBins-1 && smallest >= uint64(binStarts[firstOfLength[length]+1]) {
			firstOfLength[length]++
		}
	}
}

// NewBins leaves the bins without a count out of a list of all; nil if all are.
func NewBins(all *[MaxBins]uint64) *Bins {
	first, end := 0, MaxBins
	for first < end && all[first] == 0 {
		first++
	}
	for end > first && all[end-1] == 0 {
		end--
	}
	if first == end {
		return nil
	}
	return &Bins{First: first, Counts: append([]uint64(nil), all[first:end]...)}
}

// AddTo adds the counts to those of all bins; bins that there are not are left out. It does nothing to nil.
func (b *Bins) AddTo(all *[MaxBins]uint64) {
	if b == nil {
		return
	}
	for i, n := range b.Counts {
		if bin := b.First + i; bin >= 0 && bin < MaxBins {
			all[bin] += n
		}
	}
}

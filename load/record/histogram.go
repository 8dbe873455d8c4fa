package record

import (
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

const (
	highest     = int64(10 * time.Minute)
	significant = 3 // decimal digits
)

// Histogram is a distribution of durations: HdrHistograms of 1 ns to 10 minutes for both signs, with the count, sum and extremes
// kept exactly. A negative duration is a value like any other and one past the range is counted. Not safe for concurrent
// use. The zero value is empty and ready.
type Histogram struct {
	tally
	positive, negative *hdrhistogram.Histogram // nil until needed; negative holds magnitudes
}

// tally is what is known exactly of a distribution, however its values are kept.
type tally struct {
	negatives   uint64
	over, under uint64 // past the range, above and below
	count       uint64
	sum         float64
	min, max    int64
}

// Record adds one value.
func (h *Histogram) Record(d time.Duration) {
	v := int64(d)
	if h.count == 0 {
		h.min, h.max = v, v
	}
	h.count++
	h.sum += float64(v)
	h.min, h.max = min(h.min, v), max(h.max, v)
	if v < 0 {
		h.recordNegative(v)
		return
	}
	if h.positive == nil {
		h.positive = newHDR()
	}
	if h.positive.RecordValue(v) != nil {
		h.over++
	}
}

func (h *Histogram) recordNegative(v int64) {
	h.negatives++
	if h.negative == nil {
		h.negative = newHDR()
	}
	if h.negative.RecordValue(-v) != nil {
		h.under++
	}
}

func newHDR() *hdrhistogram.Histogram { return hdrhistogram.New(1, highest, significant) }

// Count is how many values were recorded.
func (h *Histogram) Count() uint64 { return h.count }

// Max is the largest value, 0 if there is none.
func (h *Histogram) Max() time.Duration { return time.Duration(h.max) }

// Merge adds all values of other.
func (h *Histogram) Merge(other *Histogram) {
	if other.count == 0 {
		return
	}
	h.add(&other.tally)
	mergeHDR(&h.positive, other.positive)
	mergeHDR(&h.negative, other.negative)
}

// add adds the values of other as far as a tally knows them.
func (t *tally) add(other *tally) {
	if other.count == 0 {
		return
	}
	if t.count == 0 {
		t.min, t.max = other.min, other.max
	}
	t.min, t.max = min(t.min, other.min), max(t.max, other.max)
	t.count += other.count
	t.sum += other.sum
	t.negatives += other.negatives
	t.over += other.over
	t.under += other.under
}

func mergeHDR(into **hdrhistogram.Histogram, from *hdrhistogram.Histogram) {
	if from == nil {
		return
	}
	if *into == nil {
		*into = newHDR()
	}
	(*into).Merge(from) // drops nothing: both have the same range
}

// Reset forgets all values and keeps the memory.
func (h *Histogram) Reset() {
	positive, negative := h.positive, h.negative
	if h.negatives > 0 {
		negative.Reset()
	}
	if h.count > h.negatives {
		positive.Reset()
	}
	*h = Histogram{positive: positive, negative: negative}
}

// Quantile returns the smallest recorded value, to the histogram's precision, that at least a share q of all values do not
// exceed; q is above 0 and at most 1. Values past the range count as its end, and the answer never leaves the range of what
// was recorded. It is 0 if nothing was recorded.
func (h *Histogram) Quantile(q float64) time.Duration {
	return h.quantile(q, h.positive, h.negative)
}

// values are those of one sign, within the range.
type values interface {
	ValueAtPercentile(percentile float64) int64
}

// quantile is Quantile, of the values that the tally is of. Those of a sign that there are none of are not asked.
func (t *tally) quantile(q float64, positive, negative values) time.Duration {
	if t.count == 0 {
		return 0
	}
	rank := uint64(math.Ceil(q * float64(t.count)))
	return time.Duration(min(max(t.atRank(max(rank, 1), positive, negative), t.min), t.max))
}

// atRank returns the value of a rank from 1 (the smallest) to count.
func (t *tally) atRank(rank uint64, positive, negative values) int64 {
	within := t.negatives - t.under
	switch {
	case rank <= t.under:
		return -highest
	case rank <= t.negatives:
		fromZero := t.negatives - rank + 1
		return -negative.ValueAtPercentile(percent(fromZero, within))
	case rank <= t.count-t.over:
		return positive.ValueAtPercentile(percent(rank-t.negatives, t.count-t.negatives-t.over))
	default:
		return highest
	}
}

// percent is the percentile of a rank. The library makes a rank of it again, rounding up: a quarter less keeps the error of the
// division from making it the next.
func percent(rank, of uint64) float64 { return 100 * (float64(rank) - 0.25) / float64(of) }

package record

import (
	"errors"
	"fmt"
	"math"

	"github.com/HdrHistogram/hdrhistogram-go"

	"mqttrace/load/result"
)

// HistogramOf is the distribution that a result has of a latency, to add others to. Counts, extremes and percentiles are what they were;
// the sum is known as closely as the mean is. It fails if the result contradicts itself.
func HistogramOf(l result.Latency) (*Histogram, error) {
	h := &Histogram{tally: tally{count: l.Count, negatives: l.Negative, min: l.MinNS, max: l.MaxNS, sum: float64(l.MeanNS) * float64(l.Count)}}
	if l.Count == 0 {
		return new(Histogram), nil
	}
	if l.Negative > l.Count || l.Overflow > l.Count || l.MinNS > l.MaxNS {
		return nil, errors.New("its counts contradict each other")
	}
	var err error
	if h.positive, h.over, err = half(l.HDR, l.Count-l.Negative); err != nil {
		return nil, err
	}
	if h.negative, h.under, err = half(l.HDRNegative, l.Negative); err != nil {
		return nil, fmt.Errorf("below zero: %w", err)
	}
	if h.over+h.under != l.Overflow {
		return nil, fmt.Errorf("%d of %d values are in neither the histogram nor past its range", h.over+h.under, l.Count)
	}
	return h, nil
}

// half decodes the histogram of one sign, and says how many of that sign's values are past its range.
func half(encoded string, count uint64) (h *hdrhistogram.Histogram, beyond uint64, err error) {
	if encoded == "" {
		return nil, count, nil
	}
	if h, err = hdrhistogram.Decode([]byte(encoded)); err != nil {
		return nil, 0, err
	}
	if h.LowestTrackableValue() != 1 || h.HighestTrackableValue() != highest || h.SignificantFigures() != significant {
		return nil, 0, errors.New("it is of another range or precision than this version's")
	}
	within := uint64(h.TotalCount())
	if within > count {
		return nil, 0, fmt.Errorf("it has %d values, more than the %d there are", within, count)
	}
	return h, count - within, nil
}

// encode renders the histogram of one sign; empty if there is none.
func encode(h *hdrhistogram.Histogram) (string, error) {
	if h == nil {
		return "", nil
	}
	encoded, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return "", fmt.Errorf("encode histogram: %w", err)
	}
	return string(encoded), nil
}

// Latency renders the distribution as result files have it.
func (h *Histogram) Latency() (l result.Latency, err error) {
	l = h.summary(h.positive, h.negative)
	if h.count == 0 {
		return l, nil
	}
	if h.positive == nil {
		h.positive = newHDR()
	}
	if l.HDR, err = encode(h.positive); err != nil {
		return l, err
	}
	l.HDRNegative, err = encode(h.negative)
	return l, err
}

// summary is what results say of a distribution, without the histograms.
func (t *tally) summary(positive, negative values) result.Latency {
	l := result.Latency{Count: t.count, Negative: t.negatives, Overflow: t.over + t.under}
	if t.count == 0 {
		return l
	}
	l.MinNS, l.MaxNS, l.MeanNS = t.min, t.max, int64(math.Round(t.sum/float64(t.count)))
	percentile := func(q float64, atLeast uint64) *int64 {
		if t.count < atLeast {
			return nil // too few values for it to mean anything
		}
		v := int64(t.quantile(q, positive, negative))
		return &v
	}
	l.P50NS = percentile(0.5, 1)
	l.P90NS = percentile(0.9, 10)
	l.P95NS = percentile(0.95, 20)
	l.P99NS = percentile(0.99, 100)
	l.P999NS = percentile(0.999, 10_000)
	return l
}

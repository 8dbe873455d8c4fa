package record

import (
	"sync"

	"github.com/HdrHistogram/hdrhistogram-go"

	"mqttrace/load/result"
)

// Sketch renders latencies while they are still being recorded. It adds them up in memory that it keeps for the next time, a few
// bytes for each bucket with values, so that looking at a run over and over takes next to none. Not safe for concurrent use. The zero
// value is ready.
type Sketch struct {
	tally
	positive, negative *hdrhistogram.PackedHistogram // nil until the first look
	stripe             *hdrhistogram.PackedHistogram // of the one being added
}

// Latencies renders every latency of r that has values, as Recorder.Latencies does, with sparse histograms (see result.Sparse).
func (s *Sketch) Latencies(r *Recorder) map[string]result.Latency {
	all := make(map[string]result.Latency)
	for l, name := range latencyNames {
		s.reset()
		for _, stripe := range r.stripes {
			s.add(&stripe.mu, &stripe.total[l])
		}
		if s.count == 0 {
			continue
		}
		rendered := s.summary(s.positive, s.negative)
		rendered.HDR = result.SparseHDR(s.positive)
		if s.negatives > 0 {
			rendered.HDRNegative = result.SparseHDR(s.negative)
		}
		all[name] = rendered
	}
	return all
}

// reset forgets all values and keeps the memory.
func (s *Sketch) reset() {
	if s.positive == nil {
		s.positive, s.negative, s.stripe = newPackedHDR(), newPackedHDR(), newPackedHDR()
	}
	s.tally = tally{}
	s.positive.Reset()
	s.negative.Reset()
}

func newPackedHDR() *hdrhistogram.PackedHistogram {
	return hdrhistogram.NewPacked(1, highest, significant)
}

// add adds the values of a histogram that mu guards.
func (s *Sketch) add(mu *sync.Mutex, h *Histogram) {
	mu.Lock()
	defer mu.Unlock()
	s.tally.add(&h.tally)
	s.addHDR(s.positive, h.positive)
	s.addHDR(s.negative, h.negative)
}

// addHDR goes by way of a copy: to merge two packed histograms takes one pass, while each bucket put into the middle of one moves all
// that come after it.
func (s *Sketch) addHDR(into *hdrhistogram.PackedHistogram, from *hdrhistogram.Histogram) {
	if from == nil || from.TotalCount() == 0 {
		return
	}
	s.stripe.Reset()
	s.stripe.MergeFrom(from) // drops nothing, here and below: all have the same range
	into.Merge(s.stripe)
}

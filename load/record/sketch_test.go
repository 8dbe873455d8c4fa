package record

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
)

// recorded makes a recorder that n messages have left every latency in: a hundredth negative, one in a thousand past the range.
func recorded(n int) *Recorder {
	random := rand.New(rand.NewPCG(5, 6))
	r := NewRecorder(4)
	draw := func() time.Duration {
		d := time.Duration(random.ExpFloat64() * float64(time.Millisecond))
		switch random.IntN(1000) {
		case 0:
			return 2 * highestDuration
		case 1:
			return -2 * highestDuration
		case 2, 3, 4, 5, 6, 7, 8, 9:
			return -d
		}
		return d
	}
	for i := range n {
		s := r.Stripe(i)
		s.Sent(draw(), 0, 100)
		s.Acked(draw(), false)
		s.Received(draw(), draw())
		for _, l := range []Latency{Trace, Process, Connect, Subscribe} {
			s.Record(l, draw())
		}
	}
	return r
}

// What is shown of a run that goes on is what its result would have.
func TestSketchIsWhatAResultHas(t *testing.T) {
	var s Sketch
	assert.Empty(t, s.Latencies(NewRecorder(4)))
	for _, n := range []int{1, 30_000, 200} { // what was added before is forgotten
		r := recorded(n)
		want, err := r.Latencies()
		require.NoError(t, err)
		got := s.Latencies(r)
		assert.Contains(t, got[result.Response].HDR, result.Sparse)
		whole := result.Result{Arms: []result.Arm{{Latency: got}}}
		require.NoError(t, whole.Compress())
		assert.Equal(t, want, got)
	}
}

// A look at a run, and for comparison the same of its result.
func BenchmarkLatencies(b *testing.B) {
	r := recorded(10_000)
	b.Run("of=result", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, err := r.Latencies()
			require.NoError(b, err)
		}
	})
	b.Run("of=look", func(b *testing.B) {
		var s Sketch
		b.ReportAllocs()
		for b.Loop() {
			s.Latencies(r)
		}
	})
}

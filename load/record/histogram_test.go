package record

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHistogramQuantiles(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	cases := []struct {
		name  string
		value func() time.Duration
	}{
		{"microseconds", func() time.Duration { return time.Duration(random.ExpFloat64() * 1e5) }},
		{"around zero", func() time.Duration { return time.Duration(random.NormFloat64() * 1e6) }},
		{"all negative", func() time.Duration { return -time.Duration(1 + random.ExpFloat64()*1e6) }},
		{"one value", func() time.Duration { return 42 * time.Microsecond }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var h Histogram
			values := make([]time.Duration, 12_345)
			for i := range values {
				values[i] = c.value()
				h.Record(values[i])
			}
			slices.Sort(values)
			for _, q := range []float64{0.0001, 0.01, 0.5, 0.9, 0.95, 0.99, 0.999, 1} {
				rank := int(q*float64(len(values)) + 0.999999)
				want := values[max(rank, 1)-1]
				assert.InDelta(t, int64(want), int64(h.Quantile(q)), float64(want.Abs())/1000+1, "q=%v", q)
			}
			assert.EqualValues(t, values[0], h.min)
			assert.Equal(t, values[len(values)-1], h.Max())
		})
	}
}

func TestHistogramOutOfRange(t *testing.T) {
	var h Histogram
	h.Record(-time.Hour)
	h.Record(time.Millisecond)
	h.Record(2 * time.Hour)
	l, err := h.Latency()
	require.NoError(t, err)
	assert.EqualValues(t, 3, l.Count)
	assert.EqualValues(t, 2, l.Overflow)
	assert.EqualValues(t, 1, l.Negative)
	assert.EqualValues(t, -time.Hour, l.MinNS)
	assert.EqualValues(t, 2*time.Hour, l.MaxNS)
	assert.InDelta(t, int64(time.Millisecond), *l.P50NS, 1000)
	assert.EqualValues(t, 10*time.Minute, h.Quantile(1), "the range's end")
}

func TestHistogramWithholdsPercentilesOfSmallSamples(t *testing.T) {
	var h Histogram
	empty, err := h.Latency()
	require.NoError(t, err)
	assert.Nil(t, empty.P50NS)
	for range 9_999 {
		h.Record(time.Millisecond)
	}
	l, err := h.Latency()
	require.NoError(t, err)
	assert.NotNil(t, l.P99NS)
	assert.Nil(t, l.P999NS)
	h.Record(time.Millisecond)
	l, err = h.Latency()
	require.NoError(t, err)
	assert.NotNil(t, l.P999NS)
}

func TestHistogramMergeIsExact(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var whole, a, b, into Histogram
	for i := range 10_000 {
		v := time.Duration(random.NormFloat64() * 1e7)
		whole.Record(v)
		if i%3 == 0 {
			a.Record(v)
		} else {
			b.Record(v)
		}
	}
	into.Merge(&a)
	into.Merge(&Histogram{})
	into.Merge(&b)
	want, err := whole.Latency()
	require.NoError(t, err)
	got, err := into.Latency()
	require.NoError(t, err)
	assert.Equal(t, want, got)
	decoded, err := hdrhistogram.Decode([]byte(got.HDR))
	require.NoError(t, err)
	assert.EqualValues(t, got.Count-got.Negative, decoded.TotalCount())
}

func TestHistogramReset(t *testing.T) {
	var h Histogram
	h.Record(-time.Second)
	h.Record(time.Second)
	h.Reset()
	h.Record(time.Millisecond)
	fresh := Histogram{}
	fresh.Record(time.Millisecond)
	assert.Equal(t, fresh.Quantile(0.5), h.Quantile(0.5))
	assert.EqualValues(t, 1, h.Count())
}

func BenchmarkHistogramRecord(b *testing.B) {
	var h Histogram
	b.ReportAllocs()
	v := time.Microsecond
	for b.Loop() {
		h.Record(v)
		v = (v * 3) % time.Second
	}
}

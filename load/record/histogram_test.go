package record

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
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

// What results have of the parts of a distribution adds up to what one has of the whole.
func TestLatenciesOfPartsAddUp(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	var whole, merged Histogram
	parts := make([]Histogram, 5)
	for range 60_000 {
		d := time.Duration(random.NormFloat64()*float64(2*time.Millisecond)) + 3*time.Millisecond
		switch random.IntN(10_000) {
		case 0:
			d = 2 * highestDuration
		case 1:
			d = -2 * highestDuration
		}
		whole.Record(d)
		parts[random.IntN(4)].Record(d) // the last stays empty
	}
	for i := range parts {
		l, err := parts[i].Latency()
		require.NoError(t, err)
		again, err := HistogramOf(l)
		require.NoError(t, err)
		rendered, err := again.Latency()
		require.NoError(t, err)
		assert.Equal(t, l, rendered, "read and written again")
		merged.Merge(again)
	}
	want, err := whole.Latency()
	require.NoError(t, err)
	got, err := merged.Latency()
	require.NoError(t, err)
	assert.Positive(t, want.Negative)
	assert.Positive(t, want.Overflow)
	assert.InDelta(t, want.MeanNS, got.MeanNS, 1, "each part's mean is rounded")
	got.MeanNS = want.MeanNS
	assert.Equal(t, want, got)
}

const highestDuration = time.Duration(highest)

func TestLatenciesThatContradictThemselves(t *testing.T) {
	var h Histogram
	for range 100 {
		h.Record(time.Millisecond)
	}
	cases := []struct {
		name   string
		change func(*result.Latency)
		want   string
	}{
		{"more than there are", func(l *result.Latency) { l.Count = 99 }, "it has 100 values, more than the 99 there are"},
		{"fewer", func(l *result.Latency) { l.Count = 101 }, "1 of 101 values are in neither"},
		{"no histogram", func(l *result.Latency) { l.HDR = "" }, "100 of 100 values are in neither"},
		{"damaged", func(l *result.Latency) { l.HDR = "AAAA" }, "too short"},
		{"all negative", func(l *result.Latency) { l.Negative = 101 }, "contradict"},
		{"another range", func(l *result.Latency) {
			b, _ := hdrhistogram.New(1, 1000, 2).Encode(hdrhistogram.V2CompressedEncodingCookieBase)
			l.HDR = string(b)
		}, "another range"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l, err := h.Latency()
			require.NoError(t, err)
			c.change(&l)
			_, err = HistogramOf(l)
			assert.ErrorContains(t, err, c.want)
		})
	}
}

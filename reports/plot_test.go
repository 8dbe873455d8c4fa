package reports_test

import (
	"bytes"
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
	"mqttrace/reports"
)

// drawn is a plot as the script of a page gets it; nil is a gap.
type drawn struct {
	At     []float64
	Until  float64
	Series []struct {
		Label  string
		Values []*float64
		Marked []int
		Hidden bool
	}
	Heat *struct {
		Width   float64
		Edges   []float64
		Columns []struct {
			First  int
			Counts []uint64
		}
		Most uint64
	}
	Bands []struct {
		From, Until float64
		Label       string
	}
	Marks []struct {
		Axis, Label string
		At          float64
	}
}

// plots are those on the page of a result, without the result's own prefix.
func plots(t *testing.T, r *result.Result) map[string]drawn {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, reports.HTML(&b, inFiles(r), reports.HTMLOptions{}))
	data := regexp.MustCompile(`(?s)<script type="application/json" id="data">(.*?)</script>`).FindSubmatch(b.Bytes())
	require.NotNil(t, data)
	var update struct{ Plots map[string]drawn }
	require.NoError(t, json.Unmarshal(data[1], &update))
	all := map[string]drawn{}
	for name, p := range update.Plots {
		all[name[len("r1-"):]] = p
	}
	return all
}

// line are the values of a series by its label, gaps as NaN.
func (d drawn) line(t *testing.T, label string) (values []float64) {
	t.Helper()
	for _, s := range d.Series {
		if s.Label == label {
			for _, v := range s.Values {
				if v == nil {
					values = append(values, math.NaN())
					continue
				}
				values = append(values, *v)
			}
			return values
		}
	}
	require.Fail(t, "no series "+label)
	return nil
}

// at is the value of a line at a place.
func (d drawn) value(t *testing.T, label string, at float64) float64 {
	t.Helper()
	i := slices.Index(d.At, at)
	require.GreaterOrEqual(t, i, 0, "no place %v", at)
	return d.line(t, label)[i]
}

func TestPlotsOverTimeKeepExtremes(t *testing.T) {
	r := hour(3600, "record")
	r.Arms[0].Series[1234].P99NS = 9e9
	r.Arms[0].Series[2345].Received = 0
	r.Arms[0].Series[3456].Received = 5000
	all := plots(t, r)
	assert.Less(t, len(all["course"].At), 401)
	assert.Equal(t, 9e9, slices.Max(all["course"].line(t, "p99")))
	received := all["rate"].line(t, "received")
	assert.Equal(t, 0.0, slices.Min(received))
	assert.Equal(t, 5000.0, slices.Max(received))
	assert.True(t, slices.IsSorted(all["rate"].At))
}

func TestPlotsOverTimeLeaveOutWhatIsLeftOfASecond(t *testing.T) {
	r := eventful()
	left := r.Arms[0].Series[10]
	left.AtNS, left.LengthNS, left.Received = 22e9, 3e6, 0
	r.Arms[0].Series = append(r.Arms[0].Series, left)
	p := plots(t, r)["rate"]
	assert.Equal(t, 21.0, p.At[len(p.At)-1])
	assert.Equal(t, 22.0, p.Until, "the last second takes a second")
	assert.Positive(t, slices.Min(p.line(t, "received")))
}

func TestPlotsOverTimeShowWhatWasDone(t *testing.T) {
	for name, p := range plots(t, eventful()) {
		if name == "percentiles" {
			continue
		}
		var labels []string
		for _, b := range p.Bands {
			labels = append(labels, b.Label)
		}
		assert.Equal(t, []string{"warm-up", "sensors: from 100/s to 1000/s", "sensors: steady", "alarms: sends", "exporter: slow", "exporter: stall"}, labels, name)
		assert.Equal(t, 14.0, p.Bands[3].From, name)
		assert.Equal(t, 15.0, p.Bands[3].Until, name)
		assert.Equal(t, 2.0, p.Bands[4].From, name)
		assert.Equal(t, 5.0, p.Bands[4].Until, name)
	}
	p := plots(t, eventful())["course"]
	require.Len(t, p.Marks, 1)
	assert.Equal(t, "response.p99 < 20ms", p.Marks[0].Label)
	assert.Equal(t, 20e6, p.Marks[0].At)
}

func TestHeatMapsHaveEveryMessage(t *testing.T) {
	for name, r := range map[string]*result.Result{"seconds": eventful(), "a long run": hour(1000, "off", "record"), "slices": comparison("off", "record")} {
		t.Run(name, func(t *testing.T) {
			var want, most uint64
			for _, p := range r.Arms[0].Series {
				for _, n := range p.Response.Counts {
					want += n
				}
			}
			heat := plots(t, r)["heat-0"].Heat
			require.NotNil(t, heat)
			var got uint64
			for _, c := range heat.Columns {
				for _, n := range c.Counts {
					got += n
					most = max(most, n)
				}
				assert.Less(t, c.First+len(c.Counts), len(heat.Edges), "every bin has two edges")
			}
			assert.Equal(t, want, got)
			assert.GreaterOrEqual(t, heat.Most, most)
			assert.LessOrEqual(t, len(heat.Columns), 300)
			assert.True(t, slices.IsSorted(heat.Edges))
		})
	}
}

// even is a latency of 1 to n µs, each once, with some of them below zero instead and some past the histogram's range.
func even(t *testing.T, n, negative, past int) result.Latency {
	t.Helper()
	h := hdrhistogram.New(1, int64(time.Hour), 3)
	for i := negative; i < n-past; i++ {
		require.NoError(t, h.RecordValue(int64(i+1)*1000))
	}
	encoded, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	require.NoError(t, err)
	at := func(share float64) *int64 {
		v, rank := int64(n)*1000, share*float64(n)-float64(negative)
		if within := float64(n - negative - past); rank <= within {
			v = h.ValueAtPercentile(100 * (rank - 0.5) / within)
		}
		return &v
	}
	return result.Latency{
		Count: uint64(n), MinNS: 1000, MaxNS: int64(n) * 1000, P50NS: at(0.5), P90NS: at(0.9), P99NS: at(0.99), P999NS: at(0.999),
		Negative: uint64(negative), Overflow: uint64(past), HDR: string(encoded),
	}
}

func TestPercentileCurves(t *testing.T) {
	curve := func(l result.Latency) map[string]drawn {
		r := passed()
		r.Arms[0].Latency = map[string]result.Latency{result.Response: l}
		return plots(t, r)
	}
	t.Run("agree with the table", func(t *testing.T) {
		l := even(t, 100_000, 0, 0)
		p := curve(l)["percentiles"]
		assert.InEpsilon(t, 1000, p.value(t, "response", 1), 0.01)
		for x, ns := range map[float64]*int64{2: l.P50NS, 10: l.P90NS, 100: l.P99NS, 1000: l.P999NS} {
			assert.InEpsilon(t, *ns, p.value(t, "response", x), 1e-3) // of what is written with four digits
		}
		assert.Equal(t, 100e6, p.value(t, "response", 100_000))
		assert.Len(t, p.Series[0].Marked, 4)
		assert.True(t, slices.IsSorted(p.line(t, "response")), "and rise")
		require.Len(t, p.Marks, 1)
		assert.Equal(t, 10_000.0, p.Marks[0].At, "fewer than ten messages beyond")
	})
	t.Run("of negative values begin where they end", func(t *testing.T) {
		p := curve(even(t, 100_000, 20_000, 0))["percentiles"]
		assert.True(t, math.IsNaN(p.value(t, "response", 1)))
		assert.InEpsilon(t, 50e6, p.value(t, "response", 2), 1e-3)
		rising := slices.DeleteFunc(p.line(t, "response"), math.IsNaN)
		assert.True(t, slices.IsSorted(rising))
		assert.InEpsilon(t, 20e6, rising[0], 0.3)
	})
	t.Run("past the range end at the longest", func(t *testing.T) {
		p := curve(even(t, 100_000, 0, 500))["percentiles"]
		assert.Equal(t, 100e6, p.value(t, "response", 100_000))
		assert.True(t, slices.IsSorted(p.line(t, "response")))
	})
	for name, spoil := range map[string]func(*result.Latency){
		"no histogram":            func(l *result.Latency) { l.HDR = "" },
		"one that is none":        func(l *result.Latency) { l.HDR = "HISTFAAA" },
		"one of another latency":  func(l *result.Latency) { l.Count = 10 },
		"not to be quoted":        func(l *result.Latency) { l.Withheld = "broken" },
		"nothing was measured":    func(l *result.Latency) { *l = result.Latency{} },
		"a histogram cut in half": func(l *result.Latency) { l.HDR = l.HDR[:len(l.HDR)/2] },
	} {
		t.Run(name, func(t *testing.T) {
			l := even(t, 1000, 0, 0)
			spoil(&l)
			assert.NotContains(t, curve(l), "percentiles")
		})
	}
}

func TestPlotOfASweepIsInOrder(t *testing.T) {
	r := stepped()
	slices.Reverse(r.Sweep.Steps)
	p := plots(t, r)["sweep"]
	assert.True(t, slices.IsSorted(p.At))
	assert.Len(t, p.At, 4)
	missed := p.line(t, "thresholds missed")
	assert.Equal(t, p.line(t, "p99")[2], missed[2])
	assert.True(t, math.IsNaN(missed[0]))

	found := searched()
	p = plots(t, found)["sweep"]
	require.NotEmpty(t, p.Marks)
	assert.Equal(t, found.Sweep.Found[0].Number, p.Marks[0].At)
}

func TestPlotOfCombinations(t *testing.T) {
	p := plots(t, combined("off", "record"))["sweep"]
	assert.Equal(t, []float64{64, 4096}, p.At)
	for label, first := range map[string]float64{
		"qos 0, client lean · off p99": 1_064_000, "qos 0, client lean · record p99": 1_064_000, "qos 1, client lean · off p99": 2_064_000, "qos 1, client lean · record p99": 2_064_000,
	} {
		line := p.line(t, label)
		assert.Len(t, line, 2, label)
		assert.Equal(t, first, line[0], label)
	}
	assert.Equal(t, []float64{6_096_000}, p.line(t, "run invalid")[1:])
}

func TestBacklogPlot(t *testing.T) {
	r := heldBack()
	p := plots(t, r)["backlog"]
	line := p.line(t, "owed and not received")
	require.Len(t, line, 22)
	assert.True(t, math.IsNaN(line[0]) && math.IsNaN(line[1]), "not counted in the warm-up")
	assert.EqualValues(t, 200, line[2])
	assert.EqualValues(t, 2100, line[21])
	assert.Equal(t, "receivers: stall of backend", p.Bands[1].Label)

	r.Shard = &result.Shard{Of: 2}
	assert.NotContains(t, plots(t, r), "backlog", "a shard knows a part of it")
	assert.NotContains(t, plots(t, eventful()), "backlog", "nobody was held back")
}

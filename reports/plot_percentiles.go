package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"mqttrace/load/result"
	"mqttrace/reports/internal/web"
)

const (
	// perDecade is how many points a curve has for each further nine of a percentile.
	perDecade = 24
	// enoughBeyond is how many values a percentile leaves beyond it at least; fewer and it is more about them than about the rest.
	enoughBeyond = 10
)

// distribution is what is known of one latency of one arm.
type distribution struct {
	result.Latency
	positive *hdrhistogram.Histogram
}

// newDistribution fails where a result has no histogram, or one that cannot be read: it may come from anywhere.
func newDistribution(l result.Latency) (distribution, bool) {
	if l.Count == 0 || l.Withheld != "" || l.HDR == "" {
		return distribution{}, false
	}
	h, err := hdrhistogram.Decode([]byte(l.HDR))
	if err != nil || h.TotalCount() < 0 || uint64(h.TotalCount()) > l.Count {
		return distribution{}, false
	}
	return distribution{l, h}, true
}

// at is the value that a share of all values do not exceed, in ns; NaN where it is not above 0, which has no place on a logarithmic
// axis. Values past the histogram's range, which are in Count and not in the histogram, count as its end.
func (d distribution) at(share float64) float64 {
	rank := max(uint64(math.Ceil(share*float64(d.Count))), 1)
	within := uint64(d.positive.TotalCount())
	switch {
	case rank >= d.Count:
		return above0(d.MaxNS)
	case rank <= d.Negative || within == 0:
		return math.NaN()
	case rank-d.Negative > within:
		return above0(min(d.positive.HighestTrackableValue(), d.MaxNS))
	}
	percent := 100 * (float64(rank-d.Negative) - 0.25) / float64(within) // a quarter less: the library rounds up
	return above0(min(d.positive.ValueAtPercentile(percent), d.MaxNS))
}

func above0(ns int64) float64 {
	if ns <= 0 {
		return math.NaN()
	}
	return float64(ns)
}

// known are the percentiles that tables show and plots mark.
var known = []struct {
	percent float64
	of      func(result.Latency) *int64
}{
	{50, func(l result.Latency) *int64 { return l.P50NS }},
	{90, func(l result.Latency) *int64 { return l.P90NS }},
	{99, func(l result.Latency) *int64 { return l.P99NS }},
	{99.9, func(l result.Latency) *int64 { return l.P999NS }},
}

// curve is a latency of an arm to be drawn.
type curve struct {
	distribution
	series web.Series
}

// percentilePlot draws the response and transit times of all arms by percentile; nil if there are none.
func percentilePlot(r *result.Result) *drawing {
	var curves []curve
	if r.Observed != nil {
		curves = observedCurves(r)
	} else {
		for i, a := range r.Arms {
			curves = append(curves, armCurves(a, i, len(r.Arms) > 1)...)
		}
	}
	if len(curves) == 0 {
		return nil
	}
	p := web.Plot{
		Label: "latency by percentile", Tall: true,
		X: web.Axis{Label: "percentile", Unit: web.Percentile}, Y: logNS("latency"),
		At: placesOf(curves),
	}
	p.X.Log = true
	for _, c := range curves {
		p.Series = append(p.Series, c.draw(p.At))
	}
	if enough := fewest(curves) / enoughBeyond; enough > 2 && float64(enough) < p.At[len(p.At)-1] {
		p.Marks = append(p.Marks, web.Mark{Axis: "x", At: float64(enough), Label: fmt.Sprintf("fewer than %d messages beyond", enoughBeyond)})
	}
	return &drawing{name: "percentiles", title: "Latency by percentile", caption: percentileCaption(r), plot: p}
}

// armCurves are those of an arm. Arms differ in color and marker, the latencies of an arm in dash.
func armCurves(a result.Arm, arm int, several bool) (all []curve) {
	for i, name := range []string{result.Response, result.Transit, result.Trace} {
		d, ok := newDistribution(a.Latency[name])
		if !ok {
			continue
		}
		s := web.Series{Label: name, Color: i, Dash: i, Marker: marker(i), Hidden: name == result.Trace}
		if several {
			s = web.Series{Label: clean(a.Name) + " " + name, Color: arm, Dash: i, Marker: marker(arm), Hidden: name == result.Trace}
		}
		all = append(all, curve{d, s})
	}
	return all
}

// mostPairs is how many pairs of services have a curve.
const mostPairs = 7

// observedCurves are those of all messages and of the pairs with the most.
func observedCurves(r *result.Result) (all []curve) {
	add := func(label string, l result.Latency) {
		if d, ok := newDistribution(l); ok {
			i := len(all)
			all = append(all, curve{d, web.Series{Label: label, Color: i, Dash: i % 4, Marker: marker(i)}})
		}
	}
	for _, a := range r.Arms {
		add("all messages", a.Latency[result.Trace])
	}
	pairs := r.Observed.Pairs
	for _, p := range pairs[:min(len(pairs), mostPairs)] {
		add(abridge(PairName(p.Producer, p.Consumer, p.Topic), longestLabel), p.Latency)
	}
	return all
}

// placesOf are where curves have points: as far as the largest goes, the end of each among them.
func placesOf(curves []curve) []float64 {
	var at []float64
	most := uint64(2)
	for _, c := range curves {
		most = max(most, c.Count)
		at = append(at, float64(c.Count))
	}
	for i := 0; ; i++ {
		x := math.Pow(10, float64(i)/perDecade)
		if x > float64(most) {
			break
		}
		at = append(at, math.Round(x*1e4)/1e4)
	}
	for _, k := range known {
		if x := place(k.percent); x <= float64(most) {
			at = append(at, x)
		}
	}
	slices.Sort(at)
	return slices.Compact(at)
}

// place is where a percentile stands.
func place(percent float64) float64 { return math.Round(web.AtPercentile(percent)*1e4) / 1e4 }

// draw reads a curve off its histogram, and the marked percentiles off the result, which every other format shows.
func (c curve) draw(at []float64) web.Series {
	s := c.series
	s.Values = make(web.Values, len(at))
	for i, x := range at {
		if x > float64(c.Count) {
			s.Values[i] = math.NaN()
			continue
		}
		s.Values[i] = c.at(1 - 1/x)
		if x == float64(c.Count) {
			s.Values[i] = above0(c.MaxNS)
		}
	}
	for _, k := range known {
		i, isThere := slices.BinarySearch(at, place(k.percent))
		if ns := k.of(c.Latency); isThere && ns != nil {
			s.Values[i] = above0(*ns)
			s.Marked = append(s.Marked, i)
		}
	}
	return s
}

func fewest(curves []curve) uint64 {
	n := curves[0].Count
	for _, c := range curves {
		n = min(n, c.Count)
	}
	return n
}

// percentileCaption says what is marked in the plot.
func percentileCaption(r *result.Result) string {
	var parts []string
	for _, a := range r.Arms[:min(len(r.Arms), mostNamed)] {
		l, ok := a.Latency[result.Response]
		if !ok || l.Withheld != "" || l.P50NS == nil {
			continue
		}
		text := "half within " + shortTime(*l.P50NS)
		if l.P99NS != nil {
			text += ", 99\u00a0% within " + shortTime(*l.P99NS)
		}
		if len(r.Arms) > 1 {
			text = clean(a.Name) + " " + text
		} else {
			text += ", all within " + shortTime(l.MaxNS)
		}
		parts = append(parts, text)
	}
	if r.Observed != nil {
		return "From the start of the producer span to the start of the consumer span, by the services' own clocks."
	}
	const legend = "Solid lines are response times, from the intended instant; dashed ones transit, from the instant sent."
	if len(parts) == 0 {
		return legend
	}
	return "Responses: " + strings.Join(parts, "; ") + ". " + legend
}

func shortTime(ns int64) string { return together(Duration(time.Duration(ns))) }

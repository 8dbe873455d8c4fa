package compare

import (
	"math"
	"slices"

	"mqttrace/reports/internal/web"
)

// reach is how many times the size that matters a bar shows to either side of zero; what is further is at its end.
const reach = 3

// bar draws the difference with its interval: an interval of too few runs has no ends. nil where there is nothing to draw.
func (f *Figure) bar() *web.Bar {
	isCounted := f.Interval == nil && f.spec.promised != nil // which is compared without an interval
	if f.Difference == nil || f.Size <= 0 || f.difference.Constant || isCounted {
		return nil
	}
	at := func(v float64) float64 {
		return place(v, -reach*f.Size, reach*f.Size)
	}
	b := &web.Bar{Zero: at(0), FloorLow: at(-f.Size), FloorHigh: at(f.Size), Middle: at(*f.Difference), Low: 0, End: 100, Tone: f.tone()}
	if f.Interval != nil {
		b.Low, b.End = at(f.Interval.Low), at(f.Interval.High)
	}
	return b
}

// strip draws the values of all runs on one scale.
func (f *Figure) strip() web.Strip {
	both := slices.Concat(f.Base.Values, f.New.Values)
	if len(both) == 0 {
		return nil
	}
	low, high := slices.Min(both), slices.Max(both)
	if low == high {
		return nil
	}
	var s web.Strip
	for i, sample := range []Sample{f.Base, f.New} {
		if sample.Median == nil {
			continue
		}
		dots := web.Dots{Y: 28 + 44*float64(i), Median: place(*sample.Median, low, high)}
		for _, v := range sample.Values {
			dots.Values = append(dots.Values, place(v, low, high))
		}
		s = append(s, dots)
	}
	return s
}

// place is where a value is between two others, from 0 to 100, with a margin.
func place(v, low, high float64) float64 {
	const margin = 3
	share := math.Min(1, math.Max(0, (v-low)/(high-low)))
	return math.Round(100*(margin+share*(100-2*margin))) / 100
}

package reports

import (
	"cmp"
	"math"
	"slices"
	"time"

	"mqttrace/load/result"
	"mqttrace/reports/internal/web"
)

// mostMoments is how many moments a plot over time has: a screen has hardly more pixels to spare, and a page must stay small.
const mostMoments = 400

// timeline is the seconds of a run, or the slices of its arms, in the order in which they passed. Of a long run several seconds
// make up one moment.
type timeline struct {
	moments []moment
	every   time.Duration // how long a moment is, where several points make one up; else 0
}

// moment is the points of each arm that began within a short time.
type moment struct {
	at     float64 // its start in seconds, from the start of the measured phase
	points [][]result.Point
}

// newTimeline puts the points of arms into at most so many moments.
func newTimeline(arms []result.Arm, most int) timeline {
	all := make([][]result.Point, len(arms))
	starts := map[int64]bool{}
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	for i, a := range arms {
		all[i] = wholePoints(a.Series)
		for _, p := range all[i] {
			starts[p.AtNS] = true
			first, last = min(first, p.AtNS), max(last, p.AtNS)
		}
	}
	var t timeline
	if len(starts) > most {
		t.every = momentLength(time.Duration(last-first), most)
	}
	t.fill(all)
	return t
}

// wholePoints leaves out what is left of a second when the load ends: so short a time says nothing about rates.
func wholePoints(series []result.Point) (points []result.Point) {
	var longest int64
	for _, p := range series {
		longest = max(longest, p.LengthNS)
	}
	for _, p := range series {
		if p.LengthNS >= longest/shortest {
			points = append(points, p)
		}
	}
	return points
}

// shortest is by what the length of points is divided for the length of one that still counts.
const shortest = 5

// fill puts points, a list for each arm, into moments.
func (t *timeline) fill(all [][]result.Point) {
	at := map[int64]*moment{}
	for i, points := range all {
		for _, p := range points {
			start := t.begin(p)
			if at[start] == nil {
				at[start] = &moment{at: seconds(start), points: make([][]result.Point, len(all))}
			}
			at[start].points[i] = append(at[start].points[i], p)
		}
	}
	for _, m := range at {
		t.moments = append(t.moments, *m)
	}
	slices.SortFunc(t.moments, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
}

// begin is the start of the moment that a point belongs to.
func (t *timeline) begin(p result.Point) int64 {
	if t.every == 0 {
		return p.AtNS
	}
	return int64(math.Floor(float64(p.AtNS)/float64(t.every))) * int64(t.every)
}

// momentLength is the least whole number of seconds that divides a span into at most so many parts.
func momentLength(span time.Duration, most int) time.Duration {
	parts := time.Duration(most - 1) // the last of the points begins another
	return max(span/parts, time.Second-1).Truncate(time.Second) + time.Second
}

func seconds(ns int64) float64 { return math.Round(float64(ns)/1e6) / 1e3 }

// begins are the starts of the moments.
func (t timeline) begins() []float64 {
	at := make([]float64, len(t.moments))
	for i, m := range t.moments {
		at[i] = m.at
	}
	return at
}

// look reads a figure off a point; NaN where the point has none.
type look func(result.Point) float64

// highest is the highest value of a figure in each moment. Of all arms together if arm is everyArm.
func (t timeline) highest(arm int, figure look) web.Values {
	values := make(web.Values, len(t.moments))
	for i, m := range t.moments {
		values[i] = math.NaN()
		for _, p := range m.of(arm) {
			if v := figure(p); !math.IsNaN(v) && !(values[i] >= v) {
				values[i] = v
			}
		}
	}
	return values
}

const everyArm = -1

func (m moment) of(arm int) []result.Point {
	if arm == everyArm {
		return slices.Concat(m.points...)
	}
	return m.points[arm]
}

// halves are the starts of both halves of each moment if moments hold several points, which extremes has values for; else of the
// moments.
func (t timeline) halves() []float64 {
	if t.every == 0 {
		return t.begins()
	}
	at := make([]float64, 0, 2*len(t.moments))
	for _, m := range t.moments {
		at = append(at, m.at, m.at+t.every.Seconds()/2)
	}
	return at
}

// extremes are the lowest and the highest value of a figure in each moment, in the order in which they passed: neither a gap nor a
// burst is lost.
func (t timeline) extremes(arm int, figure look) web.Values {
	if t.every == 0 {
		return t.highest(arm, figure)
	}
	values := make(web.Values, 0, 2*len(t.moments))
	for _, m := range t.moments {
		low, high := math.NaN(), math.NaN()
		isLowFirst := true
		for _, p := range m.of(arm) {
			v := figure(p)
			if !(low <= v) {
				low, isLowFirst = v, false
			}
			if !(high >= v) {
				high, isLowFirst = v, true
			}
		}
		if isLowFirst {
			values = append(values, low, high)
		} else {
			values = append(values, high, low)
		}
	}
	return values
}

// isEmpty says whether no value was found.
func isEmpty(values web.Values) bool {
	return !slices.ContainsFunc(values, func(v float64) bool { return !math.IsNaN(v) })
}

// end is when the last of the points ends, in seconds.
func (t timeline) end() (end float64) {
	for _, m := range t.moments {
		for _, p := range m.of(everyArm) {
			end = max(end, seconds(p.AtNS+p.LengthNS))
		}
	}
	return end
}

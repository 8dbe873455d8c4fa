package reports

import (
	"fmt"
	"math"

	"mqttrace/load/result"
	"mqttrace/reports/internal/web"
)

// mostColumns is how many columns a heat map has.
const mostColumns = 300

// heatMaps draw how the response times of each arm are spread over time, on one scale of colors.
func heatMaps(r *result.Result, times timePlots) (all []drawing) {
	var most uint64
	for i, a := range r.Arms {
		t := newTimeline([]result.Arm{a}, mostColumns)
		heat, at := heatMap(t, a)
		if heat == nil {
			continue
		}
		d := drawing{
			name: fmt.Sprintf("heat-%d", i), title: "How response times are spread", caption: heatCaption(heat, t),
			plot: web.Plot{
				Label: "response times over time, how many of each length", X: web.Axis{Label: "time", Unit: web.Seconds}, Y: logNS("response"),
				At: at, Until: times.timeline.end(), Heat: heat, Bands: times.bands, Sync: times.sync,
			},
		}
		if len(r.Arms) > 1 {
			d.title = clean(a.Name)
		}
		most = max(most, mostIn(heat))
		all = append(all, d)
	}
	for _, d := range all {
		d.plot.Heat.Most = most
	}
	return all
}

// heatMap is that of an arm, and where its columns stand; nil if nothing was received.
func heatMap(t timeline, a result.Arm) (*web.Heat, []float64) {
	counts := make([][result.MaxBins]uint64, len(t.moments))
	first, last := result.MaxBins, -1
	for i, m := range t.moments {
		for _, p := range m.of(0) {
			if p.Response == nil {
				continue
			}
			for j, n := range p.Response.Counts {
				if bin := p.Response.First + j; n > 0 && bin >= 0 && bin < result.MaxBins {
					counts[i][bin] += n
					first, last = min(first, bin), max(last, bin)
				}
			}
		}
	}
	if last < 0 {
		return nil, nil
	}
	heat := &web.Heat{Width: columnWidth(t, a)}
	for bin := first; bin <= last+1; bin++ {
		heat.Edges = append(heat.Edges, edge(bin))
	}
	for i := range counts {
		heat.Columns = append(heat.Columns, columnOf(counts[i][first:last+1]))
	}
	return heat, t.begins()
}

// edge is the lower end of a bin. The lowest has none on a logarithmic axis, and is drawn as high as the others.
func edge(bin int) float64 {
	if bin == 0 {
		return result.BinStart(1) / math.Pow(10, 1.0/result.BinsPerDecade)
	}
	return result.BinStart(bin)
}

// columnOf leaves out the bins around a column that have no value.
func columnOf(counts []uint64) web.Column {
	first, end := 0, len(counts)
	for first < end && counts[first] == 0 {
		first++
	}
	for end > first && counts[end-1] == 0 {
		end--
	}
	return web.Column{First: first, Counts: counts[first:end]}
}

// columnWidth is how long a column lasts, in seconds. Slices of arms that take turns are as wide as it is to the arm's next one,
// so that they are seen.
func columnWidth(t timeline, a result.Arm) float64 {
	if t.every > 0 {
		return t.every.Seconds()
	}
	width := math.Inf(1)
	for i := 1; i < len(t.moments); i++ {
		width = min(width, t.moments[i].at-t.moments[i-1].at)
	}
	if math.IsInf(width, 1) || width <= 0 {
		return max(seconds(a.Series[0].LengthNS), 0.001)
	}
	return width
}

func mostIn(h *web.Heat) (most uint64) {
	for _, c := range h.Columns {
		for _, n := range c.Counts {
			most = max(most, n)
		}
	}
	return most
}

func heatCaption(h *web.Heat, t timeline) string {
	low, high := h.Edges[0], h.Edges[len(h.Edges)-1]
	text := fmt.Sprintf("From %s to %s; the stronger the color, the more messages.", inUnit(low, web.Nanoseconds), inUnit(high, web.Nanoseconds))
	if t.every > 0 {
		text += fmt.Sprintf(" Each column is %s.", together(Duration(t.every)))
	}
	return text
}

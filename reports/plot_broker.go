package reports

import (
	"fmt"
	"math"

	"mqttrace/load/result"
	"mqttrace/reports/internal/web"
)

// mostMetrics is how many of a broker's metrics are drawn.
const mostMetrics = 24

// brokerPlots draw what the broker told of itself over time, if it told anything that changes.
func brokerPlots(r *result.Result, times timePlots) (all []drawing) {
	for i, m := range r.BrokerMetrics {
		if len(m.Points) < 2 || len(all) == mostMetrics {
			continue
		}
		name := abridge(clean(m.Name), longestLabel)
		p := web.Plot{
			Label: name + ", as the broker tells it, over time", X: web.Axis{Label: "time", Unit: web.Seconds}, Y: web.Axis{Label: name},
			Bands: times.bands, Sync: times.sync, Small: true,
		}
		low, high := math.Inf(1), math.Inf(-1)
		values := web.Values{}
		for _, point := range thinnedOut(m.Points) {
			p.At = append(p.At, seconds(point.AtNS))
			values = append(values, point.Value)
			low, high = min(low, point.Value), max(high, point.Value)
		}
		p.Series = []web.Series{{Label: name, Values: values}}
		caption := "from " + number(low) + " to " + number(high)
		if low == high {
			caption = number(low) + " all the time"
		}
		all = append(all, drawing{name: fmt.Sprintf("broker-%d", i), title: name, caption: caption, plot: p})
	}
	return all
}

// thinnedOut leaves the highest of each few readings where there are many, at the instant of the first.
func thinnedOut(points []result.MetricPoint) (kept []result.MetricPoint) {
	few := (len(points) + mostMoments - 1) / mostMoments
	for i := 0; i < len(points); i += few {
		highest := points[i]
		for _, p := range points[i:min(i+few, len(points))] {
			highest.Value = max(highest.Value, p.Value)
		}
		if n := len(kept); n == 0 || kept[n-1].AtNS < highest.AtNS {
			kept = append(kept, highest)
		}
	}
	return kept
}

package history

import (
	"slices"

	"mqttrace/reports/stats"
)

// Trend is one figure over the points of its series.
type Trend struct {
	Figure string `json:"figure"` // as a threshold calls it
	Unit   string `json:"unit"`
	// Values are those of the points: null where no run of a point that counts has the figure.
	Values []*Value `json:"values"`
	// Last is the newest value. Median, Low and High are of the values before it, and Change is by which part of the median
	// Last is above it: 0.1 is 10 % more. They are null where there is nothing to tell.
	Last   *float64 `json:"last"`
	Median *float64 `json:"median"`
	Low    *float64 `json:"low"`
	High   *float64 `json:"high"`
	Change *float64 `json:"change"`

	figure figure
}

// Value is what the runs of a point came to.
type Value struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Runs   int     `json:"runs"` // that count and have the figure
}

// trends are those of the figures that some run of s has, whether it counts or not.
func trends(s Series) []Trend {
	all := []Trend{}
	for _, f := range figures {
		isThere := slices.ContainsFunc(s.Runs, func(r Run) bool {
			_, ok := r.Values[f.name]
			return ok
		})
		if isThere {
			all = append(all, newTrend(f, s))
		}
	}
	return all
}

func newTrend(f figure, s Series) Trend {
	t := Trend{Figure: f.name, Unit: f.unit, figure: f, Values: make([]*Value, len(s.Points))}
	of := make([][]float64, len(s.Points))
	for _, r := range s.Runs {
		if v, ok := r.Values[f.name]; ok && r.counts() {
			of[r.Point] = append(of[r.Point], v)
		}
	}
	var medians []float64
	for i, values := range of {
		if len(values) == 0 {
			continue
		}
		t.Values[i] = &Value{stats.Median(values), slices.Min(values), slices.Max(values), len(values)}
		medians = append(medians, t.Values[i].Median)
	}
	t.compare(medians)
	return t
}

// compare sets the last of some values against those before it.
func (t *Trend) compare(values []float64) {
	if len(values) == 0 {
		return
	}
	last, before := values[len(values)-1], values[:len(values)-1]
	t.Last = &last
	if len(before) == 0 {
		return
	}
	usual, low, high := stats.Median(before), slices.Min(before), slices.Max(before)
	t.Median, t.Low, t.High = &usual, &low, &high
	if usual != 0 {
		change := last/usual - 1
		t.Change = &change
	}
}

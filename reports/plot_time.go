package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"mqttrace/load/result"
	"mqttrace/reports/internal/web"
)

// drawing is a plot with what stands around it on a page.
type drawing struct {
	name    string // within its result
	title   string
	caption string // its key figures, in words
	plot    web.Plot
}

// Figures of a point, NaN where it has none.
var (
	median          = told64(func(p result.Point) int64 { return p.P50NS })
	tail            = told64(func(p result.Point) int64 { return p.P99NS })
	longest         = told64(func(p result.Point) int64 { return p.MaxNS })
	lag             = told64(func(p result.Point) int64 { return p.ScheduleLagP99NS })
	generatorMemory = told64(func(p result.Point) int64 { return p.GeneratorRSS })
	brokerMemory    = told64(func(p result.Point) int64 { return p.BrokerRSS })

	pauses       look = func(p result.Point) float64 { return float64(p.GCPauseNS) }
	generatorCPU look = func(p result.Point) float64 { return toldCPU(p.GeneratorCPU) }
	brokerCPU    look = func(p result.Point) float64 { return toldCPU(p.BrokerCPU) }

	askedRate    = perSecondOf(func(p result.Point) uint64 { return p.Scheduled })
	sentRate     = perSecondOf(func(p result.Point) uint64 { return p.Sent })
	receivedRate = perSecondOf(func(p result.Point) uint64 { return p.Received })

	exportedSpans = counted(func(p result.Point) uint64 { return p.SpansExported })
	failedSpans   = counted(func(p result.Point) uint64 { return p.SpansFailed })
	waitingSpans  = counted(func(p result.Point) uint64 { return p.SpansWaiting })
)

// told64 looks at a figure that is 0 where there is none.
func told64(of func(result.Point) int64) look {
	return func(p result.Point) float64 {
		if v := of(p); v != 0 {
			return float64(v)
		}
		return math.NaN()
	}
}

// toldCPU leaves out what a process seems to have used that was replaced by another in the meantime.
func toldCPU(cores float64) float64 {
	if cores < 0 {
		return math.NaN()
	}
	return cores
}

func perSecondOf(of func(result.Point) uint64) look {
	return func(p result.Point) float64 {
		if p.LengthNS <= 0 {
			return math.NaN()
		}
		return float64(of(p)) * 1e9 / float64(p.LengthNS)
	}
}

func counted(of func(result.Point) uint64) look {
	return func(p result.Point) float64 { return float64(of(p)) }
}

// stageBands are the stages of all groups of clients. Every second one of the first group is shaded; those of the others, which overlap,
// are edges with a name.
func stageBands(stages []result.Stage) (all []web.Band) {
	several := slices.ContainsFunc(stages, func(s result.Stage) bool { return s.Group != stages[0].Group })
	shaded := true
	for _, s := range stages {
		band := web.Band{From: seconds(s.AtNS), Until: seconds(s.AtNS + s.ForNS), Label: clean(s.Name), Quiet: true, Bare: true}
		if s.Group == stages[0].Group {
			shaded = !shaded
			band.Bare = !shaded
		}
		if several {
			band.Label = clean(s.Group) + ": " + band.Label
		}
		all = append(all, band)
	}
	return all
}

// line is a figure over time. Of several arms each has its own, unless it is of processes that all arms share.
type line struct {
	label  string
	figure look
	shared bool
	hidden bool // where there are several arms, and too many lines
}

// timePlots are the plots of a result over time. Their crosshairs move together, and all have the same bands.
type timePlots struct {
	arms     []result.Arm
	timeline timeline
	bands    []web.Band
	backlog  bool
	sync     string
}

func newTimePlots(r *result.Result, sync string) timePlots {
	return timePlots{arms: r.Arms, timeline: newTimeline(r.Arms, mostMoments), bands: bands(r), backlog: hasBacklog(r), sync: sync}
}

// bands are the parts of a run that deserve to be told apart.
func bands(r *result.Result) (all []web.Band) {
	began := 0.0
	for _, a := range r.Arms {
		for _, p := range a.Series {
			began = min(began, seconds(p.AtNS))
		}
	}
	if began < 0 {
		all = append(all, web.Band{From: began, Label: "warm-up", Quiet: true})
	}
	all = append(all, stageBands(r.Stages)...)
	for _, f := range r.Faults {
		all = append(all, web.Band{From: seconds(f.AtNS), Until: seconds(f.AtNS + f.ForNS), Label: clean(f.Name)})
	}
	return all
}

// all are the plots that the result has anything to draw in.
func (t timePlots) all(limits []web.Mark) (latency, load []drawing) {
	latency = t.keep(nil, drawing{name: "course", title: "Latency over time", plot: t.highest("response times over time", logNS("response"),
		line{label: "p50", figure: median, hidden: true}, line{label: "p99", figure: tail}, line{label: "max", figure: longest, hidden: true})}, limits)
	load = t.keep(load, drawing{name: "rate", title: "Messages per second", caption: t.rateCaption(), plot: t.rates()}, nil)
	if t.backlog {
		load = t.keep(load, drawing{name: "backlog", title: "Backlog", plot: t.highest("messages owed to receivers and not received over time", web.Axis{Label: "messages"},
			line{label: "owed and not received", figure: backlog})}, nil)
	}
	load = t.keep(load, drawing{name: "lag", title: "Schedule lag, p99", plot: t.highest("the 99th percentile of the schedule lag over time", logNS("late by"),
		line{label: "schedule_lag p99", figure: lag})}, nil)
	load = t.keep(load, drawing{name: "cpu", title: "Processor", plot: t.highest("cores that processes keep busy over time", web.Axis{Label: "cores", Unit: web.Cores},
		line{label: "generator", figure: generatorCPU}, line{label: "broker", figure: brokerCPU, hidden: true})}, nil)
	load = t.keep(load, drawing{name: "memory", title: "Resident memory", plot: t.highest("resident memory over time", web.Axis{Label: "memory", Unit: web.Bytes},
		line{label: "generator", figure: generatorMemory, shared: true}, line{label: "broker", figure: brokerMemory, shared: true})}, nil)
	load = t.keep(load, drawing{name: "pauses", title: "Garbage collection pauses of the generator", plot: t.highest("the generator's pauses for garbage collection over time",
		web.Axis{Label: "paused", Unit: web.Nanoseconds}, line{label: "pauses in a second", figure: pauses, shared: true})}, nil)
	if exportsSpans(t.arms) {
		load = t.keep(load, drawing{name: "exports", title: "Spans on their way out", plot: t.highest("spans that are exported, fail or are held back over time",
			web.Axis{Label: "spans"}, line{label: "exported in a second", figure: exportedSpans, shared: true}, line{label: "failed in a second", figure: failedSpans, shared: true},
			line{label: "queued or dropped so far", figure: waitingSpans, shared: true})}, nil)
	}
	return latency, load
}

// keep adds a drawing if there is anything to see in it.
func (t timePlots) keep(all []drawing, d drawing, marks []web.Mark) []drawing {
	if len(d.plot.Series) == 0 {
		return all
	}
	d.plot.Marks = marks
	if d.caption == "" {
		d.caption = t.peaks(d.plot)
	}
	return append(all, d)
}

func logNS(label string) web.Axis { return web.Axis{Label: label, Unit: web.Nanoseconds, Log: true} }

// highest draws the highest value of each moment.
func (t timePlots) highest(label string, y web.Axis, lines ...line) web.Plot {
	return t.plot(label, y, t.timeline.begins(), t.timeline.highest, lines)
}

// rates keeps what passes too quickly for one value a moment. All arms are asked for the same.
func (t timePlots) rates() web.Plot {
	return t.plot("messages asked for, sent and received per second over time", web.Axis{Label: "messages", Unit: web.PerSecond},
		t.timeline.halves(), t.timeline.extremes, []line{
			{label: "asked for", figure: askedRate, shared: true}, {label: "sent", figure: sentRate, hidden: true}, {label: "received", figure: receivedRate},
		})
}

// rateCaption says between what the rates were while messages were due, the warm-up left out.
func (t timePlots) rateCaption() string {
	var parts []string
	for _, l := range []line{{label: "sent", figure: sentRate}, {label: "received", figure: receivedRate}} {
		low, high := math.Inf(1), math.Inf(-1)
		for _, m := range t.timeline.moments {
			for _, p := range m.of(everyArm) {
				if v := l.figure(p); p.AtNS >= 0 && p.Scheduled > 0 && !math.IsNaN(v) {
					low, high = min(low, v), max(high, v)
				}
			}
		}
		if low <= high {
			parts = append(parts, l.label+" "+between(number(low), number(high))+"/s")
		}
	}
	if len(parts) == 0 {
		return ""
	}
	text := "While messages were due: " + strings.Join(parts, ", ") + "."
	if t.timeline.every > 0 {
		text += fmt.Sprintf(" Two points are the lowest and the highest of %s.", together(Duration(t.timeline.every)))
	}
	return text
}

func (t timePlots) plot(label string, y web.Axis, at []float64, values func(int, look) web.Values, lines []line) web.Plot {
	p := web.Plot{Label: label, X: web.Axis{Label: "time", Unit: web.Seconds}, Y: y, At: at, Until: t.timeline.end(), Bands: t.bands, Sync: t.sync}
	add := func(s web.Series) {
		if !isEmpty(s.Values) {
			p.Series = append(p.Series, s)
		}
	}
	for i, l := range lines {
		if l.shared || len(t.arms) == 1 {
			color := i
			if len(t.arms) > 1 {
				color += len(t.arms) // no arm's
			}
			add(web.Series{Label: l.label, Color: color, Dash: i, Values: values(everyArm, l.figure)})
			continue
		}
		for arm, a := range t.arms {
			add(web.Series{Label: armLine(a, l, len(lines)), Color: arm, Dash: arm, Marker: marker(arm), Values: values(arm, l.figure), Hidden: l.hidden})
		}
	}
	return p
}

// armLine names an arm's line, and the figure where there are several.
func armLine(a result.Arm, l line, lines int) string {
	if lines == 1 {
		return clean(a.Name)
	}
	return clean(a.Name) + " " + l.label
}

// marker is that of an arm, which tells it from the others where colors do not.
func marker(arm int) int { return 1 + arm%4 }

// peaks says how high the lines of a plot go, and when.
func (t timePlots) peaks(p web.Plot) string {
	var parts []string
	for _, s := range p.Series {
		if s.Hidden || len(parts) == mostNamed {
			continue
		}
		at, most := 0, math.Inf(-1)
		for i, v := range s.Values {
			if v > most {
				at, most = i, v
			}
		}
		parts = append(parts, fmt.Sprintf("%s %s at %s", s.Label, inUnit(most, p.Y.Unit), clock(p.At[at])))
	}
	return "Highest: " + strings.Join(parts, ", ") + "." + t.grain()
}

// clock writes seconds into a run as the axes of plots do.
func clock(s float64) string {
	sign, whole := "", int64(math.Abs(math.Floor(s)))
	if s < 0 {
		sign = "-"
	}
	switch {
	case math.Abs(s) < 60:
		return together(number(s) + " s")
	case whole < 3600:
		return fmt.Sprintf("%s%d:%02d", sign, whole/60, whole%60)
	default:
		return fmt.Sprintf("%s%d:%02d:%02d", sign, whole/3600, whole/60%60, whole%60)
	}
}

// mostNamed is how many lines a caption tells of.
const mostNamed = 4

// grain says what one point of a long run stands for.
func (t timePlots) grain() string {
	if t.timeline.every == 0 {
		return ""
	}
	return fmt.Sprintf(" Each point is the highest of %s.", together(Duration(t.timeline.every)))
}

// inUnit writes a figure of a plot.
func inUnit(v float64, unit web.Unit) string {
	switch unit {
	case web.Nanoseconds:
		return together(Duration(time.Duration(v)))
	case web.Bytes:
		return together(Bytes(v))
	case web.PerSecond:
		return Rate(v)
	case web.Cores:
		return fmt.Sprintf("%.2f", v)
	default:
		return number(v)
	}
}

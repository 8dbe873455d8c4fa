package compare

import (
	"slices"
	"strings"

	"mqttrace/load/result"
)

// Unit is what a figure counts.
type Unit string

// Units of figures.
const (
	Nanoseconds Unit = "ns"
	Bytes       Unit = "B"
	PerSecond   Unit = "1/s" // messages
	Count       Unit = "count"
)

// Spec is what there is to know of a figure before it is measured.
type Spec struct {
	// Name is what thresholds and gates call it, such as response.p99.
	Name string
	// Label is what people read.
	Label string
	Unit  Unit
	// HigherIsBetter is true of rates.
	HigherIsBetter bool
	// Size is the smallest difference that matters, unless a gate says otherwise.
	Size Size
	// Headline figures sum a run up; Listed ones are shown unasked.
	Headline, Listed bool
	// promised says of a count how much of it breaks a promise in a run's arm; nil for figures that are none.
	promised func(result.Arm) uint64
}

// Size is a difference: the larger of a share of the base's median and an amount in the figure's unit.
type Size struct {
	Share  float64 // 0.1 is 10 %
	Amount float64
}

// Of is the size in the figure's unit, for a base with this median.
func (s Size) Of(median float64) float64 { return max(s.Share*max(median, -median), s.Amount) }

// FoundFigure is the one figure of a search: the highest value that held.
const FoundFigure = "found"

// Specs lists every figure that can be compared, in the order in which they are shown.
func Specs() []Spec { return slices.Clone(specs) }

var specs = allSpecs()

func allSpecs() []Spec {
	var all []Spec
	for _, latency := range result.LatencyNames {
		all = append(all, latencySpecs(latency)...)
	}
	all = append(all,
		Spec{Name: "rate_per_s", Label: "rate sent", Unit: PerSecond, HigherIsBetter: true, Size: Size{Share: 0.01}, Listed: true},
		Spec{Name: "received_rate_per_s", Label: "rate received", Unit: PerSecond, HigherIsBetter: true, Size: Size{Share: 0.01}, Headline: true, Listed: true},
		Spec{Name: FoundFigure, Label: "highest that held", Unit: Count, HigherIsBetter: true, Size: Size{Share: 0.05}, Headline: true, Listed: true},
	)
	all = append(all, countSpecs()...)
	return append(all, costSpecs()...)
}

// statistics of a latency, with the share of it that matters: the further out, the more it moves by chance.
var statistics = []struct {
	name, label string
	share       float64
	isListed    bool
}{
	{"min", "min", 0.05, false}, {"mean", "mean", 0.05, false},
	{"p50", "p50", 0.05, true}, {"p90", "p90", 0.05, true}, {"p95", "p95", 0.1, false},
	{"p99", "p99", 0.1, true}, {"p999", "p99.9", 0.15, true}, {"max", "max", 0.25, true},
}

// finest is the least difference of a latency that matters: a microsecond.
const finest = 1000

func latencySpecs(latency string) (all []Spec) {
	for _, s := range statistics {
		isHeadline := latency == result.Response && (s.name == "p50" || s.name == "p99")
		all = append(all, Spec{
			Name: latency + "." + s.name, Label: latency + " " + s.label, Unit: Nanoseconds,
			Size: Size{Share: s.share, Amount: finest}, Headline: isHeadline, Listed: s.isListed,
		})
	}
	return all
}

// someMessages is the least difference of a count that matters where it is tested.
var someMessages = Size{Share: 0.1, Amount: 1}

// countSpecs are counts of what had better not happen.
func countSpecs() []Spec {
	counts := []Spec{
		{Name: "delivery.lost", Label: "lost", Headline: true, promised: against(result.NotLost)},
		{Name: "delivery.duplicated", Label: "duplicated", promised: against(result.NotDuplicated)},
		{Name: "delivery.reordered", Label: "reordered", promised: against(result.InOrder)},
		{Name: "refused", Label: "refused", promised: func(a result.Arm) uint64 { return a.Refused }},
		{Name: "unsent", Label: "unsent"},
		{Name: "spans.dropped", Label: "spans dropped"},
		{Name: "spans.missing_producer", Label: "producer spans missing"},
		{Name: "spans.missing_consumer", Label: "consumer spans missing"},
		{Name: "spans.wrong_parent", Label: "spans of wrong parent"},
		{Name: "spans.wrong_trace", Label: "spans of wrong trace"},
	}
	for i := range counts {
		counts[i].Unit, counts[i].Size, counts[i].Listed = Count, someMessages, true
	}
	return counts
}

// against counts how often an arm broke a promise of MQTT.
func against(rule result.Rule) func(result.Arm) uint64 {
	return func(a result.Arm) (broken uint64) {
		for _, flow := range a.Delivery.Flows {
			for _, p := range flow.Promises() {
				if p.Rule == rule {
					broken += p.Broken
				}
			}
		}
		return broken
	}
}

func costSpecs() []Spec {
	return []Spec{
		{Name: "cost.cpu_per_message", Label: "CPU/msg", Unit: Nanoseconds, Size: Size{Share: 0.05, Amount: 50}, Headline: true, Listed: true},
		{Name: "cost.broker_cpu_per_message", Label: "broker CPU/msg", Unit: Nanoseconds, Size: Size{Share: 0.05, Amount: 50}, Listed: true},
		{Name: "cost.allocs_per_message", Label: "allocs/msg", Unit: Count, Size: Size{Share: 0.02, Amount: 0.05}, Listed: true},
		{Name: "cost.alloc_bytes_per_message", Label: "heap/msg", Unit: Bytes, Size: Size{Share: 0.02, Amount: 1}, Listed: true},
		{Name: "cost.wire_bytes_per_message", Label: "PUBLISH", Unit: Bytes, Size: Size{Share: 0.01, Amount: 0.5}, Listed: true},
		{Name: "memory.generator", Label: "generator RSS", Unit: Bytes, Size: Size{Share: 0.1, Amount: 1e6}, Listed: true},
		{Name: "memory.broker", Label: "broker RSS", Unit: Bytes, Size: Size{Share: 0.1, Amount: 1e6}, Listed: true},
		{Name: "memory.sink", Label: "sink RSS", Unit: Bytes, Size: Size{Share: 0.1, Amount: 1e6}, Listed: true},
	}
}

// specOf looks a figure up by its name.
func specOf(name string) (Spec, bool) {
	i := slices.IndexFunc(specs, func(s Spec) bool { return s.Name == name })
	if i < 0 {
		return Spec{}, false
	}
	return specs[i], true
}

// isCost tells figures that are 0 where the system does not tell them.
func (s Spec) isCost() bool {
	return strings.HasPrefix(s.Name, "cost.") || strings.HasPrefix(s.Name, "memory.")
}

package scenarios

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Threshold is a condition that a figure of the run must meet for the run to pass.
type Threshold struct {
	// Figure is the Name of one of Figures.
	Figure string
	Op     Op
	// Value is in the figure's unit: nanoseconds for durations, else a count or messages per second.
	Value float64
	// Text is the condition as the scenario has it.
	Text string
}

// Op compares a figure with a threshold's value.
type Op string

// Comparisons, as files write them.
const (
	Less           Op = "<"
	LessOrEqual    Op = "<="
	Greater        Op = ">"
	GreaterOrEqual Op = ">="
	Equal          Op = "=="
	NotEqual       Op = "!="
)

// Holds tells whether a figure that came out as actual, in the unit of t.Value, meets the condition. NaN meets none.
func (t Threshold) Holds(actual float64) bool {
	switch t.Op {
	case Less:
		return actual < t.Value
	case LessOrEqual:
		return actual <= t.Value
	case Greater:
		return actual > t.Value
	case GreaterOrEqual:
		return actual >= t.Value
	case Equal:
		return actual == t.Value
	case NotEqual:
		return actual != t.Value && !math.IsNaN(actual)
	}
	return false
}

// MarshalText writes t as a scenario file has it.
func (t Threshold) MarshalText() ([]byte, error) { return []byte(t.Text), nil }

// UnmarshalText reads what MarshalText wrote.
func (t *Threshold) UnmarshalText(text []byte) (err error) {
	*t, err = ParseThreshold(string(text))
	return err
}

var thresholdText = regexp.MustCompile(`^\s*([^\s<>=!]+)\s*(<=|>=|==|!=|<|>)\s*(\S(?:.*\S)?)\s*$`)

// ParseThreshold reads a condition such as "response.p99 < 20ms". It does not know whether a run has the figure.
func ParseThreshold(text string) (Threshold, error) {
	t, what, want := parseThreshold(text)
	if what != "" {
		return Threshold{}, fmt.Errorf("threshold: %s, expected %s", what, want)
	}
	return t, nil
}

func parseThreshold(text string) (t Threshold, what, want string) {
	m := thresholdText.FindStringSubmatch(text)
	if m == nil {
		return t, quote(text) + " is not a condition", "a figure, a comparison and a value, such as response.p99 < 20ms"
	}
	i := slices.IndexFunc(figures, func(f Figure) bool { return f.Name == m[1] })
	if i < 0 {
		what, want = unknownFigure(m[1])
		return t, what, want
	}
	t = Threshold{Figure: m[1], Op: Op(m[2]), Text: strings.TrimSpace(text)}
	t.Value, what, want = figures[i].Unit.parse(m[3])
	return t, what, want
}

func (d *decoder) threshold(n *node) (t Threshold) {
	if n.kind != text {
		d.wrongType(n, "a condition such as response.p99 < 20ms")
		return t
	}
	t, what, want := parseThreshold(n.text)
	if what != "" {
		d.report(n, what, want)
	}
	return t
}

// Figure is something that a run measures and a threshold may be about.
type Figure struct {
	// Name is response.p99, delivery.lost, rate_per_s, …
	Name string
	Unit Unit
}

// Unit is what a figure is counted in.
type Unit string

// Units of figures.
const (
	Nanoseconds Unit = "ns"         // written as a duration: 20ms
	Count       Unit = "count"      // written as a number
	PerSecond   Unit = "per_second" // written as a number or a rate: 1000/s
)

// Figures lists every figure that a threshold may be about.
func Figures() []Figure { return slices.Clone(figures) }

var (
	figures = allFigures()

	latencyNames = []string{"response", "transit", "trace", "send", "process", "schedule_lag", "connect", "subscribe"}
	latencyStats = []string{"min", "mean", "p50", "p90", "p95", "p99", "p999", "max"}
	otherFigures = []Figure{
		{"scheduled", Count}, {"sent", Count}, {"acked", Count}, {"refused", Count}, {"unsent", Count}, {"received", Count},
		{"rate_per_s", PerSecond}, {"received_rate_per_s", PerSecond},
		{"delivery.expected", Count}, {"delivery.received", Count}, {"delivery.lost", Count}, {"delivery.duplicated", Count},
		{"delivery.reordered", Count}, {"delivery.foreign", Count}, {"delivery.late", Count},
		{"spans.sampled", Count}, {"spans.ended", Count}, {"spans.dropped", Count},
		{"spans.exported", Count}, {"spans.export_failures", Count}, {"spans.received", Count},
		{"spans.whole", Count}, {"spans.missing_producer", Count}, {"spans.missing_consumer", Count},
		{"spans.wrong_parent", Count}, {"spans.wrong_trace", Count},
		{"cost.cpu_per_message", Nanoseconds}, {"cost.broker_cpu_per_message", Nanoseconds}, {"cost.allocs_per_message", Count},
		{"cost.alloc_bytes_per_message", Count}, {"cost.wire_bytes_per_message", Count},
		{"memory.generator", Count}, {"memory.broker", Count}, {"memory.sink", Count}, // bytes
	}
)

func allFigures() []Figure {
	var all []Figure
	for _, latency := range latencyNames {
		for _, stat := range latencyStats {
			all = append(all, Figure{latency + "." + stat, Nanoseconds})
		}
		all = append(all, Figure{latency + ".count", Count}, Figure{latency + ".negative", Count})
	}
	return append(all, otherFigures...)
}

// unknownFigure says which part of a figure's name is unknown.
func unknownFigure(name string) (what, want string) {
	head, _, dotted := strings.Cut(name, ".")
	if dotted && slices.Contains(latencyNames, head) {
		stats := append(slices.Clone(latencyStats), "count", "negative")
		return quote(name) + " is no statistic of that latency", listing(stats)
	}
	names := make([]string, len(figures))
	for i, f := range figures {
		names[i] = f.Name
	}
	return "unknown figure " + quote(name) + didYouMean(name, names),
		"a latency such as response.p99, or a figure such as delivery.lost, rate_per_s, spans.whole or cost.cpu_per_message"
}

// parse reads a threshold's value.
func (u Unit) parse(s string) (value float64, what, want string) {
	if u == Nanoseconds {
		d, err := time.ParseDuration(s)
		if err != nil {
			return 0, quote(s) + " is not a duration", "a number and a unit, such as 20ms or 500us"
		}
		return float64(d), "", ""
	}
	digits := s
	if u == PerSecond {
		digits = strings.TrimSuffix(s, "/s")
	}
	v, err := strconv.ParseFloat(digits, 64)
	if err != nil || v < 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0, quote(s) + " is not a number", "a number of 0 or more"
	}
	return v, "", ""
}

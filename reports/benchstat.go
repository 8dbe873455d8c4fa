package reports

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strings"
	"unicode"

	"mqttrace/load/result"
)

// Benchstat writes results to w in Go's benchmark format (golang.org/design/14313-benchmark-format), for benchstat to compare: for
// each arm a line for each latency, such as
//
//	BenchmarkResponse/scenario=telemetry-1k/arm=off-2 20000 412345 p50-ns 1203456 p99-ns
//
// and one for what messages cost and how many were lost. The number behind the name is that of values; cores stand where Go has
// GOMAXPROCS. Each step of a sweep has lines of its own. Runs of one scenario in one file are repetitions of a benchmark. What would
// make every run a benchmark of its own, such as its time, is left out. Runs that are invalid or were interrupted are in a table of
// their own: they have a verdict among the lines on top of them, and others have none.
func Benchstat(w io.Writer, all []Saved) error {
	b := &benchWriter{bufio.NewWriter(w)}
	b.line(benchMark)
	for _, u := range benchUnits {
		fmt.Fprintf(b, "Unit %s better=%s\n", u.name, u.better)
	}
	for _, s := range all {
		p := newPage(s)
		b.config(p)
		for _, a := range p.arms {
			b.arm(p, a, "")
		}
		for _, step := range p.steps {
			if step.Role == result.SweepStep {
				for _, a := range step.arms {
					b.arm(p, a, "/step="+benchName(step.Setting()))
				}
			}
		}
	}
	return b.Flush()
}

// benchMark begins what Benchstat writes; benchmark files may have lines of any kind.
const benchMark = "# mqttrace"

// benchUnits say which way is better, where the unit does not.
var benchUnits = []struct{ name, better string }{
	{"p50-ns", "lower"}, {"p90-ns", "lower"}, {"p99-ns", "lower"}, {"p99.9-ns", "lower"}, {"max-ns", "lower"},
	{"msg/s", "higher"}, {"cpu-ns/msg", "lower"}, {"broker-cpu-ns/msg", "lower"}, {"allocs/msg", "lower"}, {"heap-B/msg", "lower"},
	{"wire-B/msg", "lower"}, {"lost", "lower"}, {"duplicated", "lower"},
}

// benchLatency are the figures of a latency, and their units in a benchmark.
var benchLatency = []struct{ figure, unit string }{
	{"p50", "p50-ns"}, {"p90", "p90-ns"}, {"p99", "p99-ns"}, {"p999", "p99.9-ns"}, {"max", "max-ns"},
}

// benchMessages are the figures of an arm's messages.
var benchMessages = []struct{ figure, unit string }{
	{"rate_per_s", "msg/s"}, {"cost.cpu_per_message", "cpu-ns/msg"}, {"cost.broker_cpu_per_message", "broker-cpu-ns/msg"},
	{"cost.allocs_per_message", "allocs/msg"}, {"cost.alloc_bytes_per_message", "heap-B/msg"}, {"cost.wire_bytes_per_message", "wire-B/msg"},
	{"delivery.lost", "lost"}, {"delivery.duplicated", "duplicated"},
}

// benchWriter writes the benchmark format; errors are the writer's to keep until it is flushed.
type benchWriter struct{ *bufio.Writer }

// config writes what all lines below it have in common. A key without a value takes back that of the result before.
func (b *benchWriter) config(p *page) {
	env := p.saved.Environment
	b.line()
	for _, c := range []struct{ key, value string }{
		{"scenario", p.name}, {"broker", env.Broker.String()}, {"goos", env.OS}, {"goarch", env.Arch}, {"cpu", env.CPU},
		{"verdict", doubtful(p.verdict)},
	} {
		b.line(strings.TrimSpace(c.key + ": " + strings.TrimSpace(clean(c.value))))
	}
}

// doubtful is a verdict that says that figures must not be compared; empty if it does not.
func doubtful(v result.Verdict) string {
	if v == result.Invalid || v == result.Interrupted {
		return string(v)
	}
	return ""
}

func (b *benchWriter) line(words ...string) {
	_, _ = b.WriteString(strings.Join(words, " ") + "\n")
}

// arm writes the benchmarks of an arm.
func (b *benchWriter) arm(p *page, a armInNumbers, step string) {
	of := fmt.Sprintf("/scenario=%s/arm=%s%s-%d", benchName(p.name), benchName(a.name), step, max(p.saved.Environment.Cores, 1))
	for _, latency := range result.LatencyNames {
		var figures []string
		for _, f := range benchLatency {
			figures = appendBench(figures, a, latency+"."+f.figure, f.unit)
		}
		b.benchmark(pascal(latency)+of, a, latency+".count", figures)
	}
	var figures []string
	for _, f := range benchMessages {
		figures = appendBench(figures, a, f.figure, f.unit)
	}
	b.benchmark("Messages"+of, a, "sent", figures)
}

// benchmark writes a line if there is anything to tell.
func (b *benchWriter) benchmark(name string, a armInNumbers, count string, figures []string) {
	if n, ok := a.value(count); ok && n > 0 && len(figures) > 0 {
		b.line(append([]string{"Benchmark" + name, fraction(min(n, math.MaxInt32))}, figures...)...)
	}
}

func appendBench(figures []string, a armInNumbers, figure, unit string) []string {
	if v, ok := a.value(figure); ok {
		return append(figures, fraction(v), unit)
	}
	return figures
}

// pascal writes schedule_lag as ScheduleLag.
func pascal(name string) (all string) {
	for part := range strings.SplitSeq(name, "_") {
		all += strings.ToUpper(part[:1]) + part[1:]
	}
	return all
}

// benchName leaves nothing in a name that would end it, or a part of it.
func benchName(name string) string {
	if name == "" {
		return "none"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("-_.,:@#+", r) {
			return r
		}
		return '_'
	}, name)
}

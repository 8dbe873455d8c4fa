package reports

import (
	"fmt"
	"strings"
	"time"

	"mqttrace/load/result"
)

// overview is the table of several results, with the figures that most people look for first. Of several arms each has a row.
func overview(pages []*page) table {
	t := table{name: "scenario", columns: []string{"broker", "arm", "verdict", "rate", "p50", "p99", "lost"}}
	for _, p := range pages {
		env := p.saved.Environment
		about := func(arm string) []cell {
			return []cell{figure(clean(env.Broker.Name)), figure(clean(arm)), {strings.ToUpper(string(p.verdict)), tones[p.verdict]}}
		}
		for _, a := range p.saved.Arms {
			t.rows = append(t.rows, row{label: p.title(), cells: append(about(a.Name), headlineFigures(a)...)})
		}
		if len(p.saved.Arms) == 0 {
			t.rows = append(t.rows, row{label: p.title(), cells: append(about(none), missing, missing, missing, missing)})
		}
	}
	return t
}

// headlineFigures are the rate of an arm, p50 and p99 of its response times (of its traces, where others were observed), and how
// many messages were lost.
func headlineFigures(a result.Arm) []cell {
	l, ok := a.Latency[result.Response]
	if !ok {
		l = a.Latency[result.Trace]
	}
	return []cell{figure(Rate(a.RatePerS)), bounded(percentile(l, l.P50NS), l), bounded(percentile(l, l.P99NS), l), fault(a.Delivery.Lost, a.Delivery)}
}

// inOneSentence says what a run of one arm measured; empty if that is nothing, or if there are several arms.
func inOneSentence(r *result.Result) string {
	if len(r.Arms) != 1 {
		return ""
	}
	a := r.Arms[0]
	l, d := a.Latency[result.Response], a.Delivery
	p50, p99 := percentile(l, l.P50NS), percentile(l, l.P99NS)
	if p50 == missing {
		return ""
	}
	text := "Half of the messages took at most " + together(p50.text)
	if p99 != missing {
		text += ", 99 % of them at most " + together(p99.text)
	}
	if l.BoundNS > 0 {
		text += " (" + together("± "+Duration(time.Duration(l.BoundNS))) + ")"
	}
	if text += ", at " + Rate(a.RatePerS); r.Shard != nil || d.Expected == 0 { // what was lost, the whole run knows at its end
		return text + "."
	}
	return text + fmt.Sprintf("; %s of %s lost.", Count(d.Lost), Count(d.Expected))
}

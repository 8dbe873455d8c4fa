package reports

import (
	"time"

	"mqttrace/load/result"
)

// stageTable lists how the load changed as planned, with what the whole seconds of each stage were like. They are of all groups
// together: a run has one series.
func stageTable(r *result.Result) table {
	t := table{name: "stage", columns: []string{"group", "from", "until", "asked", "received", "worst p99"}}
	for _, s := range r.Stages {
		seen := secondsOf(r.Arms, s)
		rate := func(n uint64) cell {
			if seen.length == 0 {
				return missing
			}
			return figure(Rate(float64(n) / seen.length.Seconds()))
		}
		t.rows = append(t.rows, row{about: "stages", label: s.Name, cells: []cell{
			figure(s.Group), instant(s.AtNS), instant(s.AtNS + s.ForNS),
			rate(seen.asked), rate(seen.received), told(float64(seen.p99), nanosecondsText),
		}})
	}
	if len(t.rows) > 0 {
		t.foot = append(t.foot, note{"asked and received are of all groups, in the whole seconds of the stage", quiet})
	}
	return t
}

// instant is a time from the start of the measured phase.
func instant(ns int64) cell {
	if ns == 0 {
		return figure("0 s")
	}
	return figure(Duration(time.Duration(ns)))
}

// whole is what the whole seconds of a stage add up to.
type whole struct {
	length          time.Duration
	asked, received uint64
	p99             int64 // of the worst second, ns
}

func secondsOf(arms []result.Arm, s result.Stage) (w whole) {
	for _, a := range arms {
		for _, p := range a.Series {
			if p.AtNS < s.AtNS || p.AtNS+p.LengthNS > s.AtNS+s.ForNS {
				continue
			}
			w.length += time.Duration(p.LengthNS)
			w.asked += p.Scheduled
			w.received += p.Received
			w.p99 = max(w.p99, p.P99NS)
		}
	}
	return w
}

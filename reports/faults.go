package reports

import (
	"time"

	"mqttrace/load/result"
)

// faultSpan is something that was done to the run on purpose, and what the seconds meanwhile were like.
type faultSpan struct {
	name        string
	from, until time.Duration // from the start of the measured phase
	seconds     worst
}

// worst is the worst of several seconds, or of several slices.
type worst struct {
	p99    int64  // of the response times, ns; 0 if nothing was received
	memory int64  // resident in the generator, bytes; 0 if it is not known
	failed uint64 // spans that an endpoint did not take, in all of the seconds
	// held is by how many spans more were queued or dropped after these seconds than before.
	held int64
}

// faultsOf are the faults of a run, and at the end the time without any.
func faultsOf(r *result.Result) (all []faultSpan) {
	for _, f := range r.Faults {
		all = append(all, faultSpan{
			name: f.Name, from: time.Duration(f.AtNS), until: time.Duration(f.AtNS + f.ForNS),
			seconds: worstOf(r.Arms, func(p result.Point) bool { return during(p, f) }),
		})
	}
	if len(all) > 0 {
		all = append(all, faultSpan{seconds: worstOf(r.Arms, func(p result.Point) bool { return !duringAny(p, r.Faults) })})
	}
	return all
}

// during says whether any of a second, or of a slice, was in a fault.
func during(p result.Point, f result.Fault) bool {
	return p.AtNS < f.AtNS+f.ForNS && f.AtNS < p.AtNS+p.LengthNS
}

func duringAny(p result.Point, faults []result.Fault) bool {
	for _, f := range faults {
		if during(p, f) {
			return true
		}
	}
	return false
}

// worstOf takes the seconds that are asked for, the warm-up's left out.
func worstOf(arms []result.Arm, asked func(result.Point) bool) (w worst) {
	for _, a := range arms {
		var waiting uint64
		for _, p := range a.Series {
			if p.AtNS >= 0 && asked(p) {
				w.p99 = max(w.p99, p.P99NS)
				w.memory = max(w.memory, p.GeneratorRSS)
				w.failed += p.SpansFailed
				w.held += int64(p.SpansWaiting) - int64(waiting)
			}
			waiting = p.SpansWaiting
		}
	}
	return w
}

// isNone says that nothing was done in this time.
func (f faultSpan) isNone() bool { return f.name == "" }

// faultTable lists the faults with the time of each, and what messages, memory and spans noticed.
func faultTable(r *result.Result, faults []faultSpan) table {
	t := table{name: "fault", columns: []string{"from", "until", "worst p99", "most memory"}}
	exports := exportsSpans(r.Arms)
	if exports {
		t.columns = append(t.columns, "held back", "failed")
	}
	for _, f := range faults {
		r := row{about: "faults", label: f.name, cells: []cell{
			figure(Duration(f.from)), figure(Duration(f.until)), told(float64(f.seconds.p99), nanosecondsText), told(float64(f.seconds.memory), Bytes),
		}}
		if exports {
			r.cells = append(r.cells, figure(Count(uint64(max(f.seconds.held, 0)))), figure(Count(f.seconds.failed)))
		}
		if f.isNone() {
			r.label, r.cells[0], r.cells[1] = "no fault", missing, missing
		}
		t.rows = append(t.rows, r)
	}
	if exports && len(t.rows) > 0 {
		t.foot = append(t.foot, note{"held back: spans that ended meanwhile and were still queued, or dropped; failed: those in exports that failed", quiet})
	}
	return t
}

func exportsSpans(arms []result.Arm) bool {
	for _, a := range arms {
		if a.Spans != nil && (a.Spans.Received != nil || a.Spans.ExportCalls > 0) {
			return true
		}
	}
	return false
}

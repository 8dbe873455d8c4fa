package reports

import (
	"time"

	"mqttrace/load/result"
)

// faultSpan is something that was done to the run on purpose, and the response times meanwhile.
type faultSpan struct {
	name        string
	from, until time.Duration // from the start of the measured phase
	worst       int64         // highest p99 of the response times of a second, ns; 0 if nothing was received
}

// faultsOf are the faults of a run.
func faultsOf(r *result.Result) (all []faultSpan) {
	for _, f := range r.Faults {
		all = append(all, faultSpan{
			name: f.Name, from: time.Duration(f.AtNS), until: time.Duration(f.AtNS + f.ForNS),
			worst: worstSecond(r.Arms, func(p result.Point) bool { return during(p, f) }),
		})
	}
	if len(all) > 0 {
		all = append(all, faultSpan{worst: worstSecond(r.Arms, func(p result.Point) bool { return !duringAny(p, r.Faults) })})
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

// worstSecond is the highest p99 of the response times in a second of those that are asked for, the warm-up's left out.
func worstSecond(arms []result.Arm, asked func(result.Point) bool) (worst int64) {
	for _, a := range arms {
		for _, p := range a.Series {
			if p.AtNS >= 0 && asked(p) {
				worst = max(worst, p.P99NS)
			}
		}
	}
	return worst
}

// isNone says that nothing was done in this time.
func (f faultSpan) isNone() bool { return f.name == "" }

// faultTable lists the faults with the time of each, and what messages noticed.
func faultTable(faults []faultSpan) table {
	t := table{name: "fault", columns: []string{"from", "until", "worst p99 of a second"}}
	for _, f := range faults {
		r := row{about: "faults", label: f.name, cells: []cell{
			figure(Duration(f.from)), figure(Duration(f.until)), told(float64(f.worst), nanosecondsText),
		}}
		if f.isNone() {
			r.label, r.cells[0], r.cells[1] = "no fault", missing, missing
		}
		t.rows = append(t.rows, r)
	}
	return t
}

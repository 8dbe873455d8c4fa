package reports

import (
	"math"
	"slices"
	"time"

	"mqttrace/load/result"
)

// backlogTable lists what became of the messages that each fault kept from receivers; it is empty if none did.
func backlogTable(r *result.Result) table {
	t := table{name: "backlog", columns: []string{"highest", "at", "drained in", "received", "owed", "worst p99", "lost"}}
	for _, f := range r.Faults {
		if f.Backlog != nil {
			t.rows = append(t.rows, backlogRow(r, f))
		}
	}
	if len(t.rows) > 0 {
		t.foot = append(t.foot, note{"highest: owed to the receivers that were held back and not received; drained in: from then to what was under way before, or 1 %, " +
			"lost ones apart; received, owed: meanwhile; worst p99: from the fault's begin", quiet})
	}
	return t
}

func backlogRow(r *result.Result, f result.Fault) row {
	b := f.Backlog
	at := row{about: "faults", label: f.Name, cells: []cell{
		figure(Count(b.Peak)), figure(Duration(time.Duration(b.PeakAtNS))), after(b.DrainedNS), missing, missing,
		told(float64(worstOf(r.Arms, func(p result.Point) bool { return whileBacklog(p, f) }).p99), nanosecondsText), figure(Count(b.Lost)),
	}}
	if b.ReceivedRatePerS > 0 {
		at.cells[3], at.cells[4] = figure(Rate(b.ReceivedRatePerS)), figure(Rate(b.OwedRatePerS))
	}
	if b.Lost > 0 {
		at.cells[6].tone = doubt
	}
	switch {
	case r.Verdict == "": // it may still be
	case b.DrainedNS == nil && b.Lost > 0:
		at.cells[2] = cell{"never", doubt}
		at.notes = append(at.notes, note{"what was held back never arrived: " + Count(b.Lost) + " messages were lost", doubt})
	case b.DrainedNS == nil:
		at.cells[2] = cell{"never", doubt}
		at.notes = append(at.notes, note{"there was a backlog when it was last looked at", doubt})
	case b.Lost > 0:
		at.notes = append(at.notes, note{Count(b.Lost) + " messages never arrived: drained is when the others had", doubt})
	}
	return at
}

// whileBacklog says whether any of a second was between the begin of a fault and the end of its backlog.
func whileBacklog(p result.Point, f result.Fault) bool {
	until := max(f.AtNS+f.ForNS, f.Backlog.PeakAtNS)
	if f.Backlog.DrainedNS != nil {
		until += *f.Backlog.DrainedNS
	}
	return p.AtNS <= until && f.AtNS < p.AtNS+p.LengthNS
}

// backlog is what was owed and had not arrived by the end of a second; NaN where nobody looked.
func backlog(p result.Point) float64 {
	if p.Backlog == nil {
		return math.NaN()
	}
	return float64(*p.Backlog)
}

// hasBacklog says that a fault held receivers back. Of a shard nobody knows what is owed to its receivers.
func hasBacklog(r *result.Result) bool {
	return r.Shard == nil && slices.ContainsFunc(r.Arms, func(a result.Arm) bool {
		return slices.ContainsFunc(a.Series, func(p result.Point) bool { return p.Backlog != nil })
	})
}

package reports

import (
	"time"

	"mqttrace/load/result"
)

// consequenceTable lists what became of connections and messages because of each fault; it is empty if nothing did.
func consequenceTable(r *result.Result) table {
	t := table{name: "after", columns: []string{"cut off", "noticed", "all back", "p99 back", "lost", "again", "late"}}
	untold := ""
	for _, f := range r.Faults {
		if !hasConsequences(f) {
			continue
		}
		row := row{about: "faults", label: f.Name, cells: []cell{
			figure(Count(f.ConnectionsLost)), after(f.DetectedNS), after(f.ReconnectedNS), after(f.RecoveredNS),
			figure(Count(f.Lost)), figure(Count(f.Duplicated)), figure(Count(f.Late)),
		}}
		if f.NotReconnected > 0 {
			row.cells[2] = cell{"never", doubt}
			row.notes = append(row.notes, note{Count(f.NotReconnected) + " clients had no connection at the end", doubt})
		}
		if f.BeforeP99NS == nil {
			row.cells[3] = missing
			untold = "; p99 back –: fewer than 100 messages before it, or another fault too soon"
			if f.Late == 0 {
				row.cells[6] = missing
			}
		} else if f.RecoveredNS == nil {
			row.cells[3] = cell{"never", doubt}
		}
		t.rows = append(t.rows, row)
	}
	if len(t.rows) > 0 {
		t.foot = append(t.foot, note{"noticed: from its begin to the first client that was cut off; all back, p99 back: from its end to the last of them, " +
			"and to response times within twice those of before; again: duplicates; late: later than that" + untold, quiet})
	}
	return t
}

// hasConsequences tells a fault that did something to connections or messages from one that nobody noticed, and from those of
// results that do not tell.
func hasConsequences(f result.Fault) bool {
	return f.ConnectionsLost+f.Lost+f.Duplicated+f.Late > 0 || f.BeforeP99NS != nil
}

// after is a time that passed, 0 included.
func after(ns *int64) cell {
	if ns == nil {
		return missing
	}
	return figure(Duration(time.Duration(*ns)))
}

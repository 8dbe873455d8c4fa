package reports

import (
	"fmt"

	"mqttrace/load/result"
)

// spans is the ledger of the arms that export: where every span went.
func spans(arms []result.Arm) table {
	t := table{name: "spans", columns: []string{"started", "sampled", "ended", "exported", "dropped", "failed", "in sink"}}
	for _, arm := range arms {
		s := arm.Spans
		if s == nil || !exports(s) {
			continue
		}
		r := row{about: "spans", label: label(arm, arms), notes: unbalanced(s), cells: []cell{
			figure(Count(s.Started)), figure(Count(s.Sampled)), figure(Count(s.Ended)), figure(Count(s.Exported)),
			lostSpans(s.Dropped), lostSpans(s.Failed + s.Queued), missing,
		}}
		if s.Received != nil {
			r.cells[len(r.cells)-1] = figure(Count(*s.Received))
		}
		if len(arms) == 1 {
			r.label = arm.Name
		}
		t.rows = append(t.rows, r)
	}
	return t
}

// exports says whether the spans of an arm were on their way to an endpoint.
func exports(s *result.Spans) bool {
	return s.Received != nil || s.ExportCalls > 0 || s.Queued+s.Dropped+s.Exported+s.Failed > 0
}

// lostSpans is a count that is best 0.
func lostSpans(n uint64) cell {
	if n == 0 {
		return cell{"0", quiet}
	}
	return cell{Count(n), doubt}
}

// unbalanced says what the ledger cannot account for.
func unbalanced(s *result.Spans) (notes []note) {
	gone := s.Exported + s.Dropped + s.Failed + s.Queued
	if s.Sampled != s.Ended || s.Ended != gone {
		notes = append(notes, note{fmt.Sprintf("the ledger does not balance: %s sampled, %s ended, %s exported, dropped or failed",
			Count(s.Sampled), Count(s.Ended), Count(gone)), bad})
	}
	switch {
	case s.Received == nil || *s.Received == s.Exported:
	case *s.Received > s.Exported && *s.Received <= s.Exported+s.Failed:
		notes = append(notes, note{fmt.Sprintf("the sink has %s spans of exports that failed: what was given up on arrived all the same",
			Count(*s.Received-s.Exported)), doubt})
	default:
		notes = append(notes, note{fmt.Sprintf("the sink has %s of %s exported spans", Count(*s.Received), Count(s.Exported)), bad})
	}
	return notes
}

package reports

import (
	"slices"
	"time"

	"mqttrace/load/result"
)

// Of a few arms all latencies of messages fit on a screen, of some the important ones, and of many those that tell the arms apart.
// All are in the result file.
const (
	fewArms  = 2
	someArms = 4
)

// shown are the latencies of a page with that many arms.
func shown(arms int, room room) []string {
	switch {
	case arms == 1 || room.latencies:
		return result.LatencyNames
	case arms <= fewArms: // over the same connections, which were made once
		return []string{result.Response, result.Transit, result.Trace, result.Send, result.ProcessTime, result.ScheduleLag}
	case arms <= someArms:
		return []string{result.Response, result.Transit, result.Trace, result.ScheduleLag}
	default:
		return []string{result.Response, result.Transit, result.Trace}
	}
}

// latencies is the table of latencies; with several arms, those of one name stand below each other.
func latencies(r *result.Result, room room) table {
	arms, isBounded := r.Arms, hasBound(r.Arms)
	t := table{name: "latency", columns: []string{"count", "min", "p50", "p90", "p99", "p99.9", "max"}}
	if isBounded {
		t.columns = append(t.columns, "±")
	}
	for _, name := range shown(len(arms), room) {
		for _, arm := range arms {
			if l, ok := arm.Latency[name]; ok {
				row := latencyRow(name, arm, l, len(arms) > 1)
				if isBounded {
					row.cells, row.notes = append(row.cells, boundCell(l)), append(row.notes, limited(name, l, r)...)
				}
				t.rows = append(t.rows, row)
			}
		}
	}
	if len(arms) > 1 || isBounded && !room.latencies {
		return t.without(1) // the shortest tell arms apart least
	}
	return t
}

// without leaves a column out.
func (t table) without(column int) table {
	t.columns = slices.Delete(t.columns, column, column+1)
	for i := range t.rows {
		t.rows[i].cells = slices.Delete(t.rows[i].cells, column, column+1)
	}
	return t
}

// latencyRow is the row of a latency; of several arms each has one.
func latencyRow(name string, arm result.Arm, l result.Latency, several bool) row {
	r := row{about: name, label: name, cells: percentiles(l), notes: withheld(l)}
	if several {
		r.group, r.label = name, arm.Name
	}
	return r
}

// label is that of an arm's row in a table that has one for each.
func label(arm result.Arm, arms []result.Arm) string {
	if len(arms) == 1 {
		return "messages"
	}
	return arm.Name
}

func percentiles(l result.Latency) []cell {
	count := cell{text: Count(l.Count)}
	if l.Count == 0 {
		return []cell{count, missing, missing, missing, missing, missing, missing}
	}
	return []cell{
		count, figure(Duration(time.Duration(l.MinNS))),
		percentile(l, l.P50NS), percentile(l, l.P90NS), percentile(l, l.P99NS), percentile(l, l.P999NS),
		figure(Duration(time.Duration(l.MaxNS))),
	}
}

var missing = cell{text: none, tone: quiet}

func figure(text string) cell { return cell{text: text} }

// percentile is missing where the sample is too small for it or a latency must not be quoted.
func percentile(l result.Latency, ns *int64) cell {
	if ns == nil || l.Withheld != "" {
		return missing
	}
	return figure(Duration(time.Duration(*ns)))
}

func withheld(l result.Latency) []note {
	if l.Withheld == "" {
		return nil
	}
	return []note{{"percentiles withheld: " + l.Withheld, doubt}}
}

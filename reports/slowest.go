package reports

import (
	"cmp"
	"slices"
	"time"

	"mqttrace/load/result"
)

// slowest is the table of the messages with the longest response times, of all arms together, and where to look them up.
func slowest(r *result.Result, room room) table {
	t := table{name: "slowest", columns: []string{"received at", "response", "transit"}, isDetail: true}
	type exemplar struct {
		result.Exemplar
		arm string
	}
	var all []exemplar
	for _, arm := range r.Arms {
		for _, e := range arm.Slowest {
			all = append(all, exemplar{e, arm.Name})
		}
	}
	slices.SortStableFunc(all, func(a, b exemplar) int { return cmp.Compare(b.ResponseNS, a.ResponseNS) })
	if len(r.Arms) > 1 {
		t.columns = append([]string{"arm"}, t.columns...)
	}
	for _, e := range all[:min(len(all), room.exemplars)] {
		cells := []cell{
			figure(Duration(time.Duration(e.AtNS))), figure(Duration(time.Duration(e.ResponseNS))), figure(Duration(time.Duration(e.TransitNS))),
		}
		if len(r.Arms) > 1 {
			cells = append([]cell{figure(e.arm)}, cells...)
		}
		t.rows = append(t.rows, row{about: "slowest", label: e.Sender, cells: cells, trace: newTrace(r.TraceURL, e.TraceID)})
	}
	return t
}

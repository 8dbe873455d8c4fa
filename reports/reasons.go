package reports

import (
	"strings"

	"mqttrace/load/result"
)

// reasonTable lists the reason codes other than success that the broker gave.
func reasonTable(r *result.Result) table {
	t := table{name: "reason code", columns: []string{"in", "count"}}
	for _, one := range r.Reasons {
		var said []string
		if one.Text != "" {
			said = append(said, "the broker says: "+one.Text)
		}
		if one.ServerReference != "" {
			said = append(said, "it refers to "+one.ServerReference)
		}
		t.rows = append(t.rows, row{about: "reasons", label: one.Name, cells: []cell{figure(one.Packet), {Count(one.Count), doubt}}, where: strings.Join(said, "; ")})
	}
	return t
}

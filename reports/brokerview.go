package reports

import (
	"encoding/json"
	"strconv"

	"mqttrace/load/result"
)

// brokerTable shows what the broker told of itself, if the scenario asks for that: otherwise it is in the result file alone.
func brokerTable(r *result.Result) table {
	t := table{name: "broker says", columns: []string{"first", "last", "most"}}
	var sc struct {
		Metrics json.RawMessage `json:"metrics"`
	}
	if err := json.Unmarshal(r.Scenario, &sc); err != nil || sc.Metrics == nil {
		return t
	}
	for _, m := range r.BrokerMetrics {
		if len(m.Points) == 0 {
			continue
		}
		most := m.Points[0].Value
		for _, p := range m.Points {
			most = max(most, p.Value)
		}
		cells := []cell{figure(reading(m.Points[0].Value)), figure(reading(m.Points[len(m.Points)-1].Value)), figure(reading(most))}
		t.rows = append(t.rows, row{about: "broker", label: m.Name, cells: cells})
	}
	return t
}

// withBroker adds to the table of the delivery ledgers what the broker counted.
func withBroker(t table, r *result.Result) table {
	for _, c := range r.Reconciled {
		t.foot = append(t.foot, reconciled(c))
	}
	return t
}

// reading writes a number that may be a count of any size: whole if it is.
func reading(v float64) string {
	if v >= 0 && v < 1<<53 && v == float64(uint64(v)) {
		return Count(uint64(v))
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}

func reconciled(c result.Reconciliation) note {
	if c.Explanation == "" {
		return note{c.Count + ": " + Count(c.Ours) + ", by the senders' count and by the broker's", quiet}
	}
	return note{c.Count + ": " + Count(c.Ours) + " by the senders' count, " + Count(c.Brokers) + " by the broker's; " + c.Explanation, doubt}
}

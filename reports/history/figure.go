package history

import (
	"strings"
	"time"

	"mqttrace/load/result"
	"mqttrace/reports"
)

// figure is one of the few figures that a history follows.
type figure struct {
	name  string // as a threshold calls it
	title string // for people
	unit  string // of its values in files
	write func(float64) string
}

// found is the one figure of a search: the others are those at what it found, which is different each time.
const found = "found"

// figures are the headline figures in the order in which they are shown.
var figures = []figure{
	{"response.p50", "response p50", "ns", duration},
	{"response.p99", "response p99", "ns", duration},
	{"response.p999", "response p99.9", "ns", duration},
	{"transit.p99", "transit p99", "ns", duration},
	{"rate_per_s", "rate sent", "1/s", reports.Rate},
	{"delivery.lost", "messages lost", "messages", reports.Number},
	{"cost.cpu_per_message", "CPU/msg", "ns", duration},
	{"cost.allocs_per_message", "allocs/msg", "allocations", reports.Number},
	{"cost.broker_cpu_per_message", "broker CPU/msg", "ns", duration},
	{found, "highest that held", "", reports.Number},
}

func duration(ns float64) string { return reports.Duration(time.Duration(ns)) }

// values are the headline figures of an arm that it has.
func values(sweep *result.Sweep, arm result.Arm) map[string]float64 {
	all := map[string]float64{}
	switch {
	case arm.ElapsedNS == 0: // nothing was measured
	case sweep != nil && sweep.Found != nil:
		for _, f := range sweep.Found {
			if f.Arm == arm.Name {
				all[found] = f.Number
			}
		}
	default:
		for _, f := range figures {
			v, missing := arm.Figure(f.name)
			if isTold := v != 0 || !strings.HasPrefix(f.name, "cost."); missing == "" && isTold {
				all[f.name] = v // a cost is 0 where the system does not tell it
			}
		}
	}
	return all
}

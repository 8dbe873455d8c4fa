package history

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"mqttrace/load/result"
	"mqttrace/reports"
)

// Run is what one arm of one result came to.
type Run struct {
	// File is the path of the result, Page that of its report if there is one, both from the folder, with slashes.
	File    string         `json:"file"`
	Page    string         `json:"page,omitempty"`
	Started time.Time      `json:"started"`
	Verdict result.Verdict `json:"verdict"`
	Reason  string         `json:"reason,omitempty"`
	// Version is that of the program that ran it.
	Version string `json:"version"`
	Broker  string `json:"broker"`  // name and version
	Machine string `json:"machine"` // system, processor and cores, but not its name: that of a hired one is never the same
	// Values are the headline figures by name; those that the run does not have are absent.
	Values map[string]float64 `json:"values"`
	// Point is the index of the point of its series that the run is part of.
	Point int `json:"point"`

	scenario, broker, arm string
	setting               string // what ran, to tell when that changes
	host                  string
	order                 int       // of the arm in its result
	asked                 time.Time // when the first of the runs that it was asked for with began; zero if it was alone
}

// runsOf are the arms of a result.
func runsOf(r reports.Saved, page string) []Run {
	var runs []Run
	for i, arm := range r.Arms {
		run := Run{
			File: r.Path, Page: page, Started: r.Started.UTC(), Verdict: r.Verdict, Reason: r.Reason,
			Version: r.Environment.Tool, Broker: r.Environment.Broker.String(), Machine: machine(r.Environment),
			scenario: scenarioName(r.Scenario), broker: r.Environment.Broker.Name, arm: arm.Name,
			setting: setting(r.Scenario), host: r.Environment.Host, order: i,
		}
		if r.Repetition != nil {
			run.asked = r.Repetition.Began
		}
		run.Values = values(r.Sweep, arm)
		runs = append(runs, run)
	}
	return runs
}

func scenarioName(scenario json.RawMessage) string {
	var named struct {
		Name string `json:"name"`
	}
	_ = json.Unmarshal(scenario, &named) // an unreadable one has no name, and its figures may still be told
	return cmp.Or(named.Name, "unnamed")
}

// saysNothing are the keys of a scenario that leave its figures alone.
var saysNothing = []string{"name", "description", "broker", "thresholds", "repeat"}

// setting is a scenario without what leaves its figures alone, in a form that is equal for equal ones.
func setting(scenario json.RawMessage) string {
	var keys map[string]any
	if json.Unmarshal(scenario, &keys) != nil {
		return string(scenario)
	}
	for _, key := range saysNothing {
		delete(keys, key)
	}
	sorted, err := json.Marshal(keys)
	if err != nil {
		return string(scenario)
	}
	return string(sorted)
}

func machine(e result.Environment) string {
	if e.OS == "" {
		return ""
	}
	facts := []string{e.OS + "/" + e.Arch}
	if e.CPU != "" {
		facts = append(facts, e.CPU)
	}
	return strings.Join(append(facts, reports.Plural(e.Cores, "core")), ", ")
}

// counts says whether a run's figures are of what was to be measured.
func (r Run) counts() bool { return r.Verdict == result.Pass || r.Verdict == result.Fail }

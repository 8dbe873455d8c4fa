package compare

import (
	"encoding/json"
	"fmt"

	"mqttrace/load/result"
	"mqttrace/reports"
)

// scenarioName is what the scenario of a run is called; empty if it does not say.
func scenarioName(r *result.Result) string {
	var named struct {
		Name string `json:"name"`
	}
	_ = json.Unmarshal(r.Scenario, &named) // an unreadable one has no name, and its figures may still be told
	return named.Name
}

func machineName(e result.Environment) string {
	return fmt.Sprintf("%s/%s, %s", e.OS, e.Arch, reports.Plural(e.Cores, "core"))
}

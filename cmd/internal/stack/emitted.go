package stack

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// A Metric is what a program promises to export over OTLP.
type Metric struct {
	Name string `json:"name"`
	Unit string `json:"unit"`
	Kind Kind   `json:"kind"`
	// From is who exports it: sender, receiver, mqttrace, otel-collector, or the collector's connectors span_metrics and
	// service_graph. A metric that several programs export is in the table once for each.
	From string `json:"from"`
	// Attributes are on every data point, Sometimes only on some, such as error.type.
	Attributes []string `json:"attributes"`
	Sometimes  []string `json:"sometimes,omitempty"`
	// Values are the only ones of an attribute, for those that queries spell out.
	Values map[string][]string `json:"values,omitempty"`
}

// Kind is how a metric's data points are to be read.
type Kind string

// The kinds that dashboards tell apart. A Gauge goes up and down, whether its instrument is a gauge or an up-down counter.
const (
	Counter   Kind = "counter"
	Gauge     Kind = "gauge"
	Histogram Kind = "histogram"
)

//go:embed emitted.json
var emitted []byte

// Emitted is the table of every metric that dashboards may use, in the order of the file.
func Emitted() []Metric {
	var table struct {
		Metrics []Metric `json:"metrics"`
	}
	if err := json.Unmarshal(emitted, &table); err != nil {
		panic(fmt.Sprintf("emitted.json: %v", err)) // built in, and tested
	}
	return table.Metrics
}

// Missing says, a line each, what the table promises from a program and an export of it does not have: metrics, and of those
// that are there the kind, unit, attributes and values. What an export has beyond the table is nobody's concern. Attributes
// of an exported metric are those of all its data points; Sometimes and From are not looked at.
func Missing(from string, exported []Metric) []string {
	var missing []string
	for _, promised := range Emitted() {
		if promised.From != from {
			continue
		}
		i := slices.IndexFunc(exported, func(m Metric) bool { return m.Name == promised.Name })
		if i < 0 {
			missing = append(missing, fmt.Sprintf("%s: not exported by %s", promised.Name, from))
			continue
		}
		missing = append(missing, promised.without(exported[i])...)
	}
	return missing
}

func (m Metric) without(exported Metric) []string {
	var missing []string
	say := func(what string, got, want any) {
		missing = append(missing, fmt.Sprintf("%s: %s is %v, promised is %v", m.Name, what, got, want))
	}
	if exported.Kind != m.Kind {
		say("kind", exported.Kind, m.Kind)
	}
	if exported.Unit != m.Unit {
		say("unit", fmt.Sprintf("%q", exported.Unit), fmt.Sprintf("%q", m.Unit))
	}
	for _, attribute := range m.Attributes {
		if !slices.Contains(exported.Attributes, attribute) {
			say("attributes", strings.Join(exported.Attributes, ", "), attribute)
		}
	}
	for attribute, promised := range m.Values {
		for _, value := range exported.Values[attribute] {
			if !slices.Contains(promised, value) {
				say(attribute, value, strings.Join(promised, ", "))
			}
		}
	}
	return missing
}

package scenarios

import (
	"github.com/invopop/jsonschema"
)

// addFaults says that a fault is of one kind.
func addFaults(fault *jsonschema.Schema) {
	for _, kind := range faultKinds {
		fault.OneOf = append(fault.OneOf, &jsonschema.Schema{Required: []string{kind}})
	}
}

const (
	sharePattern     = `^[0-9]*\.?[0-9]+ *%$`
	bandwidthPattern = `^[0-9]+(\.[0-9]+)? *([kMG]bit|[kKM]B|[KM]iB)/s$`
)

func shareSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: sharePattern, Examples: []any{"50%"}}
}

func networkSchema() *jsonschema.Schema {
	latency := durationSchema()
	latency.Description = "What is added to whatever passes, in either direction; whole milliseconds."
	jitter := durationSchema()
	jitter.Description = "By how much at most the latency is moved up or down; whole milliseconds."
	long := object(
		property{"latency", latency},
		property{"jitter", jitter},
		property{"bandwidth", &jsonschema.Schema{Type: "string", Pattern: bandwidthPattern, Examples: []any{"1Mbit/s"},
			Description: "What each connection carries at most, in either direction; from 8kbit/s."}},
	)
	long.MinProperties = ptr(1)
	long.DependentRequired = map[string][]string{"jitter": {"latency"}}
	return eitherOf(words(NetworkCut, NetworkStall), long)
}

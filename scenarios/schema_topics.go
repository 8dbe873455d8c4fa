package scenarios

import (
	"encoding/json"
	"strconv"

	"github.com/invopop/jsonschema"
)

func topicsSchema() *jsonschema.Schema {
	one := &jsonschema.Schema{Type: "string", MinLength: ptr(1), Examples: []any{"bench/{sender}"}}
	list := &jsonschema.Schema{Type: "array", Items: one, MinItems: ptr(1), MaxItems: ptr(maxTopics), UniqueItems: true}
	space := &jsonschema.Schema{Type: "string", Pattern: `\{n\}`, Examples: []any{"bench/{sender}/{n}"},
		Description: "Topic in which {n} stands for the number of the topic, from 0."}
	topics := &jsonschema.Schema{Type: "integer", Minimum: "2", Maximum: json.Number(strconv.Itoa(maxTopics)),
		Description: "How many topics the space has for each client; where it has no {sender}, for all of them together."}
	choose := words(RoundRobin, UniformChoice, Zipf)
	choose.Description = "Which topic a message goes to: each in turn, any of them alike, or few often and many seldom. Default: round_robin."
	exponent := &jsonschema.Schema{Type: "number", Minimum: json.Number(strconv.FormatFloat(minExponent, 'g', -1, 64)),
		Maximum: json.Number(strconv.Itoa(maxExponent)), Default: defaultExponent,
		Description: "Exponent of choose: zipf: topic n is drawn in proportion to 1/(n+1)^exponent."}
	named := *list
	named.Description = "The topics."
	several := object(property{"list", &named}, property{"space", space}, property{"topics", topics},
		property{"choose", choose}, property{"exponent", exponent})
	several.OneOf = []*jsonschema.Schema{{Required: []string{"list"}}, {Required: []string{"space"}}}
	several.DependentRequired = map[string][]string{"space": {"topics"}, "topics": {"space"}, "exponent": {"choose"}}
	return eitherOf(one, list, several)
}

func filtersSchema() *jsonschema.Schema {
	one := &jsonschema.Schema{Type: "string", MinLength: ptr(1), Examples: []any{"bench/+/telemetry", "$share/backend/bench/#"}}
	return eitherOf(one, &jsonschema.Schema{Type: "array", Items: one, MinItems: ptr(1), MaxItems: ptr(maxFilters), UniqueItems: true})
}

// propertyValueSchema is text, or a generator; numbers and booleans are taken as text.
func propertyValueSchema() *jsonschema.Schema {
	return anyOf(&jsonschema.Schema{Type: "string", Examples: []any{"{group}-{sender}", "message {seq}"}},
		&jsonschema.Schema{Type: "number"}, &jsonschema.Schema{Type: "boolean"}, generatorSchema())
}

func userPropertiesSchema() *jsonschema.Schema {
	names := func(most uint64) *jsonschema.Schema {
		return &jsonschema.Schema{
			Type: "object", AdditionalProperties: propertyValueRef(), MinProperties: ptr(1), MaxProperties: ptr(most),
			PropertyNames: &jsonschema.Schema{MinLength: ptr(1), Not: words(traceNames...)},
		}
	}
	list := &jsonschema.Schema{Type: "array", Items: names(1), MinItems: ptr(1), MaxItems: ptr(maxUserProperties)}
	return eitherOf(names(maxUserProperties), list)
}

func propertyValueRef() *jsonschema.Schema { return &jsonschema.Schema{Ref: "#/$defs/value"} }

// addSizes lets packet sizes have units.
func addSizes(sender, receiver *jsonschema.Schema) {
	for _, group := range []*jsonschema.Schema{sender, receiver} {
		size := sizeSchema()
		size.Description = group.Properties.Value("maximum_packet_size").Description
		group.Properties.Set("maximum_packet_size", size)
	}
}

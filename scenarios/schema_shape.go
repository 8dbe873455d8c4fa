package scenarios

import "github.com/invopop/jsonschema"

// addShapes adds what a schema can say about when groups send.
func addShapes(schema *jsonschema.Schema) {
	sender := schema.Properties.Value("senders").Items
	stage := sender.Properties.Value("stages").Items
	total := func(words string) *jsonschema.Schema {
		return &jsonschema.Schema{Type: "string", Pattern: ratePattern, Examples: []any{"1000/s"}, Description: words}
	}
	stage.Properties.Set("total", total("Total is the whole group's rate at the beginning of the stage, in place of rate."))
	stage.Properties.Set("to_total", total("To_total is the whole group's rate at the end of the stage, in place of to."))
	for _, key := range []string{"rate", "total", "to", "to_total"} {
		stage.AnyOf = append(stage.AnyOf, &jsonschema.Schema{Required: []string{key}})
	}
	staged := jsonschema.NewProperties()
	staged.Set("senders", &jsonschema.Schema{Contains: &jsonschema.Schema{Required: []string{"stages"}}})
	schema.AnyOf = []*jsonschema.Schema{{Required: []string{"duration"}}, {Properties: staged}}
}

// spreadSchema is a duration, or how it is drawn.
func spreadSchema() *jsonschema.Schema {
	between := object(property{"min", about(durationSchema(), "Shortest of an even spread.")}, property{"max", about(durationSchema(), "Longest of it.")})
	between.Required = []string{"max"}
	exponential := object(property{"mean", about(durationSchema(), "Mean of an exponential distribution.")})
	exponential.Required = []string{"mean"}
	return anyOf(durationSchema(), between, exponential)
}

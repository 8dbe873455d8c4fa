package scenarios

import "github.com/invopop/jsonschema"

// addArms adds the forms that arms take beside a mapping: words, and sweeps.
func addArms(tracing *jsonschema.Schema) {
	compare := tracing.Properties.Value("compare")
	arm := compare.Items
	for _, s := range []*jsonschema.Schema{tracing, arm} {
		s.Properties.Value("name").Pattern = armNamePattern
		size := sizeSchema()
		size.Description = s.Properties.Value("payload").Description
		s.Properties.Set("payload", size)
	}
	arm.Required = []string{"arm"}
	arm.Properties.Set("sweep", sweepSchema())
	compare.Items = anyOf(&jsonschema.Schema{Type: "string", Pattern: armPattern, Examples: []any{"off", "export@0.1"}}, arm)
	tracing.Not = &jsonschema.Schema{Required: []string{"arm", "compare"}}
	tracing.DependentRequired = map[string][]string{"slice": {"compare"}}
}

func sweepSchema() *jsonschema.Schema {
	values := &jsonschema.Schema{
		Type: "array", Items: anyOf(numeric(), &jsonschema.Schema{Type: "string"}), MinItems: ptr(1), MaxItems: ptr(maxArms),
		Description: "The values, each of which makes an arm.", Examples: []any{[]int{0, 10, 50}},
	}
	key := words(sweepKeys()...)
	key.Description = "Key whose values are gone through."
	sweep := object(property{"key", key}, property{"values", values})
	sweep.Required = []string{"key", "values"}
	sweep.Description = "Sweep makes an arm of each value of a key, in place of the one arm."
	return sweep
}

func exporterSchema() *jsonschema.Schema {
	place := func() []*jsonschema.Schema {
		return []*jsonschema.Schema{
			words(embeddedExporter), {Type: "string", Pattern: exporterPattern, Examples: []any{"http://localhost:4317"}},
		}
	}
	endpoint := anyOf(place()...)
	endpoint.Description = "The embedded sink, which is the default, or the URL of a collector."
	protocol := words(GRPC, HTTPProtobuf)
	protocol.Description = "Default: http/protobuf for port 4318, else grpc."
	compression := words(Gzip, Uncompressed)
	compression.Description = "Default: none."
	long := object(property{"endpoint", endpoint}, property{"protocol", protocol}, property{"compression", compression})
	long.MinProperties = ptr(1)
	return eitherOf(append(place(), long)...)
}

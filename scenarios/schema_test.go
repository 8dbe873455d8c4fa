package scenarios

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSchemaFileIsUpToDate(t *testing.T) {
	schema, err := JSONSchema()
	require.NoError(t, err)
	golden(t, "scenario.schema.json", string(schema))
}

// compiled is the schema as a validator has it.
func compiled(t testing.TB) *jsonschema.Schema {
	t.Helper()
	text, err := JSONSchema()
	require.NoError(t, err)
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	compiler := jsonschema.NewCompiler()
	require.NoError(t, compiler.AddResource("scenario.schema.json", schema))
	out, err := compiler.Compile("scenario.schema.json")
	require.NoError(t, err)
	return out
}

// fitsSchema validates YAML by the schema.
func fitsSchema(t testing.TB, schema *jsonschema.Schema, data []byte) error {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON(data)
	require.NoError(t, err)
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	require.NoError(t, err)
	return schema.Validate(value)
}

func TestSchemaTakesWhatDecodeTakes(t *testing.T) {
	schema := compiled(t)
	for _, file := range good(t) {
		t.Run(file, func(t *testing.T) {
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.NoError(t, fitsSchema(t, schema, data))
		})
	}
}

// TestSchemaFindsWhatItCan runs it over bad files whose mistake a schema can express.
func TestSchemaFindsWhatItCan(t *testing.T) {
	schema := compiled(t)
	for _, name := range []string{
		"broker-scheme", "broker-tls-half", "broker-word", "counts", "durations", "many-mistakes", "missing-keys",
		"names", "no-senders", "payloads", "qos", "rates", "repeat", "repeat-never", "repeat-word", "sampler-name", "sampler-no-ratio", "sampler-ratio", "templates", "thresholds",
		"tracing-arm", "tracing-arm-and-compare", "tracing-values",
		"compare-entries", "compare-not-a-list", "sweeps", "exporters", "slice-without-compare", "faults", "faults-kinds", "session-expiry", "unknown-keys", "wrong-types", "shapes",
		"topic-forms", "filter-lists", "connections",
	} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile("testdata/bad/" + name + ".yaml")
			require.NoError(t, err)
			assert.Error(t, fitsSchema(t, schema, data))
		})
	}
}

// TestSchemaHasTheKeysOfDecode compares the keys of the schema with those that an unknown key's message offers.
func TestSchemaHasTheKeysOfDecode(t *testing.T) {
	text, err := JSONSchema()
	require.NoError(t, err)
	var schema struct {
		Properties map[string]struct {
			Items      struct{ Properties map[string]any }
			Properties map[string]any
		}
	}
	require.NoError(t, json.Unmarshal(text, &schema))

	_, err = Decode("x.yaml", []byte("x: 1\nsenders: [{x: 1}]\nreceivers: [{x: 1}]\ntracing: {x: 1}\n"))
	known := map[string][]string{}
	for _, p := range err.(Problems) {
		if list, ok := strings.CutPrefix(p.Want, "one of "); ok {
			known[p.Path] = strings.Split(list, ", ")
		}
	}
	assert.ElementsMatch(t, known["x"], keys(schema.Properties))
	assert.ElementsMatch(t, known["senders[0].x"], keys(schema.Properties["senders"].Items.Properties))
	assert.ElementsMatch(t, known["receivers[0].x"], keys(schema.Properties["receivers"].Items.Properties))
	assert.ElementsMatch(t, known["tracing.x"], keys(schema.Properties["tracing"].Properties))
}

func keys[V any](m map[string]V) []string {
	var out []string
	for key := range m {
		out = append(out, key)
	}
	return out
}

// TestEveryKeyIsDescribed keeps the schema useful in an editor.
func TestEveryKeyIsDescribed(t *testing.T) {
	text, err := JSONSchema()
	require.NoError(t, err)
	var schema struct {
		Properties map[string]struct {
			Description string
			Items       struct {
				Properties map[string]struct{ Description string }
			}
		}
	}
	require.NoError(t, json.Unmarshal(text, &schema))
	for key, p := range schema.Properties {
		assert.NotEmpty(t, p.Description, key)
		for inner, q := range p.Items.Properties {
			assert.NotEmpty(t, q.Description, key+"[]."+inner)
		}
	}
}

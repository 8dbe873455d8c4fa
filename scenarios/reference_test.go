package scenarios

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestReference holds README.md against the schema and the shipped scenarios, from which it is made: go test ./scenarios -update
// writes it anew.
func TestReference(t *testing.T) {
	text, err := JSONSchema()
	require.NoError(t, err)
	var root schemaNode
	require.NoError(t, json.Unmarshal(text, &root))
	intro, err := os.ReadFile(filepath.Join("testdata", "reference.md"))
	require.NoError(t, err)

	page := reference{definitions: root.Definitions}
	page.text.Write(intro)
	page.shipped(t)
	page.section("The scenario", "", root)
	for _, key := range []string{"broker", "senders", "receivers", "tracing", "faults", "metrics", "sweep", "search"} {
		node, known := root.property(key)
		require.True(t, known, key)
		page.section("`"+key+"`", key, node)
	}
	golden(t, "README.md", page.text.String())
	assert.NotContains(t, page.text.String(), "|  |", "every key is described")
}

// schemaNode is as much of a JSON Schema as the reference needs.
type schemaNode struct {
	Ref         string `json:"$ref"`
	Type        string
	Description string
	Enum        []any
	Const       any
	Examples    []any
	Default     any
	Minimum     *json.Number
	Maximum     *json.Number
	Required    []string
	Properties  orderedNodes
	Items       *schemaNode
	OneOf       []schemaNode
	AnyOf       []schemaNode
	Definitions map[string]schemaNode `json:"$defs"`
}

// orderedNodes are properties in the order of the schema.
type orderedNodes []namedNode

type namedNode struct {
	name string
	node schemaNode
}

func (o *orderedNodes) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(strings.NewReader(string(data)))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		entry := namedNode{name: name.(string)}
		if err := d.Decode(&entry.node); err != nil {
			return err
		}
		*o = append(*o, entry)
	}
	return nil
}

func (n schemaNode) property(key string) (schemaNode, bool) {
	for _, p := range n.Properties {
		if p.name == key {
			return p.node, true
		}
	}
	return schemaNode{}, false
}

// alternatives are the node itself, its entries if it is a list, and everything that it may be instead.
func (n schemaNode) alternatives() []schemaNode {
	all := []schemaNode{n}
	for _, one := range append(append([]schemaNode{}, n.OneOf...), n.AnyOf...) {
		all = append(all, one.alternatives()...)
	}
	if n.Items != nil {
		all = append(all, n.Items.alternatives()...)
	}
	return all
}

type reference struct {
	text        strings.Builder
	definitions map[string]schemaNode
}

func (r *reference) write(format string, args ...any) { fmt.Fprintf(&r.text, format, args...) }

// shipped lists the scenarios beside the page.
func (r *reference) shipped(t *testing.T) {
	r.write("\n## Scenarios to run\n\n| file | what it does |\n|---|---|\n")
	for _, file := range shipped(t) {
		s, err := Load(file)
		require.NoError(t, err)
		r.write("| [`%s`](%s) | %s |\n", file, file, cell(s.Description))
	}
}

// section is a table of the keys below a key, the keys of its mappings included.
func (r *reference) section(title, path string, node schemaNode) {
	r.write("\n## %s\n\n", title)
	if node.Description != "" {
		r.write("%s\n\n", node.Description)
	}
	r.write("| key | value | meaning |\n|---|---|---|\n")
	seen := map[string]bool{}
	r.rows(path, "", node, seen)
}

func (r *reference) rows(path, prefix string, node schemaNode, seen map[string]bool) {
	for _, one := range node.alternatives() {
		for _, p := range one.Properties {
			key := prefix + p.name
			if seen[key] {
				continue
			}
			seen[key] = true
			r.write("| `%s` | %s | %s |\n", key, cell(r.values(p.node)), cell(p.node.meaning()))
			if path != "" {
				r.rows(path, key+".", p.node, seen)
			}
		}
	}
}

// meaning is the description, with the default if that does not say it.
func (n schemaNode) meaning() string {
	text := n.Description
	if n.Default != nil && !strings.Contains(text, "Default:") {
		text = strings.TrimSpace(fmt.Sprintf("%s Default: %v.", text, n.Default))
	}
	return text
}

// values says what may stand behind a key.
func (r *reference) values(node schemaNode) string {
	var forms []string
	add := func(form string) {
		for _, known := range forms {
			if known == form {
				return
			}
		}
		forms = append(forms, form)
	}
	for _, one := range append([]schemaNode{node}, append(append([]schemaNode{}, node.OneOf...), node.AnyOf...)...) {
		if form := one.form(); form != "" {
			add(form)
		}
	}
	return strings.Join(forms, " or ")
}

func (n schemaNode) form() string {
	switch {
	case len(n.Enum) > 0:
		words := make([]string, len(n.Enum))
		for i, word := range n.Enum {
			words[i] = fmt.Sprintf("`%v`", word)
		}
		return strings.Join(words, ", ")
	case n.Const != nil:
		return fmt.Sprintf("`%v`", n.Const)
	case n.Ref != "":
		return "a [" + strings.TrimPrefix(n.Ref, "#/$defs/") + "](#templates)"
	case n.Type == "array":
		return "a list"
	case n.Type == "object" || len(n.Properties) > 0:
		return "a mapping"
	case len(n.Examples) > 0:
		return fmt.Sprintf("text such as `%v`", n.Examples[0])
	case n.Minimum != nil && n.Maximum != nil:
		return fmt.Sprintf("%s to %s", *n.Minimum, *n.Maximum)
	case n.Minimum != nil:
		return fmt.Sprintf("%s and more", *n.Minimum)
	case n.Type == "string":
		return "text"
	case n.Type == "boolean":
		return "`true` or `false`"
	case n.Type == "integer":
		return "a whole number"
	}
	return n.Type
}

// cell is text for a cell of a table.
func cell(text string) string {
	text = strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
	return strings.ReplaceAll(text, "<", "&lt;")
}

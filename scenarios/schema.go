package scenarios

import (
	"embed"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"reflect"
	"strings"

	"github.com/invopop/jsonschema"
)

// JSONSchema is the schema of scenario files, draft 2020-12, for editors: it has a newline at its end. It is generated from
// the Go types, whose comments are its descriptions. What a schema cannot say, such as a filter that no topic matches, only
// Decode finds.
func JSONSchema() ([]byte, error) {
	reflector := jsonschema.Reflector{
		Anonymous:                  true,
		DoNotReference:             true,
		RequiredFromJSONSchemaTags: true,
		LookupComment:              comments(),
		Mapper:                     written,
	}
	schema := reflector.Reflect(&Scenario{})
	schema.Title = "mqttrace scenario"
	addShapes(schema)
	addTotal(schema.Properties.Value("senders").Items)
	addSizes(schema.Properties.Value("senders").Items, schema.Properties.Value("receivers").Items)
	addArms(schema.Properties.Value("tracing"))
	addRange(schema.Properties.Value("sweep"))
	addDimensions(schema.Properties.Value("sweep").Properties.Value("with"))
	scalars(schema.Properties.Value("search"), "from", "to")
	addFaults(schema.Properties.Value("faults").Items)
	schema.Definitions = jsonschema.Definitions{"template": templateSchema(), "value": propertyValueSchema()}
	out, err := json.MarshalIndent(schema, "", "  ")
	return append(out, '\n'), err
}

//go:embed scenario.go shape.go clients.go tracing.go fault.go sweep.go properties.go metrics.go connection.go
var typesSource embed.FS

// comments looks up what the types' source says about a field. Types themselves are described where they are used.
func comments() func(reflect.Type, string) string {
	found := map[string]string{}
	names, err := fs.Glob(typesSource, "*.go")
	if err != nil {
		panic(err) // the pattern is right
	}
	for _, name := range names {
		source, err := typesSource.ReadFile(name)
		if err != nil {
			panic(err) // it is the source of this very package
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ParseComments)
		if err != nil {
			panic(err)
		}
		for _, decl := range file.Decls {
			if gen, ok := decl.(*ast.GenDecl); ok && gen.Tok == token.TYPE {
				fieldComments(gen.Specs[0].(*ast.TypeSpec), found)
			}
		}
	}
	return func(t reflect.Type, field string) string { return found[t.Name()+"."+field] }
}

func fieldComments(spec *ast.TypeSpec, found map[string]string) {
	fields, ok := spec.Type.(*ast.StructType)
	if !ok {
		return
	}
	for _, field := range fields.Fields.List {
		for _, name := range field.Names {
			found[spec.Name.Name+"."+name.Name] = fileComment(field, name.Name)
		}
	}
}

// fileComment is what a field's comment says, on one line and about the key that files have.
func fileComment(field *ast.Field, name string) string {
	text := strings.Join(strings.Fields(field.Doc.Text()), " ")
	if field.Tag == nil {
		return text
	}
	tag := reflect.StructTag(strings.Trim(field.Tag.Value, "`")).Get("json")
	key, _, _ := strings.Cut(tag, ",")
	if rest, ok := strings.CutPrefix(text, name+" "); ok {
		return key + " " + rest
	}
	return text
}

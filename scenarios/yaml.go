package scenarios

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits of a scenario file. The YAML parser takes quadratic time for some inputs and recurses into nested ones, so both
// are bounded before it starts.
const (
	maxFileSize = 128 << 10
	maxDepth    = 32
)

// parseYAML turns one YAML document into a tree. The problems it returns have positions, but neither file nor source line.
func parseYAML(data []byte) (root *node, problems Problems) {
	if p := unreadable(data); p != nil {
		return nil, Problems{*p}
	}
	tokens := lexer.Tokenize(string(data))
	if p := tooDeep(tokens); p != nil {
		return nil, Problems{*p}
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, Problems{syntaxProblem(err, data)}
	}
	body, p := onlyDocument(file)
	if p != nil {
		return nil, Problems{*p}
	}
	var b treeBuilder
	return b.node(body, 0), b.problems
}

const mergeKey = "<<"

// unreadable finds what makes data no text at all.
func unreadable(data []byte) *Problem {
	if len(data) > maxFileSize {
		return &Problem{Line: 1, Column: 1, What: fmt.Sprintf("the file has %d bytes", len(data)),
			Want: fmt.Sprintf("at most %d", maxFileSize)}
	}
	for i, r := range string(data) {
		if r == utf8.RuneError && !bytes.HasPrefix(data[i:], []byte("\uFFFD")) {
			line, column := position(data, i)
			return &Problem{Line: line, Column: column, What: fmt.Sprintf("byte 0x%02X is not UTF-8", data[i]), Want: "UTF-8 text"}
		}
		if r == 0 {
			line, column := position(data, i)
			return &Problem{Line: line, Column: column, What: "a NUL character", Want: "UTF-8 text"}
		}
	}
	return nil
}

func position(data []byte, offset int) (line, column int) {
	before := data[:offset]
	line = 1 + bytes.Count(before, []byte("\n"))
	column = 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
	return line, column
}

// tooDeep bounds what the parser recurses into: brackets, and indicators that open a level without taking a line.
func tooDeep(tokens token.Tokens) *Problem {
	var depth, sameLine, line int
	for _, t := range tokens {
		if t.Position.Line != line {
			line, sameLine = t.Position.Line, 0
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			depth++
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType, token.MappingKeyType, token.TagType, token.AnchorType:
			sameLine++
		}
		if depth > maxDepth || sameLine > maxDepth {
			return &Problem{Line: t.Position.Line, Column: t.Position.Column, What: "values are nested too deep",
				Want: fmt.Sprintf("at most %d levels", maxDepth)}
		}
	}
	return nil
}

func syntaxProblem(err error, data []byte) Problem {
	p := Problem{Line: 1, Column: 1, What: "not valid YAML: " + err.Error()}
	var located yaml.Error
	if !errors.As(err, &located) {
		return p
	}
	p.What = "not valid YAML: " + printable(strings.ReplaceAll(located.GetMessage(), "\t", "tab"))
	if t := located.GetToken(); t != nil && t.Position != nil {
		p.Line, p.Column = t.Position.Line, t.Position.Column
	}
	if lines := strings.Split(string(data), "\n"); p.Line <= len(lines) && unquotedBrace.MatchString(lines[p.Line-1]) {
		p.Want = "quotes around text that begins with {"
	}
	return p
}

// unquotedBrace finds topics such as {group}/telemetry, which YAML takes for a mapping and then does not understand.
var unquotedBrace = regexp.MustCompile(`:\s*\{[a-z]+\}\S`)

// onlyDocument returns the body of the one document that a scenario file holds.
func onlyDocument(file *ast.File) (ast.Node, *Problem) {
	var body ast.Node
	for _, doc := range file.Docs {
		if _, directive := doc.Body.(*ast.DirectiveNode); directive || doc.Body == nil {
			continue
		}
		if body != nil {
			at := start(doc.Body)
			return nil, &Problem{Line: at.Line, Column: at.Column, What: "a second YAML document", Want: "one scenario in each file"}
		}
		body = doc.Body
	}
	if body == nil {
		return nil, &Problem{Line: 1, Column: 1, What: "the file holds no scenario", Want: "at least duration and senders"}
	}
	return body, nil
}

// treeBuilder converts the parser's tree into ours and collects what YAML allows but a scenario does not.
type treeBuilder struct{ problems Problems }

func (b *treeBuilder) node(n ast.Node, depth int) *node {
	if n == nil {
		return &node{line: 1, column: 1}
	}
	at := start(n)
	out := &node{line: at.Line, column: at.Column}
	if depth > maxDepth {
		b.reject(out, "values are nested too deep", fmt.Sprintf("at most %d levels", maxDepth))
		return out
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		b.mapping(out, n.Values, depth)
	case *ast.MappingValueNode:
		b.mapping(out, []*ast.MappingValueNode{n}, depth)
	case *ast.SequenceNode:
		out.kind = list
		for _, item := range n.Values {
			out.items = append(out.items, b.node(item, depth+1))
		}
	case *ast.LiteralNode:
		out.kind, out.text = text, n.Value.Value
	case *ast.AnchorNode, *ast.AliasNode:
		b.reject(out, "anchors and aliases are not read here", "the value written out")
	case *ast.TagNode:
		b.reject(out, "tags are not read here", "the value alone, in quotes where it is text")
	default:
		b.scalar(out, n)
	}
	return out
}

func (b *treeBuilder) mapping(out *node, values []*ast.MappingValueNode, depth int) {
	out.kind = mapping
	for _, v := range values {
		out.members = append(out.members, member{key: b.key(v.Key), value: b.node(v.Value, depth+1)})
	}
}

// key converts a mapping's key; a key is text, whatever it looks like.
func (b *treeBuilder) key(n ast.MapKeyNode) *node {
	at := n.GetToken()
	out := &node{kind: text, line: at.Position.Line, column: at.Position.Column}
	switch n := n.(type) {
	case *ast.StringNode:
		out.text = n.Value
	case *ast.MergeKeyNode:
		out.text = mergeKey
		b.reject(out, "merge keys are not read here", "the keys written out")
	case ast.ScalarNode:
		out.text = at.Value
	default:
		b.reject(out, "this key is not plain text", "a plain key")
	}
	return out
}

func (b *treeBuilder) scalar(out *node, n ast.Node) {
	t := n.GetToken()
	switch {
	case n.Type() == ast.NullType:
		out.kind = null
	case t.Type == token.SingleQuoteType || t.Type == token.DoubleQuoteType:
		out.kind, out.text = text, t.Value
	default:
		out.text = t.Value
		out.kind = plainKind(out.text)
	}
}

func (b *treeBuilder) reject(n *node, what, want string) {
	n.bad = true
	b.problems = append(b.problems, Problem{Line: n.line, Column: n.column, What: what, Want: want})
}

// start is where n begins. The parser places a block mapping at its first colon; people look for the key before it.
func start(n ast.Node) *token.Position {
	switch n := n.(type) {
	case *ast.MappingNode:
		if len(n.Values) > 0 && !n.IsFlowStyle {
			return start(n.Values[0])
		}
	case *ast.MappingValueNode:
		return n.Key.GetToken().Position
	}
	return n.GetToken().Position
}

package reports_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
	"mqttrace/reports"
)

// junitShape is what Ant's schema for JUnit allows, and Jenkins' does too: which elements may be in another, in this order, and the
// attributes that each must have and may have.
var junitShape = map[string]struct{ children, required, optional []string }{
	"testsuites": {[]string{"testsuite"}, nil, nil},
	"testsuite": {
		[]string{"properties", "testcase", "system-out", "system-err"},
		[]string{"name", "timestamp", "hostname", "tests", "failures", "errors", "time", "id", "package"}, []string{"skipped"},
	},
	"properties": {[]string{"property"}, nil, nil},
	"property":   {nil, []string{"name", "value"}, nil},
	"testcase":   {[]string{"skipped", "error", "failure"}, []string{"name", "classname", "time"}, nil},
	"error":      {nil, []string{"type"}, []string{"message"}},
	"failure":    {nil, []string{"type"}, []string{"message"}},
	"system-out": {},
	"system-err": {},
}

type element struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Children []element  `xml:",any"`
}

func (e element) attr(name string) string {
	for _, a := range e.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func assertShape(t *testing.T, e element) {
	t.Helper()
	shape, known := junitShape[e.XMLName.Local]
	require.True(t, known, e.XMLName.Local)
	var attrs []string
	for _, a := range e.Attrs {
		attrs = append(attrs, a.Name.Local)
	}
	assert.Subset(t, attrs, shape.required, e.XMLName.Local)
	assert.Subset(t, append(shape.required, shape.optional...), attrs, e.XMLName.Local)
	last := 0
	for _, c := range e.Children {
		at := slices.Index(shape.children, c.XMLName.Local)
		assert.GreaterOrEqual(t, at, last, "%s in %s", c.XMLName.Local, e.XMLName.Local)
		last = at
		assertShape(t, c)
	}
	switch e.XMLName.Local {
	case "testcase":
		assert.LessOrEqual(t, len(e.Children), 1)
	case "testsuite":
		assert.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$`, e.attr("timestamp"))
		assert.NotEmpty(t, strings.TrimSpace(e.attr("hostname")))
		assert.NotEmpty(t, strings.TrimSpace(e.attr("name")))
	}
}

var onlyXML = regexp.MustCompile(`^[\t\n\r\x{20}-\x{D7FF}\x{E000}-\x{FFFD}\x{10000}-\x{10FFFF}]*$`)

func readJUnit(t *testing.T, all ...reports.Saved) element {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, reports.JUnit(&b, all))
	assert.Regexp(t, onlyXML, b.String())
	var root element
	dec := xml.NewDecoder(&b)
	require.NoError(t, dec.Decode(&root))
	after, err := dec.Token()
	require.NoError(t, err)
	assert.Equal(t, xml.CharData("\n"), after)
	_, err = dec.Token()
	assert.ErrorIs(t, err, io.EOF)
	return root
}

func TestJUnitHasTheShapeThatServersExpect(t *testing.T) {
	t.Parallel()
	for kind, r := range everything() {
		t.Run(kind, func(t *testing.T) {
			root := readJUnit(t, unsaved(r))
			assertShape(t, root)
			assertVerdict(t, r.Verdict, root.Children[0])
		})
		for name, text := range hostile {
			t.Run(kind+"/"+name, func(t *testing.T) {
				root := readJUnit(t, unsaved(everyString(t, r, text)))
				assertShape(t, root)
				assertVerdict(t, r.Verdict, root.Children[0])
			})
		}
	}
}

// assertVerdict says that a server comes to the verdict of the result, and counts as it does.
func assertVerdict(t *testing.T, v result.Verdict, suite element) {
	t.Helper()
	count := map[string]int{}
	for _, c := range suite.Children {
		if c.XMLName.Local == "testcase" {
			count["tests"]++
			for _, trouble := range c.Children {
				count[trouble.XMLName.Local+"s"]++
			}
		}
	}
	for _, what := range []string{"tests", "failures", "errors"} {
		assert.Equal(t, suite.attr(what), strconv.Itoa(count[what]), what)
	}
	switch v {
	case result.Pass:
		assert.Zero(t, count["failures"]+count["errors"])
	case result.Fail:
		assert.Positive(t, count["failures"])
		assert.Zero(t, count["errors"])
	default:
		assert.Positive(t, count["errors"])
	}
}

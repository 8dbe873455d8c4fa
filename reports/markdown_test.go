package reports_test

import (
	"bytes"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"mqttrace/load/result"
	"mqttrace/reports"
)

// GitHub reads what goldmark does, and besides makes links of mentions and of references to issues.
var github = goldmark.New(goldmark.WithExtensions(extension.GFM))

// skeleton is what a page of Markdown is made of, text apart.
func skeleton(t *testing.T, markdown []byte) (kinds []string) {
	t.Helper()
	root := github.Parser().Parse(text.NewReader(markdown))
	require.NoError(t, ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Text, *ast.String:
			return ast.WalkContinue, nil
		case *ast.RawHTML:
			kinds = append(kinds, string(n.Segments.Value(markdown)))
		case *ast.HTMLBlock:
			kinds = append(kinds, tagsOf(string(n.Lines().Value(markdown))))
		case *ast.Link:
			kinds = append(kinds, "link to "+string(n.Destination))
			return ast.WalkSkipChildren, nil
		case *ast.CodeSpan:
			kinds = append(kinds, "code")
			return ast.WalkSkipChildren, nil
		default:
			kinds = append(kinds, n.Kind().String())
		}
		return ast.WalkContinue, nil
	}))
	return kinds
}

// body is what stands above the scenario, of which not all is shown.
func body(kinds []string) []string {
	if i := slices.Index(kinds, "FencedCodeBlock"); i >= 0 {
		return kinds[:i]
	}
	return kinds
}

// tagsOf leaves out what stands between tags.
func tagsOf(html string) string {
	return regexp.MustCompile(`>[^<]+<`).ReplaceAllString(html, "><")
}

func TestMarkdownMeansTheSameWhateverNamesAre(t *testing.T) {
	t.Parallel()
	for name, evil := range hostile {
		for kind, r := range everything() {
			t.Run(name+"/"+kind, func(t *testing.T) {
				got := markdownOf(t, everyString(t, r, evil))
				if strings.TrimSpace(evil) != "" { // nothing to show leaves out paragraphs
					assert.Equal(t, body(skeleton(t, markdownOf(t, everyString(t, r, "plain")))), body(skeleton(t, got)), "%s", got)
				}
				var page bytes.Buffer
				require.NoError(t, github.Convert(got, &page))
				assert.NotRegexp(t, `@[A-Za-z0-9]|#[0-9]|(?i)gh-[0-9]`, withoutCode(page.String()), "mentions and references")
				assert.False(t, strings.ContainsFunc(strings.ReplaceAll(string(got), "\n", ""), steersTerminals), "%q", got)
			})
		}
	}
}

// withoutCode is a page without its code, in which GitHub looks for nothing, and without tags and what entities write.
func withoutCode(page string) string {
	page = regexp.MustCompile(`(?s)<(code|pre)[ >].*?</(code|pre)>`).ReplaceAllString(page, "")
	return html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(page, ""))
}

func markdownOf(t *testing.T, r *result.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, reports.Markdown(&b, []reports.Saved{unsaved(r)}))
	return b.Bytes()
}

func TestMarkdownLinksTraces(t *testing.T) {
	got := markdownOf(t, stressed())
	assert.Contains(t, skeleton(t, got), "link to https://grafana.example/explore?traceId=5ec455b36acafa5d062cd54048f8121e")
	for template, why := range map[string]string{
		"javascript:alert('{trace_id}')":                            "no scheme of the web",
		"https://a.example/{trace_id}\nb":                           "lines",
		"https:///{trace_id}":                                       "no host",
		"https://a.example/{trace_id}/" + strings.Repeat("x", 3000): "too long",
	} {
		r := stressed()
		r.TraceURL = template
		assert.NotContains(t, strings.Join(skeleton(t, markdownOf(t, r)), "\n"), "link to", why)
	}
	r := stressed()
	r.TraceURL = `https://a.example/?q={"id":"{trace_id}"}|<b>(c)[d]\e`
	assert.Contains(t, strings.Join(skeleton(t, markdownOf(t, r)), "\n"), "link to https://a.example/?q=%7B%22id%22:%225ec455b36acafa5d062cd54048f8121e%22%7D%7C%3Cb%3E%28c%29[d]%5Ce")
}

func TestMarkdownHasRoomInAComment(t *testing.T) {
	t.Parallel()
	r := arms("off", "context", "record", "record@0.1", "export", "export@0.1")
	r.Scenario = []byte(`{"name":"` + strings.Repeat("x", 1<<20) + `"}`)
	long := markdownOf(t, r)
	assert.Contains(t, string(long), "The rest of it is in the result file.")
	r.Scenario = []byte(`{"name":"long"}`)
	assert.Less(t, len(markdownOf(t, r)), 65_536)
}

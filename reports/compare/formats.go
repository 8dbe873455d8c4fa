package compare

import (
	"io"

	"mqttrace/reports/format"
	"mqttrace/reports/internal/web"
)

// Format is one way to write comparisons. Options are those of text; other formats have none.
type Format = format.Format[*Comparison, TextOptions]

// Formats are all formats, in the order in which they are shown.
var Formats = format.List[*Comparison, TextOptions]{
	{Name: "text", Extension: ".txt", Write: Text, Marks: []string{"REGRESSED  ", "IMPROVED  ", "SAME  ", "INCONCLUSIVE  "}},
	{Name: "markdown", Extension: ".md", Write: simple(Markdown), Marks: []string{markdownMark}},
	{Name: "html", Extension: ".html", Write: simple(HTML), Marks: []string{web.Head}},
	{Name: "json", Extension: ".json", Write: simple(JSON), Marks: []string{"{\n  \"schema\": \"mqttrace/comparison/"}},
}

// simple is the Write of a format that has no options.
func simple(write func(io.Writer, *Comparison) error) func(io.Writer, *Comparison, TextOptions) error {
	return format.Simple[*Comparison, TextOptions](write)
}

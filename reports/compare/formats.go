package compare

import (
	"bytes"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"mqttrace/reports/internal/web"
)

// Format is one way to write comparisons.
type Format struct {
	// Name is how command lines call it.
	Name string
	// Extension is that of its files, with the dot.
	Extension string
	// Write writes a comparison. Options are those of text; other formats have none.
	Write func(w io.Writer, c *Comparison, opts TextOptions) error

	// marks are how its files may begin.
	marks []string
}

// Formats are all formats, in the order in which they are shown.
var Formats = []Format{
	{"text", ".txt", Text, []string{"REGRESSED  ", "IMPROVED  ", "SAME  ", "INCONCLUSIVE  "}},
	{"markdown", ".md", simple(Markdown), []string{markdownMark}},
	{"html", ".html", simple(HTML), []string{web.Head}},
	{"json", ".json", simple(JSON), []string{"{\n  \"schema\": \"mqttrace/comparison/"}},
}

// simple is a format that has no options.
func simple(write func(io.Writer, *Comparison) error) func(io.Writer, *Comparison, TextOptions) error {
	return func(w io.Writer, c *Comparison, _ TextOptions) error { return write(w, c) }
}

// FormatNames are those of all formats.
func FormatNames() (names []string) {
	for _, f := range Formats {
		names = append(names, f.Name)
	}
	return names
}

// FormatNamed finds a format.
func FormatNamed(name string) (f Format, ok bool) {
	i := slices.IndexFunc(Formats, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return f, false
	}
	return Formats[i], true
}

// FormatOf is the format that the name of a file tells by its extension.
func FormatOf(path string) (f Format, ok bool) {
	extension := strings.ToLower(filepath.Ext(path))
	i := slices.IndexFunc(Formats, func(f Format) bool { return f.Extension == extension })
	if i < 0 {
		return f, false
	}
	return Formats[i], true
}

// Wrote says whether a file could be one that Write wrote, by how it begins.
func (f Format) Wrote(head []byte) bool {
	return slices.ContainsFunc(f.marks, func(mark string) bool { return bytes.HasPrefix(head, []byte(mark)) })
}

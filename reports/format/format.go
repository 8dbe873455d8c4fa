// Package format knows formats by their names and by the names of files: those of reports, of comparisons and of histories.
package format

import (
	"bytes"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// Format is one way to write values of type T, with options of type O.
type Format[T, O any] struct {
	// Name is how command lines call it.
	Name string
	// Extension is that of its files, with the dot. It tells the first format of a list that has it.
	Extension string
	// About says in a few words what it is for.
	About string
	// IsSingle: it shows one latency of one result.
	IsSingle bool
	// Write writes a value. Formats take the options that concern them.
	Write func(w io.Writer, value T, opts O) error
	// Marks are how its files may begin, so that they are known from other files of the same name.
	Marks []string
}

// Simple is the Write of a format that has no options.
func Simple[T, O any](write func(io.Writer, T) error) func(io.Writer, T, O) error {
	return func(w io.Writer, value T, _ O) error { return write(w, value) }
}

// MarkLength is how much of a file Wrote wants to see.
const MarkLength = 512

// Wrote says whether a file could be one that Write wrote, by how it begins.
func (f Format[T, O]) Wrote(head []byte) bool {
	return slices.ContainsFunc(f.Marks, func(mark string) bool { return bytes.HasPrefix(head, []byte(mark)) })
}

// List is formats in the order in which they are shown.
type List[T, O any] []Format[T, O]

// Names are those of all formats.
func (l List[T, O]) Names() (names []string) {
	for _, f := range l {
		names = append(names, f.Name)
	}
	return names
}

// Named finds a format.
func (l List[T, O]) Named(name string) (f Format[T, O], ok bool) {
	return l.first(func(f Format[T, O]) bool { return f.Name == name })
}

// Of is the format that the name of a file tells: that of the longest Extension the name ends with, or the first whose Extension
// ends as the name does. Of reports a.csv is csv, a.series.csv is csv-series, a.json is json.
func (l List[T, O]) Of(path string) (f Format[T, O], ok bool) {
	name := strings.ToLower(filepath.Base(path))
	for _, other := range l {
		if strings.HasSuffix(name, other.Extension) && len(other.Extension) > len(f.Extension) {
			f, ok = other, true
		}
	}
	if ok {
		return f, true
	}
	return l.first(func(f Format[T, O]) bool { return filepath.Ext(f.Extension) == filepath.Ext(name) })
}

func (l List[T, O]) first(is func(Format[T, O]) bool) (f Format[T, O], ok bool) {
	if i := slices.IndexFunc(l, is); i >= 0 {
		return l[i], true
	}
	return f, false
}

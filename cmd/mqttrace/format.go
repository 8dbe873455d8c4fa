package main

import (
	"fmt"
	"path/filepath"

	"mqttrace/reports/format"
)

// chooseFormat finds the format that --format names, or else the one that the name of the file --out tells; text if that is none
// or has no extension.
func chooseFormat[T, O any](all format.List[T, O], name, out string) (format.Format[T, O], error) {
	switch {
	case name != "":
		return formatNamed(all, "--format", name)
	case out == stdin || isFolder(out) || filepath.Ext(out) == "":
		return formatNamed(all, "--format", "text")
	}
	f, ok := all.Of(out)
	if !ok {
		return f, fmt.Errorf("--out %s: the name does not tell the format; want --format %s", out, oneOf(all.Names()))
	}
	return f, nil
}

// formatNamed finds a format, or says which there are.
func formatNamed[T, O any](all format.List[T, O], flag, name string) (format.Format[T, O], error) {
	f, ok := all.Named(name)
	if !ok {
		return f, fmt.Errorf("%s %q: want %s%s", flag, name, oneOf(all.Names()), didYouMean("", closeTo(all.Names(), name)))
	}
	return f, nil
}

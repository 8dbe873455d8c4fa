package scenarios

import (
	"fmt"
	"slices"
	"strings"
)

// field is one key of a mapping.
type field struct {
	key  string
	read func(*node)
	want string // what a missing key was expected to hold; empty when it may be missing
}

func optional(key string, read func(*node)) field { return field{key: key, read: read} }

func required(key, want string, read func(*node)) field {
	return field{key: key, read: read, want: want}
}

// mapping reads n key by key. Unknown, repeated and missing keys are problems.
func (d *decoder) mapping(n *node, fields ...field) {
	if n.kind != mapping {
		d.wrongType(n, "a mapping with keys out of "+strings.Join(keysOf(fields), ", "))
		return
	}
	seen := map[string]*node{}
	for _, m := range n.members {
		d.member(m, fields, seen)
	}
	for _, f := range fields {
		if f.want != "" && n.lacks(f.key) {
			d.report(n, f.key+" is missing", f.want)
		}
	}
}

func (d *decoder) member(m member, fields []field, seen map[string]*node) {
	key := m.key.text
	i := slices.IndexFunc(fields, func(f field) bool { return f.key == key })
	switch first := seen[key]; {
	case m.key.bad: // reported already
	case i < 0:
		d.unknownKey(m.key, keysOf(fields))
	case first != nil:
		d.report(m.key, fmt.Sprintf("given twice, first on line %d", first.line), "each key once")
	default:
		seen[key] = m.key
		fields[i].read(m.value)
	}
}

func (d *decoder) unknownKey(key *node, known []string) {
	d.report(key, "unknown key "+quote(key.text)+didYouMean(key.text, known), "one of "+strings.Join(known, ", "))
}

func keysOf(fields []field) []string {
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.key
	}
	return keys
}

func (d *decoder) wrongType(n *node, want string) {
	if !n.bad {
		d.report(n, "got "+n.describe(), want)
	}
}

// notText reports a value that should be text, and what it probably was meant as.
func (d *decoder) notText(n *node, want string) {
	if !n.bad {
		d.report(n, "got "+n.describe()+d.hint(n), want)
	}
}

// hint explains what became of text without quotes: YAML takes a leading { for a mapping and # for a comment.
func (d *decoder) hint(n *node) string {
	if n.set != nil || n.line < 1 || n.line > len(d.lines) {
		return ""
	}
	line := d.lines[n.line-1]
	switch {
	case n.kind == mapping && placeholder.MatchString(line), n.kind == null && strings.Contains(line, "#"):
		return "; text that begins with { or # needs quotes"
	case n.kind == number || n.kind == boolean:
		return "; text that looks like this needs quotes"
	}
	return ""
}

// listOf reads every entry of a list.
func listOf[T any](d *decoder, to *[]T, read func(*node) T) func(*node) {
	return func(n *node) {
		if n.kind != list {
			d.wrongType(n, "a list")
			return
		}
		if len(n.items) > maxGroups {
			d.report(n, fmt.Sprintf("%d entries", len(n.items)), fmt.Sprintf("at most %d", maxGroups))
			return
		}
		for _, item := range n.items {
			*to = append(*to, read(item))
		}
	}
}

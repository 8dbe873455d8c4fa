package scenarios

import (
	"fmt"
	"regexp"
	"slices"
)

// node is one value of a scenario file and where it stands. The tree holds what YAML says and nothing of what it means, so
// values from the command line can be laid over it before anything is decoded.
type node struct {
	kind    kind
	text    string   // of a scalar, quotes and escapes resolved
	items   []*node  // of a list
	members []member // of a mapping, in file order, duplicates included

	line, column int
	set          *Set   // the value came from outside the file
	path         string // known once the tree is complete
	bad          bool   // a problem was reported for it
}

type member struct{ key, value *node }

// kind is the type of a node.
type kind int

const (
	null kind = iota
	boolean
	number
	text
	list
	mapping
)

// describe says what n is, for "expected a mapping, got …".
func (n *node) describe() string {
	switch n.kind {
	case null:
		return "nothing"
	case boolean:
		return n.text
	case number:
		return "the number " + clip(n.text)
	case list:
		return "a list"
	case mapping:
		return "a mapping"
	}
	return quote(n.text)
}

// get returns the value of a mapping's key, or nil. Of duplicates it is the first.
func (n *node) get(key string) *node {
	for _, m := range n.members {
		if m.key.text == key {
			return m.value
		}
	}
	return nil
}

// lacks tells whether a mapping has neither the key nor a rejected one that was meant to bring it.
func (n *node) lacks(key string) bool {
	return !slices.ContainsFunc(n.members, func(m member) bool {
		return m.key.text == key || m.key.bad && (m.key.text == mergeKey || didYouMean(m.key.text, []string{key}) != "")
	})
}

// sound tells whether n is there and no problem was reported for it or anything in it.
func (n *node) sound() bool {
	if n == nil || n.bad {
		return false
	}
	for _, item := range n.items {
		if !item.sound() {
			return false
		}
	}
	for _, m := range n.members {
		if m.key.bad || !m.value.sound() {
			return false
		}
	}
	return true
}

// setPaths writes into every node of the tree how it is reached from the root.
func (n *node) setPaths(path string) {
	n.path = path
	for i, item := range n.items {
		item.setPaths(fmt.Sprintf("%s[%d]", path, i))
	}
	for _, m := range n.members {
		m.key.path = joinPath(path, m.key.text)
		m.value.setPaths(m.key.path)
	}
}

func joinPath(path, key string) string {
	key = printable(clip(key))
	if path == "" {
		return key
	}
	return path + "." + key
}

var numeral = regexp.MustCompile(`^[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?$`)

// plainKind is the type of a scalar written without quotes, after YAML 1.2's core schema less its hexadecimal, octal and
// infinite numbers: nothing in a scenario is counted in those.
func plainKind(s string) kind {
	switch s {
	case "", "~", "null", "Null", "NULL":
		return null
	case "true", "True", "TRUE", "false", "False", "FALSE":
		return boolean
	}
	if numeral.MatchString(s) {
		return number
	}
	return text
}

// quote writes a value into a message: quoted, and cut when it is long.
func quote(s string) string { return fmt.Sprintf("%q", clip(s)) }

func clip(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

package scenarios

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Set is a value given outside the scenario file, which it replaces before anything is checked.
type Set struct {
	// Origin is the flag it came from, for messages: "--set", "--broker", "--duration".
	Origin string
	// Path leads to the value: duration, senders[0].rate, or by name senders.sensors.rate.
	Path string
	// Value is YAML, as it would stand in the file; what is not YAML is taken as text. null takes the key away.
	Value string
}

// ParseSet reads the argument of --set, such as "senders[0].rate=50/s". The error is of type Problems.
func ParseSet(arg string) (Set, error) {
	path, value, found := strings.Cut(arg, "=")
	if !found || path == "" {
		return Set{}, Problems{{File: redact("--set " + arg), What: "not a setting", Want: "path=value, such as senders[0].rate=50/s"}}
	}
	return Set{Origin: "--set", Path: path, Value: value}, nil
}

// String is the set as it stood on the command line, without the password of a URL.
func (s Set) String() string {
	if s.Origin == "--set" {
		return redact("--set " + s.Path + "=" + s.Value)
	}
	return redact(s.Origin + " " + s.Value)
}

// rivals lists keys that cannot stand beside each other: setting one of keys from outside takes away the others, and also.
var rivals = []struct {
	inside     *regexp.Regexp
	keys, also []string
}{
	{inside: regexp.MustCompile(`^senders\.[^.]+$`), keys: paces},
	{inside: regexp.MustCompile(`^senders\.[^.]+\.payload$`), keys: []string{"size", "json", "file"}},
	{inside: regexp.MustCompile(`^broker$`), keys: []string{"url"}, also: []string{"name", "persistence"}},
	{inside: regexp.MustCompile(`^broker$`), keys: []string{"name"}, also: []string{"url", "username", "password_file", "auth", "tls"}},
	{inside: regexp.MustCompile(`^tracing$`), keys: []string{"arm"}, also: []string{"compare", "slice"}},
	{inside: regexp.MustCompile(`^tracing$`), keys: []string{"compare"}, also: []string{"arm", "name"}},
}

// apply lays s over the tree. A problem means that its path leads nowhere.
func (s *Set) apply(root *node) *Problem {
	if !utf8.ValidString(s.Value) {
		return s.problem("the value is not UTF-8", "UTF-8 text")
	}
	steps, ok := s.steps()
	if !ok {
		return s.problem("the path cannot be read", "keys and indexes, such as senders[0].rate")
	}
	at := root
	for i, step := range steps[:len(steps)-1] {
		next, p := s.step(at, step, strings.Join(steps[:i], "."))
		if p != nil {
			return p
		}
		at = next
	}
	last := len(steps) - 1
	return s.place(at, steps[last], strings.Join(steps[:last], "."))
}

var setStep = regexp.MustCompile(`^[^.\[\]]+(\[\d{1,9}\])*$`)

// steps splits the path into keys and indexes; "senders[0].rate" is senders, 0, rate.
func (s *Set) steps() ([]string, bool) {
	var steps []string
	for part := range strings.SplitSeq(s.Path, ".") {
		if !setStep.MatchString(part) {
			return nil, false
		}
		steps = append(steps, strings.Split(strings.ReplaceAll(part, "]", ""), "[")...)
	}
	return steps, len(steps) <= maxDepth
}

// step goes one level down, adding a mapping where the file has none.
func (s *Set) step(at *node, step, path string) (*node, *Problem) {
	if at.kind == list {
		return s.item(at, step, path)
	}
	if next := at.get(step); next != nil && next.kind != null {
		next.lengthen(path, step, s)
		return next, nil
	}
	next := &node{kind: mapping, set: s}
	return next, s.put(at, step, path, next)
}

// lengthen turns the short form of the broker into the long one, so that something can be set inside it: a URL becomes the key url,
// a word the key name.
func (n *node) lengthen(path, key string, s *Set) {
	if path != "" || key != "broker" || n.kind != text {
		return
	}
	short := *n
	long := "name"
	if strings.Contains(n.text, "://") {
		long = "url"
	}
	*n = node{kind: mapping, line: n.line, column: n.column, set: n.set}
	n.members = []member{{key: &node{kind: text, text: long, line: short.line, column: short.column, set: short.set}, value: &short}}
}

// item finds an entry of a list by index or by name.
func (s *Set) item(at *node, step, path string) (*node, *Problem) {
	if i, err := strconv.Atoi(step); err == nil && i < len(at.items) {
		return at.items[i], nil
	}
	for _, item := range at.items {
		if name := item.get("name"); name != nil && name.text == step {
			return item, nil
		}
	}
	return nil, s.problem(fmt.Sprintf("%s has no entry %s", path, step), "an index below "+strconv.Itoa(len(at.items))+" or a name in it")
}

// place puts the value where the last step leads.
func (s *Set) place(at *node, step, path string) *Problem {
	value := s.node()
	if at.kind == list {
		item, p := s.item(at, step, path)
		if p == nil {
			*item = *value
		}
		return p
	}
	return s.put(at, step, path, value)
}

// put sets a key of a mapping where it stands, or adds it at the end.
func (s *Set) put(at *node, key, path string, value *node) *Problem {
	if at.kind != mapping {
		return s.problem(fmt.Sprintf("%s is inside %s", key, at.describe()), "a path that the scenario has")
	}
	entry := member{key: &node{kind: text, text: key, set: s}, value: value}
	dropRivals(at, key, path)
	i := slices.IndexFunc(at.members, func(m member) bool { return m.key.text == key })
	switch {
	case value.kind == null:
		at.members = slices.DeleteFunc(at.members, func(m member) bool { return m.key.text == key })
	case i < 0:
		at.members = append(at.members, entry)
	default:
		at.members[i] = entry
	}
	return nil
}

// dropRivals takes away what cannot stand beside key in the mapping at path.
func dropRivals(at *node, key, path string) {
	for _, r := range rivals {
		if r.inside.MatchString(path) && slices.Contains(r.keys, key) {
			away := slices.Concat(r.keys, r.also)
			at.members = slices.DeleteFunc(at.members, func(m member) bool { return m.key.text != key && slices.Contains(away, m.key.text) })
		}
	}
}

// node is the value as a tree. Text that YAML would not read as one value, such as {group}/x or #, stands for itself.
func (s *Set) node() *node {
	value, problems := parseYAML([]byte(s.Value))
	if len(problems) > 0 || (value.kind == null && plainKind(strings.TrimSpace(s.Value)) != null) {
		value = &node{kind: text, text: s.Value}
	}
	value.claim(s)
	return value
}

// claim marks the tree as coming from s.
func (n *node) claim(s *Set) {
	n.set, n.line, n.column = s, 0, 0
	for _, item := range n.items {
		item.claim(s)
	}
	for _, m := range n.members {
		m.key.claim(s)
		m.value.claim(s)
	}
}

func (s *Set) problem(what, want string) *Problem {
	return &Problem{File: s.String(), Path: s.Path, What: what, Want: want}
}

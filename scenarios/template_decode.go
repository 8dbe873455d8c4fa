package scenarios

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// template reads a JSON payload. Constants stay as they are written; a mapping of one key that begins with $ is a generator.
func (d *decoder) template(n *node) *Template {
	switch n.kind {
	case mapping:
		if generatorKey(n) != "" {
			return &Template{Generator: d.generator(n)}
		}
		return &Template{Object: d.templateMembers(n)}
	case list:
		t := &Template{Array: []*Template{}}
		for _, item := range n.items {
			t.Array = append(t.Array, d.template(item))
		}
		return t
	case text:
		return &Template{Text: &n.text}
	}
	return &Template{Literal: d.literal(n)}
}

// literal is the JSON form of a number, a boolean or nothing.
func (d *decoder) literal(n *node) string {
	switch n.kind {
	case null:
		return "null"
	case boolean:
		return strings.ToLower(n.text)
	}
	if !json.Valid([]byte(n.text)) {
		d.report(n, clip(n.text)+" is not a number in JSON", "a number such as 21 or 0.5, or quotes around text")
	}
	return n.text
}

func (d *decoder) templateMembers(n *node) []TemplateMember {
	members := []TemplateMember{}
	seen := map[string]*node{}
	for _, m := range n.members {
		switch first := seen[m.key.text]; {
		case strings.HasPrefix(m.key.text, "$"):
			d.report(m.key, "a generator stands beside other keys", "a generator as a mapping of its own, such as temperature: {$walk: …}")
		case first != nil:
			d.report(m.key, fmt.Sprintf("given twice, first on line %d", first.line), "each key once")
		default:
			seen[m.key.text] = m.key
			members = append(members, TemplateMember{Key: m.key.text, Value: d.template(m.value)})
		}
	}
	return members
}

func generatorKey(n *node) string {
	if len(n.members) == 1 && strings.HasPrefix(n.members[0].key.text, "$") {
		return n.members[0].key.text
	}
	return ""
}

// generators reads what stands behind each generator's key.
var generators = map[string]func(*decoder, *node) Generator{
	Counter{}.Key(): (*decoder).counter,
	Clock{}.Key():   (*decoder).clock,
	Walk{}.Key():    (*decoder).walk,
	Normal{}.Key():  (*decoder).normal,
	UUID{}.Key():    (*decoder).uuid,
}

func (d *decoder) generator(n *node) Generator {
	key := n.members[0].key
	read := generators[key.text]
	if read == nil {
		known := slices.Sorted(maps.Keys(generators))
		d.report(key, "unknown generator "+quote(key.text)+didYouMean(key.text, known), listing(known))
		return nil
	}
	return read(d, n.members[0].value)
}

// maxValue bounds the values of generators, so that a payload's length stays near what was planned.
const maxValue = 1e12

func (d *decoder) value(to *float64) func(*node) { return d.float(to, -maxValue, maxValue) }

func (d *decoder) decimals(to *int) func(*node) { return d.whole(to, 0, 9) }

func (d *decoder) counter(n *node) Generator {
	c := Counter{Step: 1}
	d.mapping(n,
		optional("start", d.integer(&c.Start, -1<<53, 1<<53)),
		optional("step", d.integer(&c.Step, -1_000_000_000, 1_000_000_000)),
	)
	return c
}

func (d *decoder) clock(n *node) Generator {
	var c Clock
	oneOf(d, &c.Format, RFC3339, RFC3339Nano, Unix, UnixMilli, UnixNano)(n)
	return c
}

func (d *decoder) uuid(n *node) Generator {
	var u UUID
	oneOf(d, &u.Version, UUIDv4, UUIDv7)(n)
	return u
}

func (d *decoder) walk(n *node) Generator {
	w := Walk{Decimals: 2}
	d.mapping(n,
		required("start", "where the walk begins", d.value(&w.Start)),
		required("step", "how far each message moves it at most", d.value(&w.Step)),
		required("min", "the least value", d.value(&w.Min)),
		required("max", "the greatest value", d.value(&w.Max)),
		optional("decimals", d.decimals(&w.Decimals)),
	)
	switch {
	case !n.sound():
	case w.Min >= w.Max:
		d.report(n.get("max"), "max is not above min", "min < max")
	case w.Start < w.Min || w.Start > w.Max:
		d.report(n.get("start"), "the walk begins outside min and max", "min ≤ start ≤ max")
	case w.Step < 0 || w.Step > w.Max-w.Min:
		d.report(n.get("step"), "a step is at least 0 and not longer than the way from min to max", "0 ≤ step ≤ max − min")
	}
	return w
}

func (d *decoder) normal(n *node) Generator {
	g := Normal{Decimals: 2}
	d.mapping(n,
		required("mean", "the mean of the distribution", d.value(&g.Mean)),
		required("stddev", "its standard deviation", d.float(&g.StdDev, 0, maxValue)),
		optional("decimals", d.decimals(&g.Decimals)),
	)
	return g
}

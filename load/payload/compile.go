package payload

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"

	"mqttrace/scenarios"
)

// compiler turns a template into steps: literals as long as they can be, and a step for each generator.
type compiler struct {
	names   *strings.Replacer
	random  *rand.Rand
	pending []byte // literal text that no step holds yet
	steps   []step
}

func (c *compiler) flush() {
	if len(c.pending) > 0 {
		c.steps = append(c.steps, literal(c.pending))
		c.pending = nil
	}
}

func (c *compiler) text(s string) { c.pending = append(c.pending, s...) }

func (c *compiler) value(t *scenarios.Template) {
	switch {
	case t.Object != nil:
		c.object(t.Object)
	case t.Array != nil:
		c.array(t.Array)
	case t.Text != nil:
		c.quoted(c.names.Replace(*t.Text))
	case t.Generator != nil:
		c.generator(t.Generator)
	default:
		c.text(t.Literal)
	}
}

func (c *compiler) object(members []scenarios.TemplateMember) {
	c.text("{")
	for i, m := range members {
		if i > 0 {
			c.text(",")
		}
		c.quoted(m.Key)
		c.text(":")
		c.value(m.Value)
	}
	c.text("}")
}

func (c *compiler) array(elements []*scenarios.Template) {
	c.text("[")
	for i, element := range elements {
		if i > 0 {
			c.text(",")
		}
		c.value(element)
	}
	c.text("]")
}

// quoted writes a JSON string. Unlike json.Marshal it leaves <, > and & as they are.
func (c *compiler) quoted(s string) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string into memory: neither can fail
	c.pending = append(c.pending, bytes.TrimSuffix(out.Bytes(), []byte("\n"))...)
}

func (c *compiler) generator(g scenarios.Generator) {
	switch g := g.(type) {
	case scenarios.Counter:
		c.add(counter{start: g.Start, step: g.Step})
	case scenarios.Clock:
		c.clock(g.Format)
	case scenarios.Walk:
		c.add(&walk{Walk: g, at: g.Start, random: c.random})
	case scenarios.Normal:
		c.add(&normal{Normal: g, random: c.random})
	case scenarios.UUID:
		c.uuid(g.Version)
	default:
		panic(fmt.Sprintf("payload: no step for %T", g))
	}
}

func (c *compiler) add(s step) {
	c.flush()
	c.steps = append(c.steps, s)
}

func (c *compiler) clock(format scenarios.ClockFormat) {
	switch format {
	case scenarios.Unix:
		c.add(unixSeconds{})
	case scenarios.UnixMilli:
		c.add(unixMillis{})
	case scenarios.UnixNano:
		c.add(unixNanos{})
	case scenarios.RFC3339Nano:
		c.add(timestamp(`"2006-01-02T15:04:05.000000000Z07:00"`))
	default:
		c.add(timestamp(`"2006-01-02T15:04:05Z07:00"`))
	}
}

func (c *compiler) uuid(version scenarios.UUIDVersion) {
	c.text(`"`)
	c.add(&uuid{timed: version == scenarios.UUIDv7, random: c.random})
	c.text(`"`)
}

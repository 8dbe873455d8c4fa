package payload

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"mqttrace/scenarios"
)

// Text makes the values of one property of one sender's messages. It is not safe for concurrent use.
type Text struct {
	steps    []step
	unquoted bool // the generator writes a JSON string, of which the quotation marks are not part of the value
	buffer   []byte
}

// sequencePlaceholder stands for the number of the message in a property's text.
const sequencePlaceholder = "{seq}"

// NewText prepares the text, or the generator, t for a sender, counted from 0, of a group. property tells the properties of a
// sender apart, whose random values must differ. The same arguments give the same values, times apart.
func NewText(t *scenarios.Template, group string, sender int, property string, seed uint64) *Text {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%d/%s", group, sender, property)
	c := compiler{
		names:  strings.NewReplacer("{group}", group, "{sender}", strconv.Itoa(sender)),
		random: rand.New(rand.NewPCG(seed, h.Sum64())),
	}
	if t.Generator != nil {
		c.generator(t.Generator)
	} else {
		c.numberedText(*t.Text)
	}
	c.flush()
	text := &Text{steps: c.steps}
	switch t.Generator.(type) {
	case scenarios.UUID:
		text.unquoted = true
	case scenarios.Clock:
		text.unquoted = true // some formats are numbers, which have none to lose
	}
	return text
}

// numberedText writes text with the message's number in the place of each {seq}.
func (c *compiler) numberedText(text string) {
	for i, part := range strings.Split(text, sequencePlaceholder) {
		if i > 0 {
			c.add(counter{step: 1})
		}
		c.text(c.names.Replace(part))
	}
}

// Fixed returns the value that all messages have, if they all have the same.
func (t *Text) Fixed() (value string, ok bool) {
	switch len(t.steps) {
	case 0:
		return "", true
	case 1:
		fixed, ok := t.steps[0].(literal)
		return string(fixed), ok
	}
	return "", false
}

// Value is that of message seq, counted from 0, made at now. Like those of Source, values are made in order. It allocates the
// string.
func (t *Text) Value(seq uint64, now time.Time) string {
	t.buffer = t.buffer[:0]
	for _, step := range t.steps {
		t.buffer = step.append(t.buffer, seq, now)
	}
	value := string(t.buffer)
	if t.unquoted {
		value = strings.Trim(value, `"`)
	}
	return value
}

package scenarios

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Properties are properties of each PUBLISH of a sender (MQTT 5 section 3.3.2.3). A value is text, in which {group} and {sender}
// stand for the sender's group and index and {seq} for the number of its message, from 0; or it is a generator, as payloads
// have them. The zero value sets none. Correlation Data is the stamp's, and the Topic Alias has a key of its own.
type Properties struct {
	// User are user properties, in the order of the file: names with values. As a list a name may stand more than once.
	User UserProperties `json:"user,omitempty"`
	// ContentType describes the payload, such as application/json.
	ContentType *Template `json:"content_type,omitempty"`
	// ResponseTopic is where an answer would go.
	ResponseTopic *Template `json:"response_topic,omitempty"`
	// PayloadFormat is the payload format indicator: bytes or utf8. Default: none is sent.
	PayloadFormat PayloadFormat `json:"payload_format,omitempty"`
}

// UserProperty is a user property with what its value is made from.
type UserProperty struct {
	Name  string
	Value *Template
}

// UserProperties are in the order in which they are sent.
type UserProperties []UserProperty

// PayloadFormat is a payload format indicator.
type PayloadFormat string

const (
	// Bytes says nothing about the payload.
	Bytes PayloadFormat = "bytes"
	// UTF8 says that the payload is text in UTF-8. A broker may check it.
	UTF8 PayloadFormat = "utf8"
)

// MarshalJSON writes u as a scenario file has it: a mapping, or a list of mappings where a name stands twice.
func (u UserProperties) MarshalJSON() ([]byte, error) {
	members := make([]TemplateMember, len(u))
	names := map[string]bool{}
	for i, p := range u {
		members[i] = TemplateMember{Key: p.Name, Value: p.Value}
		names[p.Name] = true
	}
	if len(names) == len(u) {
		return marshalObject(members)
	}
	list := make([]*Template, len(u))
	for i := range members {
		list[i] = &Template{Object: members[i : i+1]}
	}
	return json.Marshal(list)
}

// maxUserProperties bounds what a packet is filled with.
const maxUserProperties = 1000

// traceNames are the user properties that tracing writes.
var traceNames = []string{"traceparent", "tracestate", "baggage"}

func (d *decoder) properties(to *Properties) func(*node) {
	return func(n *node) {
		d.mapping(n,
			optional("user", d.userProperties(&to.User)),
			optional("content_type", d.propertyValue(&to.ContentType)),
			optional("response_topic", d.responseTopic(&to.ResponseTopic)),
			optional("payload_format", oneOf(d, &to.PayloadFormat, Bytes, UTF8)),
		)
		if n.kind == mapping && len(n.members) == 0 {
			d.report(n, "no property is given", "one of user, content_type, response_topic and payload_format")
		}
	}
}

// userProperties reads a mapping, or a list of mappings of one key each.
func (d *decoder) userProperties(to *UserProperties) func(*node) {
	return func(n *node) {
		members := n.members
		switch n.kind {
		case mapping:
			d.eachOnce(n)
		case list:
			for _, item := range n.items {
				if item.kind != mapping || len(item.members) != 1 {
					d.wrongType(item, "a name with its value, such as {site: north}")
					continue
				}
				members = append(members, item.members[0])
			}
		default:
			d.wrongType(n, "names with values, or a list of them")
			return
		}
		if len(members) == 0 || len(members) > maxUserProperties {
			d.report(n, fmt.Sprintf("%d user properties", len(members)), fmt.Sprintf("1 to %d", maxUserProperties))
			return
		}
		for _, m := range members {
			p := UserProperty{Name: m.key.text}
			d.userName(m.key)
			d.propertyValue(&p.Value)(m.value)
			*to = append(*to, p)
		}
	}
}

func (d *decoder) eachOnce(n *node) {
	seen := map[string]*node{}
	for _, m := range n.members {
		if first := seen[m.key.text]; first != nil {
			d.report(m.key, fmt.Sprintf("given twice, first on line %d", first.line), "each name once, or a list of names with values")
			continue
		}
		seen[m.key.text] = m.key
	}
}

func (d *decoder) userName(key *node) {
	if key.bad {
		return
	}
	if slices.Contains(traceNames, key.text) {
		d.report(key, quote(key.text)+" is what tracing writes", "another name; tracing has settings of its own")
		return
	}
	if what, want := badString(key.text, "a name"); what != "" {
		d.report(key, what, want)
	}
}

// propertyValue reads text with placeholders, or a generator. Numbers and booleans are the text that they are written as.
func (d *decoder) propertyValue(to **Template) func(*node) {
	return func(n *node) {
		t := &Template{}
		switch {
		case n.kind == mapping && generatorKey(n) != "":
			t.Generator = d.generator(n)
		case n.kind == text || n.kind == number || n.kind == boolean:
			if what, want := badPropertyText(n.text); what != "" {
				d.report(n, what, want)
				return
			}
			t.Text = &n.text
		default:
			d.wrongType(n, "text, or a generator such as {$uuid: v4}")
		}
		*to = t
	}
}

func badPropertyText(s string) (what, want string) {
	if what, want = badPlaceholder(s, groupPlaceholder, senderPlaceholder, sequencePlaceholder); what != "" {
		return what, want
	}
	if s == "" {
		return "", "" // which MQTT allows
	}
	return badString(s, "text")
}

// responseTopic is a topic, and so without wildcards.
func (d *decoder) responseTopic(to **Template) func(*node) {
	return func(n *node) {
		d.propertyValue(to)(n)
		switch {
		case n.bad || n.kind != text:
		case n.text == "" || strings.ContainsAny(n.text, "+#"):
			d.report(n, quote(n.text)+" is not a topic", "a topic without + and #, such as answers/{sender}")
		}
	}
}

// bytes is the length of the properties in a packet, about.
func (p Properties) bytes(group string) (n int) {
	for _, u := range p.User {
		n += 1 + 2 + len(u.Name) + 2 + u.Value.textBytes(group)
	}
	for _, t := range []*Template{p.ContentType, p.ResponseTopic} {
		if t != nil {
			n += 1 + 2 + t.textBytes(group)
		}
	}
	if p.PayloadFormat != "" {
		n += 1 + 1
	}
	return n
}

// textBytes is the length of the text that t becomes, about: JSON without its quotation marks.
func (t *Template) textBytes(group string) int {
	if t.Text != nil {
		return t.bytes(group) - len(`""`)
	}
	switch t.Generator.(type) {
	case UUID, Clock:
		return max(t.bytes(group)-len(`""`), 1)
	}
	return t.bytes(group)
}

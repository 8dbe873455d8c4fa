package scenarios

import (
	"encoding/json"
	"strconv"
)

// Template is a JSON value of which parts are made anew for each message. Exactly one of its fields is set.
type Template struct {
	// Object holds an object's members in the order of the file; not nil for an empty object.
	Object []TemplateMember
	// Array holds an array's elements; not nil for an empty array.
	Array []*Template
	// Text is a string in which {group} and {sender} stand for the sender's group and index.
	Text *string
	// Literal is a number, true, false or null, as JSON writes it.
	Literal string
	// Generator makes the value: a Counter, Clock, Walk, Normal or UUID.
	Generator Generator
}

// TemplateMember is one member of a JSON object.
type TemplateMember struct {
	Key   string
	Value *Template
}

// Generator is what stands behind a key that begins with $ in a scenario file.
type Generator interface {
	// Key is that key, $ included.
	Key() string
}

// Counter is Start for a sender's first message and grows by Step with each.
type Counter struct {
	Start int64 `json:"start"`
	Step  int64 `json:"step"`
}

// Clock is the time at which the message is made, in Format.
type Clock struct{ Format ClockFormat }

// ClockFormat says how a Clock writes the time: as an RFC 3339 string in UTC, or as a number since 1970.
type ClockFormat string

// Formats of the time.
const (
	RFC3339     ClockFormat = "rfc3339"     // "2006-01-02T15:04:05Z"
	RFC3339Nano ClockFormat = "rfc3339nano" // always nine decimals: "2006-01-02T15:04:05.000000000Z"
	Unix        ClockFormat = "unix"        // seconds
	UnixMilli   ClockFormat = "unix_ms"     // milliseconds
	UnixNano    ClockFormat = "unix_ns"     // nanoseconds
)

// Walk is a random walk: it begins at Start and each message moves it by up to Step either way, within Min and Max, where
// it turns round. It is written with Decimals digits behind the point.
type Walk struct {
	Start    float64 `json:"start"`
	Step     float64 `json:"step"`
	Min      float64 `json:"min"`
	Max      float64 `json:"max"`
	Decimals int     `json:"decimals"`
}

// Normal is drawn from a normal distribution and written with Decimals digits behind the point.
type Normal struct {
	Mean     float64 `json:"mean"`
	StdDev   float64 `json:"stddev"`
	Decimals int     `json:"decimals"`
}

// UUID is a random identifier of RFC 9562, of Version 4 or 7; the time in version 7 is that of the message.
type UUID struct{ Version UUIDVersion }

// UUIDVersion is v4 or v7.
type UUIDVersion string

const (
	// UUIDv4 is random but for its version; UUIDv7 begins with the time in milliseconds, so that it sorts by it.
	UUIDv4 UUIDVersion = "v4"
	UUIDv7 UUIDVersion = "v7"
)

// Key is $counter.
func (Counter) Key() string { return "$counter" }

// Key is $time.
func (Clock) Key() string { return "$time" }

// Key is $walk.
func (Walk) Key() string { return "$walk" }

// Key is $normal.
func (Normal) Key() string { return "$normal" }

// Key is $uuid.
func (UUID) Key() string { return "$uuid" }

// MarshalJSON writes the format alone, as a scenario file has it.
func (c Clock) MarshalJSON() ([]byte, error) { return json.Marshal(c.Format) }

// MarshalJSON writes the version alone, as a scenario file has it.
func (u UUID) MarshalJSON() ([]byte, error) { return json.Marshal(u.Version) }

// MarshalJSON writes t as a scenario file has it.
func (t *Template) MarshalJSON() ([]byte, error) {
	switch {
	case t.Object != nil:
		return marshalObject(t.Object)
	case t.Array != nil:
		return json.Marshal(t.Array)
	case t.Text != nil:
		return json.Marshal(*t.Text)
	case t.Generator != nil:
		return json.Marshal(map[string]any{t.Generator.Key(): t.Generator})
	}
	return []byte(t.Literal), nil
}

func marshalObject(members []TemplateMember) ([]byte, error) {
	out := []byte{'{'}
	for i, m := range members {
		if i > 0 {
			out = append(out, ',')
		}
		key, err := json.Marshal(m.Key)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.Value)
		if err != nil {
			return nil, err
		}
		out = append(append(append(out, key...), ':'), value...)
	}
	return append(out, '}'), nil
}

// bytes is the length of the JSON that t becomes, about: a generator counts as a typical value of it.
func (t *Template) bytes(group string) int {
	switch {
	case t.Object != nil:
		n := len("{}") + max(0, len(t.Object)-1)
		for _, m := range t.Object {
			n += len(`"":`) + len(m.Key) + m.Value.bytes(group)
		}
		return n
	case t.Array != nil:
		n := len("[]") + max(0, len(t.Array)-1)
		for _, element := range t.Array {
			n += element.bytes(group)
		}
		return n
	case t.Text != nil:
		return len(`""`) + len(expand(*t.Text, group, senderPlaceholder, 0))
	case t.Generator != nil:
		return generatorBytes(t.Generator)
	}
	return len(t.Literal)
}

func generatorBytes(g Generator) int {
	switch g := g.(type) {
	case Clock:
		return clockBytes[g.Format]
	case UUID:
		return len(`""`) + 36
	case Walk:
		return decimalBytes(g.Start, g.Decimals)
	case Normal:
		return decimalBytes(g.Mean, g.Decimals)
	}
	return 4 // a counter that has come to thousands
}

var clockBytes = map[ClockFormat]int{RFC3339: 22, RFC3339Nano: 32, Unix: 10, UnixMilli: 13, UnixNano: 19}

func decimalBytes(v float64, decimals int) int {
	return len(strconv.FormatFloat(v, 'f', decimals, 64))
}

package propagation

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/trace"
)

// MQTT 3.1.1 has no user properties. For senders and receivers that agree on it, the functions of this file carry the
// context inside the payload: as members traceparent and tracestate of a JSON object. Nothing else in this package does
// so by itself. It changes what the application sent, so it is for payloads that are one JSON object and for nothing
// else: not an array, not text, no other content type. The caller knows the content type; these functions know the bytes.

// InjectPayload returns payload with sc as its first members; payload itself is not changed. Every byte that was there is
// there still, in order. It returns payload as it came if sc is not valid, if the object has a member of one of the two
// names already, whatever it holds, and, with [ErrNotObject], if payload is not a JSON object.
func InjectPayload(sc trace.SpanContext, payload []byte) ([]byte, error) {
	o, err := parseObject(payload)
	if err != nil || !sc.IsValid() || o.has(traceparentKey) || o.has(tracestateKey) {
		return payload, err
	}
	out := make([]byte, 0, len(payload)+256)
	out = append(out, payload[:o.open]...)
	out = append(out, `"traceparent":"`...)
	out = AppendTraceparent(out, sc)
	out = append(out, '"')
	if state := sc.TraceState().String(); state != "" {
		out = append(out, `,"tracestate":`...)
		out = strconv.AppendQuote(out, state) // as JSON does it, for printable ASCII
	}
	if len(o.members) > 0 {
		out = append(out, ',')
	}
	return append(out, payload[o.open:]...), nil
}

// ExtractPayload reads the span context out of a payload as [Extract] does out of user properties. Members count at the
// top level only. A traceparent that is no string is [ErrMalformed].
func ExtractPayload(payload []byte) (trace.SpanContext, error) {
	o, err := parseObject(payload)
	if err != nil {
		return trace.SpanContext{}, err
	}
	parents := o.values(traceparentKey)
	switch len(parents) {
	case 0:
		return trace.SpanContext{}, ErrNone
	case 1:
	default:
		return trace.SpanContext{}, ErrDuplicate
	}
	sc, err := ParseTraceparent(text(parents[0]))
	if err != nil {
		return sc, err
	}
	var states []string
	for _, v := range o.values(tracestateKey) {
		states = append(states, text(v))
	}
	return sc.WithTraceState(parseTracestate(strings.Join(states, ","))), nil
}

// RemovePayload returns payload without the members that carry context; payload itself is not changed. What it gives
// back means the same as what was injected into, but is not promised to be the same bytes: somebody on the way may have
// written the object anew. Its error is [ErrNotObject], with payload as it came.
func RemovePayload(payload []byte) ([]byte, error) {
	o, err := parseObject(payload)
	if err != nil || !o.has(traceparentKey) && !o.has(tracestateKey) {
		return payload, err
	}
	out := append(make([]byte, 0, len(payload)), payload[:o.open]...)
	from, first := o.open, true
	for _, m := range o.members {
		part := payload[from:m.end]
		from = m.end
		if m.key == traceparentKey || m.key == tracestateKey {
			continue
		}
		if first {
			part = bytes.TrimLeft(part, " \t\r\n,")
			first = false
		}
		out = append(out, part...)
	}
	return append(out, payload[from:]...), nil
}

// object is a JSON object in its text.
type object struct {
	open    int // just after the opening brace
	members []member
}

type member struct {
	key   string
	value json.RawMessage
	end   int // just after the value
}

func parseObject(payload []byte) (object, error) {
	if start := bytes.TrimLeft(payload, " \t\r\n"); len(start) == 0 || start[0] != '{' || !json.Valid(payload) {
		return object{}, ErrNotObject
	}
	// The text is valid, so none of what follows can fail.
	d := json.NewDecoder(bytes.NewReader(payload))
	_, _ = d.Token()
	o := object{open: int(d.InputOffset())}
	for d.More() {
		var m member
		key, _ := d.Token()
		m.key, _ = key.(string)
		_ = d.Decode(&m.value)
		m.end = int(d.InputOffset())
		o.members = append(o.members, m)
	}
	return o, nil
}

func (o object) has(key string) bool {
	return len(o.values(key)) > 0
}

func (o object) values(key string) []json.RawMessage {
	var vs []json.RawMessage
	for _, m := range o.members {
		if m.key == key {
			vs = append(vs, m.value)
		}
	}
	return vs
}

// text returns what a JSON string says, or "" for a value of another type.
func text(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) != nil {
		return ""
	}
	return s
}

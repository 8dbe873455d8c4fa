package scenarios

import (
	"encoding/json"
	"fmt"
)

// payload reads one of size, json and file.
func (d *decoder) payload(to *Payload) func(*node) {
	return func(n *node) {
		before := *to
		*to = Payload{}
		d.mapping(n,
			optional("size", d.size(&to.Size, MaxPayload)),
			optional("json", func(n *node) { to.JSON = d.template(n) }),
			optional("file", d.payloadFile(&to.File)),
		)
		switch {
		case n.kind != mapping:
			*to = before
		case len(n.members) == 0:
			d.report(n, "the payload is not described", "one of size, json and file")
		case len(n.members) > 1 && n.sound():
			d.report(n.members[1].key, "the payload is described twice", "one of size, json and file")
		}
	}
}

func (d *decoder) payloadFile(to *string) func(*node) {
	return func(n *node) {
		var path string
		if d.text(&path)(n); n.bad {
			return
		}
		size, err := statFile(d.resolve(path))
		switch {
		case path == "":
			d.report(n, "the file's name is empty", "a file")
		case err != nil:
			d.report(n, "cannot read "+quote(path)+": "+err.Error(), "a file, relative to the scenario's folder")
		case size > MaxPayload:
			d.report(n, fmt.Sprintf("%s has %d bytes, which do not fit into an MQTT packet", quote(path), size),
				fmt.Sprintf("at most %d bytes", MaxPayload))
		default:
			*to = d.resolve(path)
		}
	}
}

// sized tells whether the payload is given by its size.
func (p Payload) sized() bool { return p.JSON == nil && p.File == "" }

// MarshalJSON writes p as a scenario file has it.
func (p Payload) MarshalJSON() ([]byte, error) {
	switch {
	case p.JSON != nil:
		return json.Marshal(map[string]any{"json": p.JSON})
	case p.File != "":
		return json.Marshal(map[string]any{"file": p.File})
	}
	return json.Marshal(map[string]any{"size": p.Size})
}

package load

import (
	"cmp"
	"errors"
	"slices"
	"sync"

	"mqttrace/load/mqtt"
	"mqttrace/load/result"
)

// reasons counts the reason codes other than success that the broker has given. The zero value is empty. Safe for concurrent use.
type reasons struct {
	mu     sync.Mutex // guards what follows
	counts map[reason]*result.Reason
}

type reason struct {
	packet string
	code   byte
}

// add counts a reason code; text is what the broker says about it and server the one that it refers to, each if it does.
func (r *reasons) add(packet string, code byte, text, server string) {
	r.addAll(result.Reason{Packet: packet, Code: code, Count: 1, Text: text, ServerReference: server})
}

// addAll counts a reason code as often as it was given.
func (r *reasons) addAll(more result.Reason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.counts = make(map[reason]*result.Reason)
	}
	key := reason{more.Packet, more.Code}
	if r.counts[key] == nil {
		r.counts[key] = &result.Reason{Packet: more.Packet, Code: more.Code, Name: mqtt.ReasonTitle(more.Code)}
	}
	found := r.counts[key]
	found.Count += more.Count
	found.Text, found.ServerReference = cmp.Or(more.Text, found.Text), cmp.Or(more.ServerReference, found.ServerReference)
}

// addCause counts the reason code of a lost connection, or of an attempt to make it again, if the broker gave one.
func (r *reasons) addCause(cause error) {
	var gone *mqtt.DisconnectedError
	var refused *mqtt.RefusedError
	switch {
	case errors.As(cause, &gone):
		r.add("DISCONNECT", gone.ReasonCode, gone.Reason, gone.ServerReference)
	case errors.As(cause, &refused):
		r.add(refused.Packet, refused.ReasonCode, refused.Reason, refused.ServerReference)
	}
}

// all are the reasons given so far, by packet and code.
func (r *reasons) all() (all []result.Reason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range r.counts {
		all = append(all, *one)
	}
	slices.SortFunc(all, func(a, b result.Reason) int {
		return cmp.Or(cmp.Compare(a.Packet, b.Packet), cmp.Compare(a.Code, b.Code))
	})
	return all
}

// doubtReasons notes what the broker has refused, by the names of the specification.
func (r *run) doubtReasons() {
	for _, one := range r.reasons.all() {
		if one.Code < 0x80 {
			continue
		}
		text := ""
		if one.Text != "" {
			text = ": " + one.Text
		}
		if one.ServerReference != "" {
			text += "; it refers to " + one.ServerReference
		}
		r.warn("refused", "%s %s, %d times%s", one.Packet, one.Name, one.Count, text)
	}
}

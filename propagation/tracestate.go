package propagation

import (
	"slices"
	"strings"

	"go.opentelemetry.io/otel/trace"
)

const (
	maxMembers = 32
	// maxTracestate bounds what is looked at, in bytes over all parts. The longest list the grammar allows is 16,447; the
	// rest of one MQTT string is left for spaces and empty members.
	maxTracestate = 65535
)

// parseTracestate reads a tracestate, whole or not at all: one that breaks the format gives the empty state. Empty members
// are skipped and of members with the same key the left-most is kept, neither of which [trace.ParseTraceState] does
// everywhere. It is asked first all the same: nearly every list is clean, and then its work is all the work there is.
func parseTracestate(s string) trace.TraceState {
	if s == "" || len(s) > maxTracestate {
		return trace.TraceState{}
	}
	state, err := trace.ParseTraceState(s)
	if err == nil {
		return state
	}
	clean, changed := cleanTracestate(s)
	if !changed {
		return trace.TraceState{}
	}
	state, _ = trace.ParseTraceState(clean)
	return state
}

// cleanTracestate returns s without blank members and without members whose key stands further left, and whether that
// removed anything. What is removed must be as valid as what stays; if it is not, or if too much stays, changed is false.
func cleanTracestate(s string) (clean string, changed bool) {
	var room [maxMembers]string
	kept := room[:0] // members; the keys are their beginnings
	for member := range strings.SplitSeq(s, ",") {
		member = trimOWS(member)
		if member == "" {
			changed = true
			continue
		}
		key, value, _ := strings.Cut(member, "=")
		if slices.ContainsFunc(kept, func(m string) bool { return hasKey(m, key) }) {
			if !validValue(value) {
				return "", false
			}
			changed = true
			continue
		}
		if len(kept) == maxMembers {
			return "", false
		}
		kept = append(kept, member)
	}
	if !changed {
		return "", false
	}
	return strings.Join(kept, ","), true
}

func hasKey(member, key string) bool {
	return len(member) > len(key) && member[len(key)] == '=' && member[:len(key)] == key
}

// validValue tells whether value, already trimmed, may stand behind the equals sign of a member.
func validValue(value string) bool {
	if len(value) < 1 || len(value) > 256 {
		return false
	}
	for i := range len(value) {
		if c := value[i]; c < ' ' || c > '~' || c == '=' || c == ',' {
			return false
		}
	}
	return true
}

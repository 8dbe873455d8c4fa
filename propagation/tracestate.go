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

// parseTracestate reads a tracestate, whole or not at all: one that breaks the format gives the empty state. Blank members
// are skipped, and of members with the same key the left-most is kept, neither of which [trace.ParseTraceState] does. It
// is asked first all the same: nearly every list is clean, and then its work is all the work there is.
func parseTracestate(s string) trace.TraceState {
	if s == "" || len(s) > maxTracestate || strings.Count(s, "=") > strings.Count(s, ",")+1 {
		return trace.TraceState{} // a member with two equals signs is known without the cost of an error
	}
	state, err := trace.ParseTraceState(s)
	if err == nil {
		return state
	}
	clean, ok := cleanTracestate(s)
	if !ok {
		return trace.TraceState{}
	}
	state, _ = trace.ParseTraceState(clean)
	return state
}

// cleanTracestate returns s without blank members and without members whose key stands further left. It is not ok if s
// has none of either, or is beyond cleaning: what is taken away must be as valid as what stays, which is left to be checked.
func cleanTracestate(s string) (clean string, ok bool) {
	var room [maxMembers]string
	kept := room[:0]
	for member := range strings.SplitSeq(s, ",") {
		member = trimOWS(member)
		if member == "" {
			ok = true
			continue
		}
		key, value, found := strings.Cut(member, "=")
		if !found || key == "" {
			return "", false
		}
		if slices.ContainsFunc(kept, func(m string) bool { return hasKey(m, key) }) {
			if !validValue(value) {
				return "", false
			}
			ok = true
			continue
		}
		if len(kept) == maxMembers {
			return "", false
		}
		kept = append(kept, member)
	}
	return strings.Join(kept, ","), ok
}

// hasKey tells whether member begins with key and an equals sign. Keys of one list tend to differ at the end.
func hasKey(member, key string) bool {
	n := len(key)
	return len(member) > n && member[n] == '=' && member[n-1] == key[n-1] && member[:n] == key
}

// validValue tells whether value, already trimmed, may stand behind the equals sign of a member.
func validValue(value string) bool {
	if len(value) < 1 || len(value) > 256 {
		return false
	}
	for i := range len(value) {
		if c := value[i]; c < ' ' || c > '~' || c == '=' {
			return false
		}
	}
	return true
}

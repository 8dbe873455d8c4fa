package conform

import (
	"crypto/rand"
	"fmt"
	"strings"

	"github.com/eclipse/paho.golang/packets"
)

// maxString is the longest string that MQTT has, in bytes.
const maxString = 65535

var longestString = strings.Repeat("x", maxString)

// newTraceparent is one that nobody has sent before, so that a message can be told from any other.
func newTraceparent(version, flags string) string {
	var ids [24]byte
	rand.Read(ids[:])
	ids[0] |= 1 // neither may be zero
	ids[16] |= 1
	return fmt.Sprintf("%s-%x-%x-%s", version, ids[:16], ids[16:], flags)
}

func parent() packets.User { return packets.User{Key: traceparent, Value: newTraceparent("00", "01")} }

func prop(key, value string) packets.User { return packets.User{Key: key, Value: value} }

// fullContext is all three properties.
func fullContext() []packets.User {
	return []packets.User{parent(), prop(tracestate, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"), prop(baggage, "tenant=a,site=north")}
}

func traceparentWith(version, flags string) func() []packets.User {
	return func() []packets.User { return []packets.User{prop(traceparent, newTraceparent(version, flags))} }
}

// others are n properties that are no context.
func others(n int) (props []packets.User) {
	for i := range n {
		props = append(props, prop(fmt.Sprintf("key-%d", i), fmt.Sprintf("value %d", i)))
	}
	return props
}

// amongOthers is a context in the middle of n others.
func amongOthers(n int) func() []packets.User {
	return func() []packets.User {
		all := others(n)
		props := append([]packets.User{}, all[:n/2]...)
		return append(append(props, fullContext()...), all[n/2:]...)
	}
}

func reversedContext() []packets.User {
	full := fullContext()
	return []packets.User{full[2], full[1], full[0]}
}

func interleaved() []packets.User {
	full, o := fullContext(), others(4)
	return []packets.User{o[0], full[0], o[1], full[1], o[2], full[2], o[3]}
}

func repeatedName() []packets.User {
	return []packets.User{prop("unit", "b"), parent(), prop("unit", "a"), prop("unit", "b")}
}

func twoTraceparents() []packets.User { return []packets.User{parent(), parent()} }

func equalTraceparents() []packets.User {
	p := parent()
	return []packets.User{p, p}
}

func stateInParts() []packets.User {
	return []packets.User{parent(), prop(tracestate, "foo=1,bar=2"), prop(tracestate, "rojo=1"), prop(tracestate, "baz=3")}
}

func baggageInParts() []packets.User {
	return []packets.User{parent(), prop(baggage, "a=1"), prop(baggage, "b=2"), prop(baggage, "c=3")}
}

func mixedCase() []packets.User {
	return []packets.User{prop("Traceparent", newTraceparent("00", "01")), prop("TRACESTATE", "foo=1"), prop("Baggage", "a=1")}
}

func mixedCaseBeside() []packets.User { return append(mixedCase(), fullContext()...) }

// stateOf is a tracestate of a length: whole members of 128 bytes, the last one shorter.
func stateOf(length int) func() []packets.User {
	return func() []packets.User {
		return []packets.User{parent(), prop(tracestate, list(length, 128))}
	}
}

// baggageOf is baggage of a length, in members of 512 bytes.
func baggageOf(length int) func() []packets.User {
	return func() []packets.User { return []packets.User{parent(), prop(baggage, list(length, 512))} }
}

// list is a comma-separated list of length bytes with members of size bytes, commas included.
func list(length, size int) string {
	var b strings.Builder
	for i := 0; b.Len() < length; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		head := fmt.Sprintf("k%d=", i)
		b.WriteString(head)
		b.WriteString(strings.Repeat("v", size-1-len(head)))
	}
	return b.String()[:length]
}

func stateMembers(n int) func() []packets.User {
	return func() []packets.User { return members(tracestate, n) }
}
func baggageMembers(n int) func() []packets.User {
	return func() []packets.User { return members(baggage, n) }
}

func members(name string, n int) []packets.User {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("k%d=%d", i, i)
	}
	return []packets.User{parent(), prop(name, strings.Join(all, ","))}
}

func longest(name, value string) func() []packets.User {
	return func() []packets.User { return []packets.User{parent(), prop(name, value)} }
}

func stateIs(value string) func() []packets.User {
	return func() []packets.User { return []packets.User{parent(), prop(tracestate, value)} }
}

func parentIs(value string) func() []packets.User {
	return func() []packets.User { return []packets.User{prop(traceparent, value), prop(tracestate, "foo=1")} }
}

func stateAlone() []packets.User { return []packets.User{prop(tracestate, "foo=1,bar=2")} }

package conform

import (
	"slices"

	"github.com/eclipse/paho.golang/packets"
)

// Case is one thing that a broker may do to trace context.
type Case struct {
	// Name is unique and stable: lower-case words with dashes.
	Name string
	// Group is what it is about, a heading of the report.
	Group string
	// Sends says in a few words what is sent.
	Sends string
	// Requires says what the specifications want, and where.
	Requires string

	travel journey
	user   func() []packets.User // of each message
	want   Outcome
}

// Cases returns all cases in the order of the report.
func Cases() []Case {
	return slices.Concat(deliveryCases(), spanCases(), neighbourCases(), nameCases(), sizeCases(), valueCases(), malformedCases())
}

// Names returns the names of all cases in the order of the report.
func Names() []string {
	var names []string
	for _, c := range Cases() {
		names = append(names, c.Name)
	}
	return names
}

// What the specifications say. Statement numbers are those of MQTT 5.
const (
	unaltered = "MQTT 5 §3.3.2.3.7: user properties are forwarded unaltered [MQTT-3.3.2-17] and in order [MQTT-3.3.2-18]"
	retains   = unaltered + "; §3.3.1.3: what is stored is the whole message; receivers link to a replayed context (propagation rule 9)"
	wills     = "MQTT 5 §3.1.3.2.8: the will's user properties are published, in order [MQTT-3.1.3-10]"
	sessions  = unaltered + "; §4.1 and §3.1.2.11.2: the session keeps messages until the receiver is back"
	state     = "W3C Trace Context §3.3.1.5: at least 512 characters of tracestate are carried on; " + unaltered
	bags      = "W3C Baggage, Limits: at least 64 members and 8192 bytes are carried on; " + unaltered
	opaque    = unaltered + "; whether a value is valid is for receivers to judge"
	repeats   = unaltered + "; the same name may appear more than once, and propagation rule 3 counts how often"
	matchCase = unaltered + "; names are compared letter case and all (propagation rule 2)"
)

func deliveryCases() []Case {
	return group("delivery", []Case{
		{Name: "qos-0", Sends: "QoS 0", Requires: unaltered, travel: live(0, 0)},
		{Name: "qos-1", Sends: "QoS 1", Requires: unaltered, travel: live(1, 1)},
		{Name: "qos-2", Sends: "QoS 2", Requires: unaltered, travel: live(2, 2)},
		{Name: "qos-2-to-0", Sends: "QoS 2 to a receiver with QoS 0", Requires: unaltered, travel: live(2, 0)},
		{Name: "fan-out", Sends: "one message to three receivers", Requires: unaltered, travel: fanOut(3)},
		{Name: "shared", Sends: "one message to two shared subscriptions", Requires: unaltered + "; §4.8.2", travel: sharedSubscription},
		{Name: "retained-live", Sends: "retained, to a receiver that is there", Requires: retains, travel: retainedLive},
		{Name: "retained-replayed", Sends: "retained, replayed to two later receivers", Requires: retains, travel: retainedReplayed(1)},
		{Name: "retained-replaced", Sends: "retained twice: the second context is replayed", Requires: retains, travel: retainedReplayed(2)},
		{Name: "will-crash", Sends: "will of a connection that breaks", Requires: wills, travel: will(crash)},
		{Name: "will-asked-for", Sends: "will of a DISCONNECT with reason 0x04", Requires: wills, travel: will(withWill)},
		{Name: "will-retained", Sends: "will that is retained and replayed", Requires: wills, travel: willRetained},
		{Name: "session-qos-1", Sends: "three messages wait for a session's return", Requires: sessions, travel: sessionResume(1, 3)},
		{Name: "session-qos-2", Sends: "the same with QoS 2", Requires: sessions, travel: sessionResume(2, 3)},
		{Name: "redelivered", Sends: "unacknowledged, sent again to a resumed session", Requires: sessions + "; §4.4 [MQTT-4.4.0-1]", travel: redelivery},
		{Name: "alias-to-broker", Sends: "topic alias from sender to broker", Requires: unaltered + "; §3.3.2.3.4", travel: aliasToBroker},
		{Name: "alias-to-receiver", Sends: "topic alias from broker to receiver", Requires: unaltered + "; §3.3.2.3.4", travel: aliasToReceiver},
		{Name: "expiry", Sends: "message expiry, receiver there", Requires: unaltered + "; §3.3.2.3.3", travel: expiry},
		{Name: "expiry-queued", Sends: "message expiry, waiting for the receiver", Requires: sessions + "; §3.3.2.3.3", travel: expiryQueued},
		{Name: "no-problem-info", Sends: "receiver with Request Problem Information 0", Requires: "MQTT 5 §3.1.2.11.7: that is about " +
			"acknowledgements; user properties still reach it in PUBLISH", travel: noProblemInfo},
	}, fullContext)
}

func spanCases() []Case {
	const rule = unaltered + "; a broker that takes part in traces would show here"
	return group("the broker's own spans", []Case{
		{Name: "sampled", Sends: "traceparent with flags 01", user: traceparentWith("00", "01")},
		{Name: "not-sampled", Sends: "traceparent with flags 00", user: traceparentWith("00", "00")},
		{Name: "random-flag", Sends: "traceparent with flags 03", user: traceparentWith("00", "03")},
		{Name: "future-version", Sends: "traceparent of version cc", user: traceparentWith("cc", "01")},
		{Name: "no-properties", Sends: "no user properties at all", user: func() []packets.User { return nil }},
		{Name: "no-context", Sends: "user properties without a context", user: func() []packets.User { return others(3) }},
	}, nil, rule)
}

func neighbourCases() []Case {
	return group("beside other user properties", []Case{
		{Name: "others-0", Sends: "none", user: amongOthers(0)},
		{Name: "others-1", Sends: "1", user: amongOthers(1)},
		{Name: "others-2", Sends: "2", user: amongOthers(2)},
		{Name: "others-4", Sends: "4", user: amongOthers(4)},
		{Name: "others-8", Sends: "8", user: amongOthers(8)},
		{Name: "others-16", Sends: "16", user: amongOthers(16)},
		{Name: "others-32", Sends: "32", user: amongOthers(32)},
		{Name: "others-64", Sends: "64", user: amongOthers(64)},
	}, nil, unaltered)
}

func nameCases() []Case {
	return group("names and order", []Case{
		{Name: "state-first", Sends: "baggage, tracestate, then traceparent", Requires: unaltered, user: reversedContext},
		{Name: "interleaved", Sends: "others before, between and behind", Requires: unaltered, user: interleaved},
		{Name: "repeated-name", Sends: "another name three times, twice the same", Requires: repeats, user: repeatedName},
		{Name: "two-traceparents", Sends: "two different traceparents", Requires: repeats, user: twoTraceparents},
		{Name: "equal-traceparents", Sends: "the same traceparent twice", Requires: repeats, user: equalTraceparents},
		{Name: "state-in-parts", Sends: "tracestate in three properties", Requires: repeats, user: stateInParts},
		{Name: "baggage-in-parts", Sends: "baggage in three properties", Requires: repeats, user: baggageInParts},
		{Name: "mixed-case", Sends: "Traceparent, TRACESTATE and Baggage", Requires: matchCase, user: mixedCase},
		{Name: "mixed-case-beside", Sends: "the same beside lower-case names", Requires: matchCase, user: mixedCaseBeside},
	}, nil)
}

func sizeCases() []Case {
	return group("sizes", []Case{
		{Name: "tracestate-512", Sends: "tracestate of 512 bytes", Requires: state, user: stateOf(512)},
		{Name: "tracestate-32", Sends: "tracestate of 32 members", Requires: state, user: stateMembers(32)},
		{Name: "baggage-8k", Sends: "baggage of 8192 bytes", Requires: bags, user: baggageOf(8192)},
		{Name: "baggage-64", Sends: "baggage of 64 members", Requires: bags, user: baggageMembers(64)},
		{Name: "longest-value", Sends: "another property of 65,535 bytes", Requires: unaltered, user: longest("v", longestString)},
		{Name: "longest-name", Sends: "another name of 65,535 bytes", Requires: unaltered, user: longest(longestString, "v")},
		{Name: "longest-state", Sends: "tracestate of 65,535 bytes", Requires: unaltered, user: stateOf(maxString)},
	}, nil)
}

func valueCases() []Case {
	return group("values", []Case{
		{Name: "empty-tracestate", Sends: "empty tracestate", user: stateIs("")},
		{Name: "empty-traceparent", Sends: "empty traceparent", user: parentIs("")},
		{Name: "upper-case-hex", Sends: "traceparent in upper-case hex", user: parentIs("00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01")},
		{Name: "zero-ids", Sends: "traceparent of zeros", user: parentIs("00-00000000000000000000000000000000-0000000000000000-00")},
		{Name: "version-ff", Sends: "traceparent of version ff", user: parentIs("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")},
		{Name: "short-traceparent", Sends: "traceparent that is too short", user: parentIs("00-4bf92f35-00f067aa-01")},
		{Name: "long-traceparent", Sends: "traceparent that is too long", user: parentIs("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-and-more")},
		{Name: "not-a-traceparent", Sends: "traceparent that is none at all", user: parentIs("?")},
		{Name: "spaces-around", Sends: "traceparent between spaces", user: parentIs("  00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 ")},
		{Name: "bad-tracestate", Sends: "tracestate that breaks its grammar", user: stateIs("==,,FOO=1,foo")},
		{Name: "state-alone", Sends: "tracestate without a traceparent", user: stateAlone},
		{Name: "not-ascii", Sends: "letters beyond ASCII", user: stateIs("städte=köln,emoji=🚀")},
		{Name: "byte-order-mark", Sends: "tracestate with U+FEFF", Requires: "MQTT 5 §1.5.4: U+FEFF is never skipped or stripped [MQTT-1.5.4-3]; " + unaltered,
			user: stateIs("\ufefffoo=1")},
	}, nil, opaque)
}

func malformedCases() []Case {
	const control = "MQTT 5 §1.5.4: senders should not send control characters, and a receiver may take them for malformed; " +
		"otherwise " + unaltered
	return group("what MQTT forbids", []Case{
		{Name: "tab", Sends: "tracestate with a tab", Requires: control, user: stateIs("foo=1,\tbar=2")},
		{Name: "control-character", Sends: "tracestate with U+0001", Requires: control, user: stateIs("foo=\x01")},
		{Name: "null-character", Sends: "tracestate with U+0000", Requires: "MQTT 5 §1.5.4: malformed, the connection is closed [MQTT-1.5.4-2]",
			user: stateIs("foo=\x00"), want: Refused},
		{Name: "not-utf-8", Sends: "tracestate that is not UTF-8", Requires: "MQTT 5 §1.5.4: malformed, the connection is closed [MQTT-1.5.4-1]",
			user: stateIs("foo=\xc3\x28"), want: Refused},
	}, nil)
}

// group fills in what the cases of a group have in common, where they say nothing of their own.
func group(name string, cases []Case, user func() []packets.User, requires ...string) []Case {
	for i := range cases {
		c := &cases[i]
		c.Group = name
		if c.travel == nil {
			c.travel = plain
		}
		if c.user == nil {
			c.user = user
		}
		if c.want == "" {
			c.want = Unchanged
		}
		if c.Requires == "" {
			c.Requires = requires[0]
		}
	}
	return cases
}

package propagation

import (
	"bytes"
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// The rules by which this package reads what otel's propagator refuses, or refuses what it reads, as far as they show in the
// value of a traceparent. grammar is rule 4 in one line.
var grammar = regexp.MustCompile(`^[ \t]*([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[\s\S]*)?[ \t]*$`)

// expected reads a traceparent by the text of rules 4 and 5, slowly.
func expected(s string) (sc trace.SpanContext, ok bool) {
	m := grammar.FindStringSubmatch(strings.Trim(s, " \t"))
	if m == nil || m[1] == "ff" || m[1] == "00" && m[5] != "" {
		return sc, false
	}
	traceID, err := trace.TraceIDFromHex(m[2])
	if err != nil {
		return sc, false
	}
	spanID, err := trace.SpanIDFromHex(m[3])
	if err != nil {
		return sc, false
	}
	flags := trace.TraceFlags(unhex(m[4][0])<<4|unhex(m[4][1])) & keptFlags
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: spanID, TraceFlags: flags, Remote: true}), true
}

// otelDiffers returns the number of the rule by which otel's propagator reads s otherwise than this package, or 0.
func otelDiffers(s string) int {
	m := grammar.FindStringSubmatch(s)
	switch {
	case s != strings.Trim(s, " \t"):
		return 4 // space around is ignored
	case m != nil && m[1] == "00" && m[5] == "-":
		return 4 // exactly 55 characters
	case m != nil && m[1] == "00" && m[4] > "03":
		return 5 // unknown flags are zeroed
	}
	return 0
}

func FuzzParseTraceparent(f *testing.F) {
	for _, v := range readVectors(f) {
		for _, p := range v.Properties {
			f.Add(p[1])
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseTraceparent(s)
		fromBytes, bytesErr := ParseTraceparent([]byte(s))
		assert.Equal(t, got, fromBytes)
		assert.Equal(t, err, bytesErr)

		want, ok := expected(s)
		assert.Equal(t, want, got)
		assert.Equal(t, ok, err == nil)
		if err != nil {
			require.ErrorIs(t, err, ErrMalformed)
		}
		if otelDiffers(s) == 0 {
			assert.Equal(t, extractWith(propagation.TraceContext{}, propagation.MapCarrier{"traceparent": s}), got)
		}
	})
}

// FuzzAgainstOtel holds whole messages to otel's propagator over the same carrier. A list is written as lines of name and value.
func FuzzAgainstOtel(f *testing.F) {
	for _, v := range readVectors(f) {
		var lines []string
		for _, p := range v.Properties {
			lines = append(lines, p[0]+":"+p[1])
		}
		f.Add(strings.Join(lines, "\n"))
	}
	f.Add("traceparent:" + sampleTraceparent + "\nbaggage:k=v;p=1,l=w\nbaggage:m=%20x")
	f.Fuzz(func(t *testing.T, text string) {
		props := lines(text)
		before := slices.Clone(props)
		ours := extractWith(TraceContext{}, NewCarrier(&props))
		direct, err := Extract(props)
		assert.Equal(t, ours, direct)
		assert.Equal(t, err == nil, direct.IsValid())
		assert.Equal(t, ours, extractWith(TraceContext{}, headerLike{NewCarrier(&props)}), "over a carrier it does not know")

		theirs := extractWith(propagation.TraceContext{}, NewCarrier(&props))
		if value := NewCarrier(&props).Get("traceparent"); otelDiffers(value) == 0 {
			assert.Equal(t, theirs.WithTraceState(trace.TraceState{}), ours.WithTraceState(trace.TraceState{}))
			checkTracestate(t, NewCarrier(&props).Get("tracestate"), theirs, ours)
		}
		if !overBaggageLimits(NewCarrier(&props)) {
			assert.Equal(t, extractBaggage(propagation.Baggage{}, NewCarrier(&props)), extractBaggage(Baggage{}, NewCarrier(&props)))
		}
		assert.Equal(t, before, props, "reading changes nothing")
	})
}

// checkTracestate holds ours to theirs, or to rule 7 where that makes the difference.
func checkTracestate(t *testing.T, value string, theirs, ours trace.SpanContext) {
	t.Helper()
	if theirs.TraceState().Len() > 0 && len(value) <= maxTracestate {
		assert.Equal(t, theirs, ours)
		return
	}
	// They have dropped it. If we have not, blank or repeated members were why, and each member we kept is one of those sent.
	seen := map[string]bool{}
	ours.TraceState().Walk(func(key, kept string) bool {
		assert.False(t, seen[key], "%q twice", key)
		seen[key] = true
		assert.Contains(t, value, key+"="+kept)
		return true
	})
}

// overBaggageLimits tells whether baggage in several properties may be cut by rule 8, which otel's propagator then does to
// each part and to any members. Written again a byte can become three.
func overBaggageLimits(c Carrier) bool {
	list := c.Get("baggage")
	return len(c.Values("baggage")) > 1 && (3*len(list) > maxBaggage || strings.Count(list, ",") >= 64)
}

// headerLike hides what a carrier is.
type headerLike struct{ Carrier }

func FuzzRoundTrip(f *testing.F) {
	f.Add([]byte("0123456789abcdef"), []byte("01234567"), byte(1), "foo=1,bar=2", "a:1\nb:2")
	f.Add([]byte{15: 1}, []byte{7: 1}, byte(0xff), "", "")
	f.Fuzz(func(t *testing.T, traceID, spanID []byte, flags byte, state, others string) {
		c := trace.SpanContextConfig{TraceFlags: trace.TraceFlags(flags)}
		copy(c.TraceID[:], traceID)
		copy(c.SpanID[:], spanID)
		c.TraceState, _ = trace.ParseTraceState(state)
		sc := trace.NewSpanContext(c)
		want := sc.WithTraceFlags(sc.TraceFlags() & keptFlags).WithRemote(true)
		if !sc.IsValid() || len(state) > maxTracestate {
			return // nothing to carry
		}
		props := lines(others)
		Inject(sc, &props)
		once := slices.Clone(props)
		got, err := Extract(props)
		require.NoError(t, err, "after Inject there is a context")
		if _, err := Extract(lines(others)); err != nil {
			assert.Equal(t, want, got)
		}
		Inject(sc.WithSpanID(trace.SpanID{1}), &props)
		assert.Equal(t, once, props, "it stays")

		carrier := propagation.MapCarrier{}
		propagation.TraceContext{}.Inject(trace.ContextWithSpanContext(context.Background(), sc), carrier)
		assert.Equal(t, carrier["traceparent"], string(AppendTraceparent(nil, sc)))
		parsed, err := ParseTraceparent(carrier["traceparent"])
		require.NoError(t, err)
		assert.Equal(t, want.WithTraceState(trace.TraceState{}), parsed)
	})
}

// FuzzHostileProperties sends lists nobody means well with: each line repeated up to thousands of times, each value up to
// megabytes. Whatever it is, nothing panics, reading changes nothing, and writing leaves the rest alone.
func FuzzHostileProperties(f *testing.F) {
	f.Add("traceparent:"+sampleTraceparent+"\ntracestate:a=1,", uint16(1), uint16(5000))
	f.Add("tracestate:a=1,", uint16(3000), uint16(1))
	f.Add("traceparent:\x00\xff\xfe\ntracestate:\x00=\xff\nbaggage:\xff=\x00", uint16(9), uint16(9))
	f.Add("baggage:k=v,", uint16(700), uint16(700))
	f.Add("traceparent:"+sampleTraceparent+"\ntracestate:,\nTRACEPARENT:x\n\x00:\xff", uint16(1), uint16(60000))
	f.Add("traceparent:"+sampleTraceparent+"\nx:0123456789abcdef", uint16(1), uint16(60000))
	f.Fuzz(func(t *testing.T, text string, copies, length uint16) {
		props := hostile(text, int(copies), int(length))
		before := slices.Clone(props)
		strict, lenient := NewCarrier(&props), NewLenientCarrier(&props)
		sc, err := Extract(props)
		assert.Equal(t, err == nil, sc.IsValid())
		assert.Equal(t, sc, extractWith(TraceContext{}, strict))
		extractWith(TraceContext{}, lenient)
		assert.LessOrEqual(t, extractBaggage(New(), strict).Len(), 64)
		assert.LessOrEqual(t, sc.TraceState().Len(), maxMembers)
		assert.LessOrEqual(t, len(strict.Keys()), len(props))
		require.True(t, slices.Equal(before, props), "reading changes nothing")

		Inject(mustParse(t, sampleTraceparent), &props)
		assert.Len(t, strict.Values("traceparent"), 1)
		_, err = Extract(props)
		require.NoError(t, err)
		require.True(t, slices.Equal(withoutContext(before), withoutContext(props)), "the rest stays as it was")
	})
}

func FuzzPayload(f *testing.F) {
	for _, s := range []string{`{}`, ` { "a" : [1,{"traceparent":1}] , "b":"\u0000" } `, `{"traceparent":"` + sampleTraceparent + `"}`,
		`{"tracestate":"a=1","tracestate":"b=2"}`, `[]`, `"`, `{"a":1,}`, `{"` + "\xff" + `":1}`, `{} {}`, `{"":1E444}`} {
		f.Add([]byte(s), "foo=1")
	}
	f.Fuzz(func(t *testing.T, payload []byte, state string) {
		ts, _ := trace.ParseTraceState(state)
		sc := mustParse(t, sampleTraceparent).WithTraceState(ts)
		before := bytes.Clone(payload)
		_, none := ExtractPayload(payload)
		out, err := InjectPayload(sc, payload)
		require.Equal(t, before, payload, "the input stays")
		require.Equal(t, isError(none, ErrNotObject), err != nil)
		if err != nil || len(out) == len(payload) {
			assert.Equal(t, payload, out)
			return
		}
		require.True(t, json.Valid(out))
		if len(state) <= maxTracestate {
			got, err := ExtractPayload(out)
			require.NoError(t, err)
			assert.Equal(t, sc, got)
		}
		back, err := RemovePayload(out)
		require.NoError(t, err)
		assert.Equal(t, compact(t, payload), compact(t, back))
	})
}

// compact returns JSON without the space around its tokens.
func compact(t *testing.T, text []byte) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, json.Compact(&b, text))
	return b.String()
}

// lines reads a list of properties, one a line, name and value parted by the first colon.
func lines(text string) paho.UserProperties {
	var props paho.UserProperties
	for line := range strings.SplitSeq(text, "\n") {
		key, value, _ := strings.Cut(line, ":")
		props.Add(key, value)
	}
	return props
}

// hostile repeats each value length times and the whole list copies times, to at most some megabytes.
func hostile(text string, copies, length int) paho.UserProperties {
	const most = 4 << 20
	list := lines(text)
	length = min(length, most/(len(text)+1)+1)
	for i := range list {
		if list[i].Key != traceparentKey {
			list[i].Value = strings.Repeat(list[i].Value, length)
		}
	}
	copies = min(copies, 100_000/len(list)+1)
	var props paho.UserProperties
	for range max(copies, 1) {
		props = append(props, list...)
	}
	return props
}

func withoutContext(props paho.UserProperties) paho.UserProperties {
	return slices.DeleteFunc(slices.Clone(props), func(p paho.UserProperty) bool {
		return p.Key == traceparentKey || p.Key == tracestateKey
	})
}

package propagation

import (
	"slices"
	"strings"
	"testing"

	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"
)

const otherTraceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"

func withState(t testing.TB, sc trace.SpanContext, state string) trace.SpanContext {
	t.Helper()
	ts, err := trace.ParseTraceState(state)
	require.NoError(t, err)
	return sc.WithTraceState(ts)
}

func pairs(kv ...string) paho.UserProperties {
	var props paho.UserProperties
	for i := 0; i < len(kv); i += 2 {
		props.Add(kv[i], kv[i+1])
	}
	return props
}

func TestInject(t *testing.T) {
	plain := mustParse(t, sampleTraceparent)
	stateful := withState(t, plain, "foo=1,bar=2")
	cases := []struct {
		name   string
		sc     trace.SpanContext
		before paho.UserProperties
		want   paho.UserProperties
	}{
		{"empty list", plain, nil, pairs("traceparent", sampleTraceparent)},
		{"with state", stateful, nil, pairs("traceparent", sampleTraceparent, "tracestate", "foo=1,bar=2")},
		{"after others, which keep order and repetition", plain, pairs("b", "1", "a", "2", "b", "1"),
			pairs("b", "1", "a", "2", "b", "1", "traceparent", sampleTraceparent)},
		{"invalid context writes nothing", trace.SpanContext{}, pairs("a", "1"), pairs("a", "1")},
		{"a context there stays", stateful, pairs("traceparent", otherTraceparent, "a", "1"),
			pairs("traceparent", otherTraceparent, "a", "1")},
		{"a context and state there stay", plain, pairs("tracestate", "x=y", "traceparent", otherTraceparent),
			pairs("tracestate", "x=y", "traceparent", otherTraceparent)},
		{"a malformed one does not", plain, pairs("traceparent", "junk", "a", "1"),
			pairs("a", "1", "traceparent", sampleTraceparent)},
		{"nor two of them", plain, pairs("traceparent", otherTraceparent, "a", "1", "traceparent", otherTraceparent),
			pairs("a", "1", "traceparent", sampleTraceparent)},
		{"nor a state alone, which would join the wrong trace", plain, pairs("tracestate", "x=y", "a", "1"),
			pairs("a", "1", "traceparent", sampleTraceparent)},
		{"another case is another name", plain, pairs("Traceparent", otherTraceparent),
			pairs("Traceparent", otherTraceparent, "traceparent", sampleTraceparent)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			direct := slices.Clone(c.before)
			Inject(c.sc, &direct)
			assert.Equal(t, c.want, direct)

			again := slices.Clone(c.before)
			new(Injector).Inject(c.sc, &again)
			assert.Equal(t, c.want, again)

			through := slices.Clone(c.before)
			TraceContext{}.Inject(trace.ContextWithSpanContext(t.Context(), c.sc), NewCarrier(&through))
			assert.Equal(t, c.want, through)
		})
	}
}

func TestInjectNil(t *testing.T) {
	assert.NotPanics(t, func() { Inject(mustParse(t, sampleTraceparent), nil) })
}

func TestExtractErrors(t *testing.T) {
	cases := []struct {
		name  string
		props paho.UserProperties
		want  error
	}{
		{"nothing", nil, ErrNone},
		{"others only", pairs("a", "1", "tracestate", "foo=1"), ErrNone},
		{"another case", pairs("Traceparent", sampleTraceparent), ErrNone},
		{"two", pairs("traceparent", sampleTraceparent, "traceparent", otherTraceparent), ErrDuplicate},
		{"two equal", pairs("traceparent", sampleTraceparent, "a", "1", "traceparent", sampleTraceparent), ErrDuplicate},
		{"two malformed", pairs("traceparent", "", "traceparent", ""), ErrDuplicate},
		{"empty", pairs("traceparent", ""), ErrMalformed},
		{"malformed", pairs("traceparent", "junk", "tracestate", "foo=1"), ErrMalformed},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			sc, err := Extract(c.props)
			require.ErrorIs(t, err, c.want)
			for _, other := range []error{ErrNone, ErrDuplicate, ErrMalformed} {
				assert.Equal(t, other == c.want, isError(err, other), "%v is also %v", err, other)
			}
			assert.Equal(t, trace.SpanContext{}, sc)
		})
	}
}

func TestExtractTracestate(t *testing.T) {
	long := "k=" + strings.Repeat("v", 257)
	dozens := make([]string, 40)
	for i := range dozens {
		dozens[i] = "a=1"
	}
	cases := []struct {
		name   string
		states []string
		want   string
	}{
		{"none", nil, ""},
		{"one", []string{"foo=1"}, "foo=1"},
		{"parts in order", []string{"b=1", "a=2"}, "b=1,a=2"},
		{"broken", []string{"foo"}, ""},
		{"one broken part breaks it", []string{"foo=1", "bar"}, ""},
		{"value too long", []string{long}, ""},
		{"repeated member with a broken value", []string{"foo=1,foo=a=b"}, ""},
		{"repeated member with a control character", []string{"foo=1,foo=\x00"}, ""},
		{"repeated member without a value", []string{"foo=1,foo="}, ""},
		{"repeated key without equals sign", []string{"foo=1,foo"}, ""},
		{"key that begins another", []string{"foo=1,fo=2,foo=3"}, "foo=1,fo=2"},
		{"more than 32 of which few differ", []string{strings.Join(dozens, ",")}, "a=1"},
		{"longer than can be meant", []string{"foo=1," + strings.Repeat(" ", maxTracestate)}, ""},
		{"long in parts", []string{"foo=1," + strings.Repeat(" ", maxTracestate-100), strings.Repeat(",", 100)}, ""},
		{"512 characters and more", []string{"foo=" + strings.Repeat("v", 256) + ",bar=" + strings.Repeat("w", 256)},
			"foo=" + strings.Repeat("v", 256) + ",bar=" + strings.Repeat("w", 256)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			props := pairs("traceparent", sampleTraceparent)
			for _, s := range c.states {
				props.Add("tracestate", s)
			}
			sc, err := Extract(props)
			require.NoError(t, err)
			assert.Equal(t, c.want, sc.TraceState().String())
			assert.Equal(t, "0af7651916cd43dd8448eb211c80319c", sc.TraceID().String())
			assert.Equal(t, c.want, extractWith(TraceContext{}, headerOf(props)).TraceState().String())
		})
	}
}

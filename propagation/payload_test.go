package propagation

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/trace"
)

func TestInjectPayload(t *testing.T) {
	plain := mustParse(t, sampleTraceparent)
	quoted := withState(t, plain, `a="\,b=<>&`)
	const tp = `"traceparent":"` + sampleTraceparent + `"`
	cases := []struct {
		name string
		sc   trace.SpanContext
		in   string
		want string
		err  error
	}{
		{"empty object", plain, `{}`, `{` + tp + `}`, nil},
		{"members", plain, `{"a":1,"b":[2]}`, `{` + tp + `,"a":1,"b":[2]}`, nil},
		{"every byte stays", plain, " {\n \"a\" : 1.0e0 }\n", " {" + tp + ",\n \"a\" : 1.0e0 }\n", nil},
		{"state, quoted", quoted, `{}`, `{` + tp + `,"tracestate":"a=\"\\,b=<>&"}`, nil},
		{"same names further in", plain, `{"x":{"traceparent":1}}`, `{` + tp + `,"x":{"traceparent":1}}`, nil},
		{"other case", plain, `{"Traceparent":1}`, `{` + tp + `,"Traceparent":1}`, nil},
		{"traceparent there", plain, `{"traceparent":null}`, `{"traceparent":null}`, nil},
		{"name written with an escape", plain, `{"tracep\u0061rent":1}`, `{"tracep\u0061rent":1}`, nil},
		{"tracestate there", plain, `{"a":1,"tracestate":"x=y"}`, `{"a":1,"tracestate":"x=y"}`, nil},
		{"invalid context", trace.SpanContext{}, `{}`, `{}`, nil},
		{"array", plain, `[1]`, `[1]`, ErrNotObject},
		{"text", plain, `temperature 21`, `temperature 21`, ErrNotObject},
		{"no payload", plain, ``, ``, ErrNotObject},
		{"two objects", plain, `{}{}`, `{}{}`, ErrNotObject},
		{"broken object", plain, `{"a":1,}`, `{"a":1,}`, ErrNotObject},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			in := []byte(c.in)
			out, err := InjectPayload(c.sc, in)
			require.ErrorIs(t, err, c.err)
			assert.Equal(t, c.want, string(out))
			assert.Equal(t, c.in, string(in), "the input")
		})
	}
}

func TestExtractPayload(t *testing.T) {
	const tp = `"traceparent":"` + sampleTraceparent + `"`
	cases := []struct {
		name  string
		in    string
		state string
		err   error
	}{
		{"traceparent", `{` + tp + `}`, "", nil},
		{"in any place", `{"a":{"b":[1,{}]},"tracestate":"foo=1",` + tp + `}`, "foo=1", nil},
		{"escapes", `{"traceparent":"\u0030` + sampleTraceparent[1:] + `","tracestate":"a=\"\\"}`, `a="\`, nil},
		{"states are joined", `{"tracestate":"foo=1",` + tp + `,"tracestate":"bar=2"}`, "foo=1,bar=2", nil},
		{"broken state", `{` + tp + `,"tracestate":"foo"}`, "", nil},
		{"state is a number", `{` + tp + `,"tracestate":7}`, "", nil},
		{"none", `{"tracestate":"foo=1"}`, "", ErrNone},
		{"further in", `{"x":{` + tp + `}}`, "", ErrNone},
		{"other case", `{"Traceparent":"` + sampleTraceparent + `"}`, "", ErrNone},
		{"two", `{` + tp + `,` + tp + `}`, "", ErrDuplicate},
		{"malformed", `{"traceparent":"junk"}`, "", ErrMalformed},
		{"number", `{"traceparent":1}`, "", ErrMalformed},
		{"null", `{"traceparent":null}`, "", ErrMalformed},
		{"not an object", `"` + sampleTraceparent + `"`, "", ErrNotObject},
		{"not an object is none", `[]`, "", ErrNone},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			sc, err := ExtractPayload([]byte(c.in))
			require.ErrorIs(t, err, c.err)
			if c.err != nil {
				assert.Equal(t, trace.SpanContext{}, sc)
				return
			}
			assert.Equal(t, withState(t, mustParse(t, sampleTraceparent), c.state), sc)
		})
	}
}

func TestRemovePayload(t *testing.T) {
	cases := []struct {
		name string
		in   string
		want string
		err  error
	}{
		{"nothing to remove", `{ "a" : 1 }`, `{ "a" : 1 }`, nil},
		{"all", `{"traceparent":"x","tracestate":"y"}`, `{}`, nil},
		{"first", `{"traceparent":"x", "a":1,"b":2}`, `{"a":1,"b":2}`, nil},
		{"between", `{"a":1, "traceparent":"x" ,"b":2}`, `{"a":1 ,"b":2}`, nil},
		{"last", `{"a":1,"tracestate":"y"}`, `{"a":1}`, nil},
		{"repeated", `{"traceparent":1,"a":1,"traceparent":2,"b":2}`, `{"a":1,"b":2}`, nil},
		{"not an object", `[1]`, `[1]`, ErrNotObject},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			in := []byte(c.in)
			out, err := RemovePayload(in)
			require.ErrorIs(t, err, c.err)
			assert.Equal(t, c.want, string(out))
			assert.Equal(t, c.in, string(in), "the input")
		})
	}
}

package propagation

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// vector is one row of testdata/vectors.json: the W3C conformance suite of Trace Context (test/test.py at acab820) over user
// properties. Ids V are the suite's tests in order, ids X what the text of the specification says besides.
type vector struct {
	ID         string      `json:"id"`
	Name       string      `json:"name"` // the suite's, and what tells this input from others of the test
	Properties [][2]string `json:"properties"`
	expectation
	// Lenient is what to expect if names are compared without case, where that differs.
	Lenient *expectation `json:"lenient"`
	// Deviation says why Got comes out as tracestate, and not what the specification expects.
	Deviation string `json:"deviation"`
	Got       string `json:"got"`
	// Control says that a value holds a control character, which a receiver may close the connection for (MQTT 5, section
	// 1.5.4). Mosquitto does, so these cannot cross it.
	Control bool `json:"control"`
}

// expectation of a vector: "new" means no context to continue; "continue" means that of traceID and spanID.
type expectation struct {
	Trace      string `json:"trace"`
	Flags      string `json:"flags"`
	Tracestate string `json:"tracestate"`
}

const (
	vectorTraceID = "12345678901234567890123456789012"
	vectorSpanID  = "1234567890123456"
)

func readVectors(t testing.TB) []vector {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.json")
	require.NoError(t, err)
	var vs []vector
	require.NoError(t, json.Unmarshal(text, &vs))
	return vs
}

func (v vector) props() paho.UserProperties {
	var props paho.UserProperties
	for _, p := range v.Properties {
		props.Add(p[0], p[1])
	}
	return props
}

// today returns what this package does, deviation included.
func (v vector) today() expectation {
	if v.Deviation == "" {
		return v.expectation
	}
	e := v.expectation
	e.Tracestate = v.Got
	return e
}

func (e expectation) check(t *testing.T, sc trace.SpanContext) {
	t.Helper()
	if e.Trace == "new" {
		assert.Equal(t, trace.SpanContext{}, sc)
		return
	}
	assert.Equal(t, vectorTraceID, sc.TraceID().String())
	assert.Equal(t, vectorSpanID, sc.SpanID().String())
	assert.Equal(t, e.Flags, sc.TraceFlags().String())
	assert.Equal(t, e.Tracestate, sc.TraceState().String())
	assert.True(t, sc.IsRemote())
}

func TestVectors(t *testing.T) {
	extractors := []struct {
		name    string
		extract func(paho.UserProperties) trace.SpanContext
	}{
		{"direct", func(props paho.UserProperties) trace.SpanContext {
			sc, err := Extract(props)
			assert.Equal(t, err == nil, sc.IsValid(), "an error, or a context")
			return sc
		}},
		{"propagator", func(props paho.UserProperties) trace.SpanContext {
			return extractWith(TraceContext{}, NewCarrier(&props))
		}},
		{"composite", func(props paho.UserProperties) trace.SpanContext {
			return extractWith(New(), NewCarrier(&props))
		}},
		{"header", func(props paho.UserProperties) trace.SpanContext {
			return extractWith(TraceContext{}, headerOf(props))
		}},
	}
	for _, v := range readVectors(t) {
		for _, e := range extractors {
			t.Run(v.ID+"/"+e.name, func(t *testing.T) {
				want := v.today()
				if e.name == "header" && v.Lenient != nil {
					want = *v.Lenient // HTTP compares names without case
				}
				want.check(t, e.extract(v.props()))
			})
		}
	}
}

func TestVectorsLenient(t *testing.T) {
	for _, v := range readVectors(t) {
		t.Run(v.ID, func(t *testing.T) {
			want := v.today()
			if v.Lenient != nil {
				want = *v.Lenient
			}
			props := v.props()
			want.check(t, extractWith(TraceContext{}, NewLenientCarrier(&props)))
		})
	}
}

// The functions that reach into span contexts must not be needed for the right result.
func TestVectorsWithoutLayout(t *testing.T) {
	withoutLayout(t)
	for _, v := range readVectors(t) {
		t.Run(v.ID, func(t *testing.T) {
			sc, _ := Extract(v.props())
			v.today().check(t, sc)
			if !sc.IsValid() {
				return
			}
			var props paho.UserProperties
			Inject(sc, &props)
			again, err := Extract(props)
			require.NoError(t, err)
			assert.Equal(t, sc, again)
		})
	}
}

// Six vectors wait for trace.TraceState. If one of them fails here it has arrived: take the deviation out of the vector and,
// with the last, out of the package comment.
func TestKnownDeviations(t *testing.T) {
	n := 0
	for _, v := range readVectors(t) {
		if v.Deviation == "" {
			continue
		}
		n++
		t.Run(v.ID, func(t *testing.T) {
			_, err := trace.ParseTraceState(v.Tracestate)
			assert.Error(t, err)
		})
	}
	assert.Equal(t, 6, n)
}

// All vectors carry what the fixtures promise: 81 tests, some with several inputs.
func TestVectorsAreComplete(t *testing.T) {
	inputs, tests := map[string]bool{}, map[string]bool{}
	for _, v := range readVectors(t) {
		assert.False(t, inputs[v.ID], "%s is there twice", v.ID)
		inputs[v.ID] = true
		test, _, _ := strings.Cut(v.ID, ".")
		tests[test] = true
		control := slices.ContainsFunc(v.Properties, func(p [2]string) bool { return strings.ContainsFunc(p[1], unicode.IsControl) })
		assert.Equal(t, control, v.Control, v.ID)
	}
	assert.Len(t, tests, 81)
}

func extractWith(p propagation.TextMapPropagator, c propagation.TextMapCarrier) trace.SpanContext {
	return trace.SpanContextFromContext(p.Extract(context.Background(), c))
}

func headerOf(props paho.UserProperties) HeaderCarrier {
	h := http.Header{}
	for _, p := range props {
		h.Add(p.Key, p.Value)
	}
	return HeaderCarrier(h)
}

func withoutLayout(t *testing.T) {
	t.Helper()
	require.True(t, sameLayout, "the trace package's span context has changed: see layout.go")
	sameLayout = false
	t.Cleanup(func() { sameLayout = true })
}

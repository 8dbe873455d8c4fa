package propagation

import (
	"errors"
	"testing"

	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/propagation"
)

func isError(err, target error) bool { return errors.Is(err, target) }

// carrier is what both carriers of user properties can do.
type carrier interface {
	propagation.TextMapCarrier
	propagation.ValuesGetter
	Delete(key string)
}

func TestCarrierReads(t *testing.T) {
	props := pairs("a", "1", "traceparent", "x", "tracestate", "b=1", "A", "2", "a", "3", "tracestate", "", "traceparent", "x",
		"baggage", "k=v", "baggage", "l=w", "Baggage", "m=x")
	cases := []struct {
		name       string
		key        string
		get        string
		values     []string
		lenientGet string
		lenient    []string
	}{
		{"first of several", "a", "1", []string{"1", "3"}, "1", []string{"1", "2", "3"}},
		{"upper case", "A", "2", []string{"2"}, "1", []string{"1", "2", "3"}},
		{"missing", "none", "", nil, "", nil},
		{"traceparent twice is none", "traceparent", "", []string{"x", "x"}, "", []string{"x", "x"}},
		{"tracestate is joined", "tracestate", "b=1,", []string{"b=1", ""}, "b=1,", []string{"b=1", ""}},
		{"baggage is joined", "baggage", "k=v,l=w", []string{"k=v", "l=w"}, "k=v,l=w,m=x", []string{"k=v", "l=w", "m=x"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.get, NewCarrier(&props).Get(c.key))
			assert.Equal(t, c.values, NewCarrier(&props).Values(c.key))
			assert.Equal(t, c.lenientGet, NewLenientCarrier(&props).Get(c.key))
			assert.Equal(t, c.lenient, NewLenientCarrier(&props).Values(c.key))
		})
	}
	keys := []string{"a", "traceparent", "tracestate", "A", "baggage", "Baggage"}
	assert.Equal(t, keys, NewCarrier(&props).Keys())
	assert.Equal(t, keys, NewLenientCarrier(&props).Keys())
}

func TestCarrierSet(t *testing.T) {
	cases := []struct {
		name            string
		before          paho.UserProperties
		strict, lenient paho.UserProperties
	}{
		{"adds", pairs("a", "1"), pairs("a", "1", "k", "v"), pairs("a", "1", "k", "v")},
		{"replaces in place", pairs("k", "old", "a", "1"), pairs("k", "v", "a", "1"), pairs("k", "v", "a", "1")},
		{"replaces all", pairs("a", "1", "k", "x", "b", "2", "k", "y", "c", "3", "k", "z"),
			pairs("a", "1", "k", "v", "b", "2", "c", "3"), pairs("a", "1", "k", "v", "b", "2", "c", "3")},
		{"other case", pairs("K", "x", "a", "1", "k", "y"), pairs("K", "x", "a", "1", "k", "v"), pairs("k", "v", "a", "1")},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			strict := append(paho.UserProperties(nil), c.before...)
			NewCarrier(&strict).Set("k", "v")
			assert.Equal(t, c.strict, strict)

			lenient := append(paho.UserProperties(nil), c.before...)
			NewLenientCarrier(&lenient).Set("k", "v")
			assert.Equal(t, c.lenient, lenient)
		})
	}
}

func TestCarrierDelete(t *testing.T) {
	props := pairs("k", "1", "a", "2", "K", "3", "k", "4")
	NewCarrier(&props).Delete("k")
	assert.Equal(t, pairs("a", "2", "K", "3"), props)
	NewLenientCarrier(&props).Delete("k")
	assert.Equal(t, pairs("a", "2"), props)
}

func TestCarrierZeroValue(t *testing.T) {
	for _, c := range []carrier{Carrier{}, LenientCarrier{}, NewCarrier(nil)} {
		c.Set("k", "v")
		c.Delete("k")
		assert.Empty(t, c.Get("k"))
		assert.Empty(t, c.Values("k"))
		assert.Empty(t, c.Keys())
	}
}

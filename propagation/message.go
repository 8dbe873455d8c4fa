package propagation

import (
	"strings"

	"github.com/eclipse/paho.golang/paho"
	"go.opentelemetry.io/otel/trace"
)

// Inject writes sc into a message's user properties: traceparent, and tracestate unless it is empty, appended to the
// list in this order. An sc that is not valid, or a nil list, changes nothing.
//
// A context that the message already has, that is one for which [Extract] gives no error, is somebody's choice and stays
// as it is. Anything less than that under the two names (a malformed or repeated traceparent, a tracestate on its own) is
// no context and is replaced. To send the same list again with another context, cut it back to what it was before Inject.
//
// It allocates the value of the traceparent, that of a tracestate, and what the list needs to grow.
func Inject(sc trace.SpanContext, props *paho.UserProperties) {
	if props == nil || !sc.IsValid() {
		return
	}
	if hasContextNames(*props) {
		if _, err := extractTraceparent(*props); err == nil {
			return
		}
		remove(props, traceparentKey, sameName)
		remove(props, tracestateKey, sameName)
	}
	*props = append(*props, paho.UserProperty{Key: traceparentKey, Value: traceparentString(sc)})
	if state := sc.TraceState(); state.Len() > 0 {
		*props = append(*props, paho.UserProperty{Key: tracestateKey, Value: state.String()})
	}
}

// Extract reads the span context out of a message's user properties. The result is remote.
//
// The error is [ErrNone], [ErrDuplicate] or [ErrMalformed] if there is no context to continue, and the span context is
// then the zero value. A tracestate that breaks its format, or that [trace.TraceState] cannot hold, is left out without
// an error: the trace goes on.
//
// It allocates only what [trace.ParseTraceState] does, and the joined list if there are several tracestate properties.
func Extract(props paho.UserProperties) (trace.SpanContext, error) {
	sc, err := extractTraceparent(props)
	if err != nil {
		return sc, err
	}
	if s := joined(props, tracestateKey, maxTracestate); s != "" {
		sc = sc.WithTraceState(parseTracestate(s))
	}
	return sc, nil
}

func hasContextNames(props paho.UserProperties) bool {
	for i := range props {
		if props[i].Key == traceparentKey || props[i].Key == tracestateKey {
			return true
		}
	}
	return false
}

func extractTraceparent(props paho.UserProperties) (trace.SpanContext, error) {
	found := -1
	for i := range props {
		if props[i].Key != traceparentKey {
			continue
		}
		if found >= 0 {
			return trace.SpanContext{}, ErrDuplicate
		}
		found = i
	}
	if found < 0 {
		return trace.SpanContext{}, ErrNone
	}
	return ParseTraceparent(props[found].Value)
}

func traceparentString(sc trace.SpanContext) string {
	var buf [traceparentLen]byte
	encodeTraceparent(&buf, sc)
	return string(buf[:])
}

// joined returns the values of key joined with commas, or "" if that is more than limit bytes. It does not copy a value
// that is alone.
func joined(props paho.UserProperties, key string, limit int) string {
	only, size, n := "", -1, 0
	for i := range props {
		if props[i].Key == key {
			only = props[i].Value
			size += len(only) + 1
			n++
		}
	}
	switch {
	case n == 0 || size > limit:
		return ""
	case n == 1:
		return only
	}
	return strings.Join(values(props, key, sameName), ",")
}

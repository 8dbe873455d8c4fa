package propagation

import (
	"strings"
	"unsafe"

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
	f := fieldsOf(&sc)
	if props == nil || !f.valid() || !makeRoom(props) {
		return
	}
	*props = append(*props, paho.UserProperty{Key: traceparentKey, Value: newTraceparent(&sc)})
	if state := f.traceState.String(); state != "" {
		*props = append(*props, paho.UserProperty{Key: tracestateKey, Value: state})
	}
}

// Injector is [Inject] for a sender that has each message encoded before it injects into the next: the text of the traceparent is in
// memory that it uses again, so that nothing is allocated for it. The zero value is ready. Not safe for concurrent use.
type Injector struct {
	text [traceparentLen]byte
}

// Inject does what the function [Inject] does. The properties are good until the next call.
func (i *Injector) Inject(sc trace.SpanContext, props *paho.UserProperties) {
	f := fieldsOf(&sc)
	if props == nil || !f.valid() || !makeRoom(props) {
		return
	}
	b := appendTraceparent(i.text[:0], &sc)
	*props = append(*props, paho.UserProperty{Key: traceparentKey, Value: unsafe.String(unsafe.SliceData(b), len(b))})
	if state := f.traceState.String(); state != "" {
		*props = append(*props, paho.UserProperty{Key: tracestateKey, Value: state})
	}
}

// makeRoom removes what is no context from props, or returns false if they hold one.
func makeRoom(props *paho.UserProperties) bool {
	if !hasName(*props, traceparentKey) && !hasName(*props, tracestateKey) {
		return true
	}
	if value, err := onlyTraceparent(*props); err == nil && decode(new(trace.SpanContext), value) == nil {
		return false
	}
	remove(props, traceparentKey, sameName)
	remove(props, tracestateKey, sameName)
	return true
}

func hasName(props paho.UserProperties, key string) bool {
	for i := range props {
		if props[i].Key == key {
			return true
		}
	}
	return false
}

// Extract reads the span context out of a message's user properties. The result is remote.
//
// The error is [ErrNone], [ErrDuplicate] or [ErrMalformed] if there is no context to continue, and the span context is
// then the zero value. A tracestate that breaks its format, or that [trace.TraceState] cannot hold, is left out without
// an error: the trace goes on.
//
// It allocates only what [trace.ParseTraceState] does, and the joined list if there are several tracestate properties.
func Extract(props paho.UserProperties) (sc trace.SpanContext, err error) {
	err = extract(&sc, props)
	return sc, err
}

// extract reads the span context into sc, which must be zero and stays so on error.
func extract(sc *trace.SpanContext, props paho.UserProperties) error {
	value, err := onlyTraceparent(props)
	if err != nil {
		return err
	}
	if err := decode(sc, value); err != nil {
		return err
	}
	if s := joined(props, tracestateKey, maxTracestate); s != "" {
		*sc = sc.WithTraceState(parseTracestate(s))
	}
	return nil
}

// onlyTraceparent returns the value of the one traceparent in props.
func onlyTraceparent(props paho.UserProperties) (value string, err error) {
	err = ErrNone
	for i := range props {
		if props[i].Key != traceparentKey {
			continue
		}
		if err == nil {
			return "", ErrDuplicate
		}
		value, err = props[i].Value, nil
	}
	return value, err
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

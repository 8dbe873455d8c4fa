package propagation

import (
	"strings"

	"github.com/eclipse/paho.golang/paho"
	"go.opentelemetry.io/otel/propagation"
)

// The names of the user properties, and of the fields of any other carrier.
const (
	traceparentKey = "traceparent"
	tracestateKey  = "tracestate"
	baggageKey     = "baggage"
)

// Carrier is a message's list of user properties as a carrier for any [propagation.TextMapPropagator], this package's or
// another's. The list keeps its order and its duplicates. Names are compared letter case and all; see [LenientCarrier].
//
// The zero value holds nothing and takes nothing. A Carrier is a view: it is as safe for concurrent use as the list.
type Carrier struct {
	props *paho.UserProperties
}

var (
	_ propagation.TextMapCarrier = Carrier{}
	_ propagation.ValuesGetter   = Carrier{}
)

// NewCarrier returns a carrier that reads and changes props, usually &publish.Properties.User.
func NewCarrier(props *paho.UserProperties) Carrier {
	return Carrier{props: props}
}

// Get returns the value of key. Of a traceparent that is there more than once none can be trusted, so it returns "". A
// tracestate or baggage that is there more than once is one list in several parts: they are joined with commas in order.
// Of any other name it returns the first.
func (c Carrier) Get(key string) string {
	return get(c.list(), key, sameName)
}

// Values returns all values of key in order, or nil.
func (c Carrier) Values(key string) []string {
	return values(c.list(), key, sameName)
}

// Set gives key the value: it replaces the first property of that name where it stands and removes any other, or appends
// one. Other properties keep their order. It changes the list in place.
func (c Carrier) Set(key, value string) {
	set(c.props, key, value, sameName)
}

// Delete removes every property named key, in place.
func (c Carrier) Delete(key string) {
	remove(c.props, key, sameName)
}

// Keys returns each name once, in order of first appearance.
func (c Carrier) Keys() []string {
	return keys(c.list())
}

func (c Carrier) list() paho.UserProperties {
	if c.props == nil {
		return nil
	}
	return *c.props
}

// LenientCarrier is a [Carrier] that takes letters of either case for the same, for senders that write Traceparent or
// TRACEPARENT as HTTP allows. It still writes what it is given, so that messages leave with lower-case names.
type LenientCarrier struct {
	props *paho.UserProperties
}

var (
	_ propagation.TextMapCarrier = LenientCarrier{}
	_ propagation.ValuesGetter   = LenientCarrier{}
)

// NewLenientCarrier returns a lenient carrier that reads and changes props.
func NewLenientCarrier(props *paho.UserProperties) LenientCarrier {
	return LenientCarrier{props: props}
}

// Get is [Carrier.Get] for names in any case.
func (c LenientCarrier) Get(key string) string {
	return get(Carrier(c).list(), key, strings.EqualFold)
}

// Values is [Carrier.Values] for names in any case.
func (c LenientCarrier) Values(key string) []string {
	return values(Carrier(c).list(), key, strings.EqualFold)
}

// Set is [Carrier.Set] for names in any case. The property is named key afterwards.
func (c LenientCarrier) Set(key, value string) {
	set(c.props, key, value, strings.EqualFold)
}

// Delete is [Carrier.Delete] for names in any case.
func (c LenientCarrier) Delete(key string) {
	remove(c.props, key, strings.EqualFold)
}

// Keys is [Carrier.Keys]: names that differ in case only are all returned.
func (c LenientCarrier) Keys() []string {
	return Carrier(c).Keys()
}

func sameName(a, b string) bool { return a == b }

func get(props paho.UserProperties, key string, same func(a, b string) bool) string {
	first, n := "", 0
	for i := range props {
		if !same(props[i].Key, key) {
			continue
		}
		if n == 0 {
			first = props[i].Value
		}
		n++
	}
	if n < 2 {
		return first
	}
	switch key {
	case traceparentKey:
		return ""
	case tracestateKey, baggageKey:
		return strings.Join(values(props, key, same), ",")
	}
	return first
}

func values(props paho.UserProperties, key string, same func(a, b string) bool) []string {
	var vs []string
	for i := range props {
		if same(props[i].Key, key) {
			vs = append(vs, props[i].Value)
		}
	}
	return vs
}

func set(props *paho.UserProperties, key, value string, same func(a, b string) bool) {
	if props == nil {
		return
	}
	for i := range *props {
		if same((*props)[i].Key, key) {
			rest := (*props)[i+1:]
			remove(&rest, key, same)
			(*props)[i] = paho.UserProperty{Key: key, Value: value}
			*props = (*props)[:i+1+len(rest)]
			return
		}
	}
	props.Add(key, value)
}

func remove(props *paho.UserProperties, key string, same func(a, b string) bool) {
	if props == nil {
		return
	}
	kept := (*props)[:0]
	for _, p := range *props {
		if !same(p.Key, key) {
			kept = append(kept, p)
		}
	}
	*props = kept
}

func keys(props paho.UserProperties) []string {
	seen := make(map[string]struct{}, len(props))
	names := make([]string, 0, len(props))
	for i := range props {
		if _, ok := seen[props[i].Key]; !ok {
			seen[props[i].Key] = struct{}{}
			names = append(names, props[i].Key)
		}
	}
	return names
}

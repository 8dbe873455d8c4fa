// Package propagation carries W3C trace context and baggage over MQTT 5 user properties.
//
// A sender makes a span, or has a span context from elsewhere, and calls [Inject] on the user properties of the PUBLISH; a
// receiver calls [Extract]. That is the direct path: no context.Context and no interface in between. Where OpenTelemetry's
// interfaces are wanted, [New], [TraceContext] and [Baggage] are propagators like otel's own, and [Carrier] is the user
// properties as their carrier. [Producer] and [Consumer] start the spans on both ends, and payload.go carries context in
// JSON for MQTT 3.1.1. The package imports the OpenTelemetry API and paho.golang, no SDK, and starts no goroutine.
//
// # Rules
//
// The W3C has given up its binding of Trace Context to MQTT, which said little more than the two names. So these rules are
// written down here, and other files refer to them by number:
//
//  1. Names are written in lower case: traceparent, tracestate, baggage. Each is written at most once, tracestate and
//     baggage only if they are not empty.
//  2. Names are compared case and all, as MQTT does. [LenientCarrier] is for senders that do otherwise.
//  3. A message with more than one traceparent has none, even if they are equal. Several tracestate or baggage properties
//     are parts of one list, in order.
//  4. A traceparent of version 00 has exactly 55 characters. One of a higher version has 55 or goes on with a dash, and is
//     read as far as version 00 goes; ff is no version. Digits are lower-case hex, ids are not zero. Spaces and tabs around
//     the value are ignored. What is written is version 00.
//  5. Of the flags, sampled and random are kept and the others zeroed; an unknown flag makes nothing invalid.
//  6. Without a valid traceparent there is no context, whatever the tracestate says. Without a valid tracestate the context
//     has an empty one.
//  7. A tracestate has at most 32 members after blank ones are left out and, of members with the same key, all but the
//     left-most. It is carried whole or, if it breaks the format, not at all; it is never cut, since the longest there can be
//     fits one user property. Over 65,535 bytes it is not looked at.
//  8. A baggage of more than 8192 bytes over all its properties is dropped, and so is every member after the 64th.
//  9. What a message already carries is not replaced: not a context that [Extract] accepts, nor a baggage. So whoever
//     forwards a message (a bridge, a replay) passes its creation context on. A will is injected into when it is
//     registered, a retained message when it is published; who receives a retained replay links to its context but is not
//     its child, as the trace may be days old ([Consumer.Start]).
//  10. Payloads are touched only by the functions named for it, only if they are one JSON object, and what is removed
//     again gives the original back in meaning, not to the byte.
//
// # Differences from OpenTelemetry's propagator
//
// Over the same carrier go.opentelemetry.io/otel/propagation.TraceContext v1.47.0 reads as this package does, except that it
// accepts 00-…-01- with a dash at the end and refuses spaces around the value (rule 4), refuses version 00 with flags it does
// not know (rule 5), drops a tracestate with blank or repeated members (rule 7), and replaces what is there (rule 9). Its
// Baggage keeps any 64 members of more in several properties, where this package keeps the first (rule 8).
//
// # Known deviations
//
// A tracestate is held by [trace.TraceState], whose keys follow the grammar of Trace Context Level 1. Level 2 allows more,
// and a tracestate that uses it is dropped whole, the traceparent kept. Of the W3C's conformance suite that fails six:
//
//	V60  foo@=1,bar=2            an at sign at the end of a key
//	V62  foo@@bar=1,bar=2        two of them
//	V63  foo@bar@baz=1,bar=2     two of them apart
//	V63b 1foo=1                  a key that begins with a digit
//	V69  t{242}@v=1              more than 241 characters before the at sign
//	V70  t@v{15}=1               more than 14 characters behind it
//
// # Cost
//
// The root of the module has benchmarks of all of this beside otel's own over the same carrier; make bench runs them. An
// append or a parse allocates nothing and takes less than a tenth of otel's Inject or Extract; Extract allocates only what
// [trace.ParseTraceState] does; the propagators are nowhere slower than otel's and allocate nowhere more. For the speed, one
// file (layout.go) reaches into span contexts by their memory layout, which it checks first and can do without.
package propagation

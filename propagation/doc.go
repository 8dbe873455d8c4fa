// Package propagation carries W3C trace context and baggage over MQTT 5 user properties.
//
// A sender makes a span (or has a span context from elsewhere) and calls [Inject] on the user properties of the PUBLISH; a
// receiver calls [Extract]. Where OpenTelemetry's interfaces are wanted, [New], [TraceContext] and [Baggage] are propagators
// and [Carrier] is the user properties as their carrier. [Producer] and [Consumer] start the spans on both ends.
package propagation

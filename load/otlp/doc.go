// Package otlp receives OpenTelemetry's protocol: traces, metrics and logs over gRPC and over HTTP, as protobuf and as JSON,
// compressed or not. In comes what any SDK or collector exports; out go the protocol's own messages (go.opentelemetry.io/proto/otlp)
// to handler functions, and counts of what came. A receiver can be told to answer slowly, not at all, or with a refusal, to
// see what that does to whoever exports.
//
// Package observe reads latencies and the health of traces from what is received here; the harness runs a receiver as its own
// trace sink.
package otlp

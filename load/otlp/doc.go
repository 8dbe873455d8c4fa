// Package otlp receives OpenTelemetry's protocol: traces, metrics and logs over gRPC and over HTTP, as protobuf and as JSON,
// compressed or not. In comes what any SDK or collector exports; out go the protocol's own messages (go.opentelemetry.io/proto/otlp)
// to handler functions, and counts of what came. A receiver can be told to answer slowly, not at all, or with a refusal, to
// see what that does to whoever exports.
//
// [Listen] receives in this process, for package observe, which reads latencies and the health of traces from it, and for
// tests. [StartSink] receives in a child process of this binary, which is how the harness tells what exporting costs the
// generator from what receiving costs the sink. Every binary that calls it must call [RunIfChild] before anything else, the
// test binaries of other packages included:
//
//	func TestMain(m *testing.M) {
//		otlp.RunIfChild()
//		goleak.VerifyTestMain(m)
//	}
package otlp

package telemetry

// Scope is the instrumentation scope of everything the services emit themselves.
const Scope = "mqttrace/cmd"

// The metrics of the messaging conventions (semconv 1.43).
const (
	// OperationDuration is the time from before a publish to its acknowledgement.
	OperationDuration = "messaging.client.operation.duration"
	// SentMessages counts messages that were given to the connection, whatever became of them.
	SentMessages = "messaging.client.sent.messages"
	// ConsumedMessages counts messages that arrived, those that were then rejected too.
	ConsumedMessages = "messaging.client.consumed.messages"
	// ProcessDuration is how long the receiver took over a message.
	ProcessDuration = "messaging.process.duration"
)

// The services' own metrics.
const (
	// E2ELatency is the time from just before a message was handed to the sender's socket to the instant at which it was read
	// off the receiver's, by the wall clocks of the two hosts.
	E2ELatency = "mqtt.e2e.latency"
	// E2ENegative counts the messages that arrived before they were sent, by those clocks. They are in no other metric.
	E2ENegative = "mqtt.e2e.latency.negative"
	// ClockDrift is by how much the hybrid logical clock of the last message was ahead of the receiver's clock.
	ClockDrift = "mqtt.clock.drift"
	// ConnectionsLost counts connections that ended and were not meant to, Reconnects those that were made again.
	ConnectionsLost = "mqtt.client.connections.lost"
	Reconnects      = "mqtt.client.reconnects"
	// InFlight is how many messages wait for their acknowledgement, Queued how many wait to be sent or to be handled.
	InFlight = "mqtt.client.in_flight"
	Queued   = "mqtt.client.queued"
	// Discarded counts readings that were never sent because too many were waiting already.
	Discarded = "mqtt.sender.discarded"
	// Rejected counts messages that the receiver could not make sense of.
	Rejected = "mqtt.receiver.rejected"
)

// The metrics of OpenTelemetry's SDKs about themselves (semconv 1.43): what went into the queues and what was exported, with
// error.type for what was not.
const (
	SpansProcessed = "otel.sdk.processor.span.processed"
	SpansExported  = "otel.sdk.exporter.span.exported"
	LogsProcessed  = "otel.sdk.processor.log.processed"
	LogsExported   = "otel.sdk.exporter.log.exported"
)

// Values of error.type in these.
const (
	queueFull    = "queue_full"
	exportFailed = "export_failed"
)

// buckets suit a broker on the same network, in seconds. The conventions' own begin at 5 ms, where such a broker has long
// answered.
var buckets = []float64{
	50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 250e-3, 500e-3, 1, 2.5, 5, 10, 30,
}

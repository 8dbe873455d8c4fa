// Package telemetry is where the services' traces, metrics and logs are made and sent: the only place that builds providers of
// OpenTelemetry's SDK. In comes what package settings read; out come a tracer, the instruments, a logger and a propagator for
// the rest of the service to use, which works the same whether anything is exported or not.
//
// Nothing here makes the service wait for a collector. Spans and log records go through queues of a fixed length; what does not
// fit is dropped, what cannot be exported is given up, and both are counted in metrics (names.go) and said once per
// burst in the log on standard output.
package telemetry

// Package settings reads what the traced services are told by their environment. In comes a lookup function, out comes one
// value with everything checked, or every mistake at once: variable, value, what was expected. Nothing has been started by then;
// the files that variables name have been read once, to find out whether they can be.
//
// The names stand in names.go. Those that begin with AIO_ mean what Azure IoT Operations' connection settings say, those that
// begin with OTEL_ what OpenTelemetry's specification says.
package settings

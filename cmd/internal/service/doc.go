// Package service is the life of a traced service, the same for sender and receiver: settings, telemetry, health endpoints, the
// connection to the broker, and the way out. In comes a Program, which says what is done with the connection; out comes an
// exit code.
//
// The first signal stops the work and gives what is under way a grace to end: messages are acknowledged or handled, the
// connection is closed, telemetry is flushed, and the exit code is 0. The second signal ends the process at once.
package service

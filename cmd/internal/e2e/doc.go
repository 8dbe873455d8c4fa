// Package e2e has no code of its own: its tests run the sender and the receiver as the processes that they are, against real
// brokers, with an OTLP receiver for a collector, and beside the official SDK's own sender and receiver.
package e2e

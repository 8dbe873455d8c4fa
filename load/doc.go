// Package load runs a scenario: it drives the senders and receivers over a broker, open loop, and returns a result.
//
// In comes a *scenarios.Scenario, out goes a *result.Result that package reports renders. A run goes through the files in this
// order:
//
//	target    the broker: started as a child process, or somebody else's
//	fleet     the clients: receivers subscribe first, then senders connect
//	probe     readiness: every subscription sees a message before any is counted
//	schedule  when each message is due: a pure function of rate, arrival and seed
//	pacer     wakes each sender when its next message is due
//	sender    sends what is due, late if it must, and never skips
//	receiver  stamps, counts and handles what arrives
//	tracing   what the run's arm does to each message on either side
//	monitor   the seconds of the run: progress, series, and the broker's health
//	judge     the ledger, the thresholds, the doubts, the verdict
//
// The recorders that senders and receivers write to are in package record, the MQTT client is in package mqtt.
package load

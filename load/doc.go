// Package load runs a scenario: it drives the senders and receivers over a broker, open loop, and returns a result.
//
// In comes a *scenarios.Scenario, out goes a *result.Result that package reports renders. A run goes through the files in this
// order:
//
//	run        the steps of a run, and what all of its parts share
//	target     the broker: started as a child process, or somebody else's
//	arm        a tracing setting: its SDK (sampler, export, sink) and what is counted while it is in force
//	fleet      the clients: receivers subscribe first, then senders connect (health: which of them are connected)
//	admit      connects them, each group at its own pace (attend: those that come late or leave early; churn: those that come and go)
//	storm      many connections that end at once and are made again
//	probe      readiness: every subscription sees a message before any is counted
//	schedule   when each message is due: a pure function of rate, arrival and seed (course: the ways in which it goes; curve: a
//	           rate that changes)
//	timeline   which arm is in force when, and what counts
//	pacer      sends for each sender what is due, or wakes it (alarm: how the system does that)
//	sender     sends what is due, late if it must, and never skips
//	receiver   identifies, counts and handles what arrives
//	messages   writes down each message that arrived, where that is wanted
//	tracing    what an arm does to each message on either side
//	monitor    the seconds of the run: progress, series, and the broker's health
//	slices     what each arm's turn cost
//	faults     what the scenario does to the run on purpose
//	sides      a comparison's second measurement, with the receivers in a child process
//	ledger     who was owed what, and who got it (presence: where receivers were not there all the time)
//	overhead   the differences between arms
//	doubt      reasons not to take a figure at its face value
//	judge      the figures, the thresholds, the verdict
//	steps      the runs of a sweep; search: those of a search for the highest value that holds
//
// The recorders that senders and receivers write to are in package record, the MQTT client is in package mqtt.
//
// A binary that runs scenarios starts itself again as the embedded broker, as the embedded sink and as the receiving side: its main
// calls broker.RunIfChild, otlp.RunIfChild and [RunIfChild] before anything else.
package load

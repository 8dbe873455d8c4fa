// Package shard lets the processes that share a run meet, begin together, hear of each other's ends, compare their clocks and bring
// their results to one of them, over the very broker that is under load. There is no other server: shard 0 leads.
//
// In goes a [Spec], which share of which run this process has; out comes a [Member]: barriers, the instant of the start, the clock
// that maps instants to shard 0's, why the run was given up if it was, and in shard 0 the others' results. Package load is its user;
// package offset, below, estimates the clocks.
//
//	Spec      which share of which run
//	Member    what a shard says of itself, and what it hears
//	lead      what shard 0 does for all
//	link      a connection for control messages
//	asker     asks shard 0 for its clock, which answerer answers
//	Failure   why a run was given up
package shard

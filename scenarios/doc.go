// Package scenarios is what a run does: it reads a scenario file, fills in defaults, checks everything in one pass and says
// what would run. In comes YAML, with values set from the command line laid over it; out goes a *Scenario, or Problems that
// name the file, line and column of every mistake. Nothing is started and nothing is written here. The next in the flow is
// package load, which turns a Scenario into a result.
//
// The scenario files beside this package each run as they are.
package scenarios

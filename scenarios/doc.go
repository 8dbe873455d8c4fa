// Package scenarios is what a run does: it reads a scenario file, fills in defaults, checks everything in one pass and says
// what would run. In comes YAML, with values set from the command line laid over it; out goes a *Scenario, or Problems that
// name the file, line and column of every mistake. Nothing is started and nothing is written here. The next in the flow is
// package load, which turns a Scenario into a result.
//
// The YAML parser's tree becomes a tree of nodes that know their positions. Sets change that tree, tables of fields read it,
// and a node that was reported is left out of later checks, so that one mistake gives one message. What lies between groups,
// such as a filter that no topic matches or a percentile of too few messages, is asked of the Plan.
//
// Arms that are compared are complete when they leave this package: what the file says for all of them has gone into each, a
// sweep has become an arm for every value, and what an arm has no use for is zero.
//
// A file holds its values as they are: anchors, aliases, merge keys and tags are refused, so that each value has one place
// and no file grows when it is read. Numbers without a unit are refused where there is a unit to forget.
//
// The scenario files beside this package each run as they are. scenario.schema.json and the golden files are written anew by
// go test ./scenarios -update.
package scenarios

// Package workflows holds what continuous integration runs to what it promises: the workflows in .github, the make targets and
// scripts that they call, and the action in resources/github-action. It has tests alone.
//
// Workflows can be run nowhere but where they are hosted, so as little as possible is in them: a step that does something is a
// make target, which runs on any machine, and the few that are not are listed here. The rest is read by actionlint, which knows
// the keys, the contexts and the types of expressions.
package workflows

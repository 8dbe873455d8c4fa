// Package doctor looks at a machine, and at a broker, for what would spoil a big run: limits that it would run into, clocks and timers
// that are too coarse, other work on the machine. In comes nothing, or what package load found out about a broker and what a
// scenario plans; out goes a list of findings, each with what to do about it.
package doctor

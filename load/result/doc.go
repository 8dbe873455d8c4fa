// Package result is the versioned file that a run writes and every report reads: its types, and how they are written and read
// back. In comes what package load measured; out goes one JSON file that package reports turns into pages. It imports nothing
// of this module.
package result

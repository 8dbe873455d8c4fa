//go:build race

package e2e

// raceFlag has the services built with the race detector when the tests are.
const raceFlag = "-race"

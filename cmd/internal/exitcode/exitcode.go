// Package exitcode is what the commands' exit codes mean, and the errors that carry them from a verb to main.
package exitcode

import (
	"errors"
	"slices"

	"mqttrace/load/result"
)

// The codes are part of the command line's interface: scripts and CI jobs tell a slow broker from a broken test by them.
const (
	Pass        = 0   // every run passed; or the verb did what it was asked
	CannotRun   = 1   // a run could not start, or its result could not be written where it was asked to be
	Usage       = 2   // an unknown verb or flag, or a scenario with mistakes; nothing was started
	Missed      = 3   // a threshold was missed, a delivery promise broken, or a comparison found a regression
	Invalid     = 4   // the generator did not keep up or the measurement broke: run again before believing a figure
	Interrupted = 130 // somebody ended it, as shells report SIGINT: 128 + 2
)

// fromBest orders the codes for Worst. Not having run is worse than any verdict, because it says nothing at all.
var fromBest = []int{Pass, Missed, Invalid, CannotRun, Usage, Interrupted}

// Worst is the code of several runs in one.
func Worst(a, b int) int {
	if slices.Index(fromBest, a) < slices.Index(fromBest, b) {
		return b
	}
	return a
}

// OfVerdict is the code of a run that came to v.
func OfVerdict(v result.Verdict) int {
	switch v {
	case result.Pass:
		return Pass
	case result.Fail:
		return Missed
	case result.Interrupted:
		return Interrupted
	default:
		return Invalid
	}
}

// Error is an error with the code to exit with. Err is nil when everything has been said already.
type Error struct {
	Code int
	Err  error
}

// With gives err a code; it is nil if err is.
func With(code int, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Code: code, Err: err}
}

// Silent is an error that ends a verb with a code and prints nothing; it is nil for Pass.
func Silent(code int) error {
	if code == Pass {
		return nil
	}
	return &Error{Code: code}
}

// Error is the text to print; empty when everything has been said already.
func (e *Error) Error() string {
	if e.Err == nil {
		return ""
	}
	return e.Err.Error()
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// Of is the code to exit with after err. An error that carries none is the flag parser's own, so it is Usage.
func Of(err error) int {
	var coded *Error
	switch {
	case err == nil:
		return Pass
	case errors.As(err, &coded):
		return coded.Code
	default:
		return Usage
	}
}

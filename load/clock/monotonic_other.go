//go:build !linux

package clock

import "time"

// Monotonic returns what to add to an Instant to have a clock that all processes read alike for which boot is the same. It is not
// known, and ok false, on other systems than Linux.
func Monotonic() (boot string, offset time.Duration, ok bool) { return "", 0, false }

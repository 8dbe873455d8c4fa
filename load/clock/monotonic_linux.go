package clock

import (
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Monotonic returns what to add to an Instant to have CLOCK_MONOTONIC, which all processes read alike for which boot is the same: those
// that run under one boot of one kernel, in one time namespace. It is not known, and ok false, on other systems than Linux and where
// /proc does not tell, and to a process whose readings have an error on purpose.
func Monotonic() (boot string, offset time.Duration, ok bool) {
	if planted != 0 {
		return "", 0, false
	}
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", 0, false
	}
	boot = strings.TrimSpace(string(id))
	if space, err := os.Readlink("/proc/self/ns/time"); err == nil { // kernels without time namespaces have no such file
		boot += " " + space
	}
	offset, err = difference(func() (time.Duration, error) {
		var t unix.Timespec
		err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
		return time.Duration(t.Nano()), err
	})
	return boot, offset, err == nil && boot != ""
}

// attempts is how many times two clocks are read one after the other to find their difference: the quickest is kept.
const attempts = 16

// difference returns what to add to an Instant to have what read returns at that instant. Readings of this clock before and after
// enclose that of the other: it is off by no more than half the time between them, which is some 50 ns.
func difference(read func() (time.Duration, error)) (time.Duration, error) {
	var best, quickest time.Duration
	for i := range attempts {
		before := Now()
		other, err := read()
		after := Now()
		if err != nil {
			return 0, err
		}
		if took := after.Sub(before); i == 0 || took < quickest {
			quickest, best = took, other-time.Duration(before)-took/2
		}
	}
	return best, nil
}

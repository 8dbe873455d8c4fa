//go:build unix

package record

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

func processUsage() (cpu time.Duration, peakRSS int64) {
	var r unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &r) != nil {
		return 0, 0
	}
	kilobyte := int64(1024)
	if runtime.GOOS == "darwin" {
		kilobyte = 1 // ru_maxrss is in bytes there
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()), int64(r.Maxrss) * kilobyte
}

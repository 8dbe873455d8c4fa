package record

import (
	"time"

	"golang.org/x/sys/windows"
)

// processUsage does not know the peak memory here.
func processUsage() (cpu time.Duration, peakRSS int64) {
	var created, exited, kernel, user windows.Filetime
	if windows.GetProcessTimes(windows.CurrentProcess(), &created, &exited, &kernel, &user) != nil {
		return 0, 0
	}
	return filetime(kernel) + filetime(user), 0
}

// filetime reads a span of time, which Windows counts in units of 100 ns.
func filetime(f windows.Filetime) time.Duration {
	return time.Duration(int64(f.HighDateTime)<<32|int64(f.LowDateTime)) * 100
}

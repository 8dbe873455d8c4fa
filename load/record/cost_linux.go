package record

import (
	"fmt"
	"os"
)

// residentMemory is what /proc/self/statm says, in bytes; 0 if it cannot be read.
func residentMemory() int64 {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(statm), &size, &resident); err != nil {
		return 0
	}
	return resident * int64(os.Getpagesize())
}

package load

import (
	"runtime"
	"runtime/debug"
	"sync"
)

// connectingPercent is the garbage collector's percentage (GOGC) while clients connect. What each of thousands leaves behind lies between
// what it keeps, and memory comes back in whole pages only.
const connectingPercent = 50

// sparing counts the runs of the process that connect.
var sparing struct {
	mu     sync.Mutex // guards what follows
	runs   int
	before int // the percentage while none does
}

// spareMemory has the garbage collector run often until restore is called, unless it does so anyway or has been turned off.
func spareMemory() (restore func()) {
	sparing.mu.Lock()
	defer sparing.mu.Unlock()
	if sparing.runs++; sparing.runs == 1 {
		if sparing.before = debug.SetGCPercent(connectingPercent); sparing.before < connectingPercent {
			debug.SetGCPercent(sparing.before)
		}
	}
	return func() {
		sparing.mu.Lock()
		defer sparing.mu.Unlock()
		if sparing.runs--; sparing.runs == 0 {
			debug.SetGCPercent(sparing.before)
		}
	}
}

// forgetConnecting gives back the memory that connecting has left behind, which is not the load's. Pools part with theirs in the second
// collection.
func forgetConnecting() {
	runtime.GC()
	debug.FreeOSMemory()
}

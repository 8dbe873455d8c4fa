package record

import (
	"runtime"
	"runtime/metrics"
	"time"
)

// Usage is what this process has used since it started.
type Usage struct {
	CPU                time.Duration // user and system; 0 where the system does not tell
	RSS, PeakRSS       int64         // bytes; 0 where the system does not tell
	Allocs, AllocBytes uint64        // on the heap
	GCPause            time.Duration // the sum of all pauses
	GCCycles           uint64
	// BusyCPU is what was spent in Go code, and GCCPU what of it went into collecting, both as of the latest cycle. They are the runtime's
	// estimates, which count waiting for a processor too: what they say is their ratio.
	BusyCPU, GCCPU time.Duration
}

// ReadUsage reads the counters of this process. It stops the program for some microseconds.
func ReadUsage() Usage {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u := Usage{Allocs: m.Mallocs, AllocBytes: m.TotalAlloc, GCPause: time.Duration(m.PauseTotalNs), GCCycles: uint64(m.NumGC)}
	u.CPU, u.PeakRSS = processUsage()
	u.RSS = residentMemory()
	classes := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}, {Name: "/cpu/classes/total:cpu-seconds"}, {Name: "/cpu/classes/idle:cpu-seconds"}}
	metrics.Read(classes)
	seconds := func(i int) time.Duration { return time.Duration(classes[i].Value.Float64() * float64(time.Second)) }
	u.GCCPU, u.BusyCPU = seconds(0), seconds(1)-seconds(2)
	return u
}

// CPUTime is the processor time that this process has used.
func CPUTime() time.Duration {
	cpu, _ := processUsage()
	return cpu
}

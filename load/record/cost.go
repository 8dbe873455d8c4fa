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
	GCCPU              time.Duration // spent collecting, as of the latest cycle; part of CPU
}

// ReadUsage reads the counters of this process. It stops the program for some microseconds.
func ReadUsage() Usage {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u := Usage{Allocs: m.Mallocs, AllocBytes: m.TotalAlloc, GCPause: time.Duration(m.PauseTotalNs), GCCycles: uint64(m.NumGC)}
	u.CPU, u.PeakRSS = processUsage()
	u.RSS = residentMemory()
	gc := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}}
	metrics.Read(gc)
	u.GCCPU = time.Duration(gc[0].Value.Float64() * float64(time.Second))
	return u
}

// CPUTime is the processor time that this process has used.
func CPUTime() time.Duration {
	cpu, _ := processUsage()
	return cpu
}

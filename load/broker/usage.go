package broker

import (
	"fmt"
	"sync"
	"time"

	gops "github.com/shirou/gopsutil/v4/process"
)

// Usage is what a broker process has used since it started.
type Usage struct {
	// CPU is user and system time. It moves in steps of the kernel's clock tick, 10 ms on Linux.
	CPU time.Duration
	// PeakRSS is the largest resident memory, in bytes: the kernel's high-water mark on Linux, elsewhere the largest seen by
	// a call of Usage.
	PeakRSS int64
	// Drops are what the embedded broker says it has lost; zero for others, which do not tell.
	Drops
}

// meter reads the CPU time and memory of a child. Safe for concurrent use.
type meter struct {
	process *process

	mu   sync.Mutex
	peak int64 // bytes; the largest seen
}

// read works after the child's end too: the CPU time is then exact, the peak the last one seen. (getrusage would give one,
// but on Linux that of the parent before the exec, if larger.)
func (m *meter) read() (Usage, error) {
	live, err := m.readLive()
	if err != nil {
		m.process.awaitEnd(outputGrace) // what is ending cannot be read, and is not an error
	}
	switch {
	case m.process.hasEnded():
		state := m.process.cmd.ProcessState
		return Usage{CPU: state.UserTime() + state.SystemTime(), PeakRSS: m.raisePeak(0)}, nil
	case err != nil:
		return Usage{}, fmt.Errorf("read CPU time and memory of %s: %w", m.process, err)
	}
	live.PeakRSS = m.raisePeak(live.PeakRSS)
	return live, nil
}

func (m *meter) readLive() (Usage, error) {
	child, err := gops.NewProcess(int32(m.process.pid()))
	if err != nil {
		return Usage{}, err
	}
	times, err := child.Times()
	if err != nil {
		return Usage{}, err
	}
	rss, err := peakRSS(child)
	if err != nil {
		return Usage{}, err
	}
	return Usage{CPU: seconds(times.User + times.System), PeakRSS: rss}, nil
}

func (m *meter) raisePeak(rss int64) (peak int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.peak = max(m.peak, rss)
	return m.peak
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

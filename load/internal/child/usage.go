package child

import (
	"fmt"
	"time"

	gops "github.com/shirou/gopsutil/v4/process"
)

// Usage is what a process has used since it started.
type Usage struct {
	// CPU is user and system time. It moves in steps of the kernel's clock tick, 10 ms on Linux.
	CPU time.Duration
	// RSS is the resident memory, in bytes; 0 when the process has ended.
	RSS int64
	// PeakRSS is the largest resident memory, in bytes: the kernel's high-water mark on Linux, elsewhere the largest seen by
	// a call of Usage.
	PeakRSS int64
}

// Usage returns what the process has used so far, or until its end: the CPU time is then exact, the peak the last one seen.
// (getrusage would give one, but on Linux that of the parent before the exec, if larger.)
func (p *Process) Usage() (Usage, error) {
	live, err := p.readLive()
	if err != nil {
		p.awaitEnd(outputGrace) // what is ending cannot be read, and is not an error
	}
	switch {
	case p.HasEnded():
		state := p.cmd.ProcessState
		return Usage{CPU: state.UserTime() + state.SystemTime(), PeakRSS: p.raisePeak(0)}, nil
	case err != nil:
		return Usage{}, fmt.Errorf("read CPU time and memory of %s: %w", p, err)
	}
	live.PeakRSS = p.raisePeak(live.PeakRSS)
	return live, nil
}

func (p *Process) readLive() (Usage, error) {
	process, err := gops.NewProcess(int32(p.PID()))
	if err != nil {
		return Usage{}, err
	}
	times, err := process.Times()
	if err != nil {
		return Usage{}, err
	}
	rss, peak, err := residentMemory(process)
	if err != nil {
		return Usage{}, err
	}
	return Usage{CPU: seconds(times.User + times.System), RSS: rss, PeakRSS: peak}, nil
}

func (p *Process) raisePeak(rss int64) (peak int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.peak = max(p.peak, rss)
	return p.peak
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

package doctor

import (
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/shirou/gopsutil/v4/load"
	"github.com/shirou/gopsutil/v4/mem"

	"mqttrace/load/clock"
)

// Facts are what a scenario's needs are compared with. Zero fields are unknown.
type Facts struct {
	Files  uint64 // open files that this process may have, once it has raised its own limit
	Ports  int    // ephemeral ports: connections from one address to one broker
	Memory uint64 // bytes available
	Cores  int
}

// Machine looks at the machine that this process runs on. It takes about half a second, in which it keeps one core partly busy.
func Machine() ([]Finding, Facts) {
	facts := Facts{Cores: runtime.GOMAXPROCS(0)}
	findings := []Finding{cores(), busy(facts.Cores)}
	findings = append(findings, governor()...)
	files, fileFinding := openFiles()
	facts.Files = files
	ports, portFinding := ephemeralPorts()
	facts.Ports = ports
	memory, memoryFinding := availableMemory()
	facts.Memory = memory
	findings = append(findings, fileFinding, portFinding, memoryFinding, clockSource(), clockReading(), timerSlack(), wakeUp())
	return findings, facts
}

func cores() Finding {
	f := Finding{Name: "cores", Value: fmt.Sprintf("%d of %d", runtime.GOMAXPROCS(0), runtime.NumCPU()), Status: OK}
	if runtime.GOMAXPROCS(0) == 1 {
		f.Status, f.Advice = Doubt, "senders, receivers and a broker on this machine take turns on one core"
	}
	return f
}

// busy tells of other work. On Windows there is no load average that means the same.
func busy(cores int) Finding {
	f := Finding{Name: "other work", Status: Unknown, Value: "not known here"}
	average, err := load.Avg()
	if err != nil || runtime.GOOS == "windows" {
		return f
	}
	f.Value, f.Status = fmt.Sprintf("%.2g runnable, on average over a minute", average.Load1), OK
	if average.Load1 > float64(cores)/2 {
		f.Status, f.Advice = Doubt, "wait until the machine is idle, or expect long tails"
	}
	return f
}

// smallMemory is less than a run of any size should be started with.
const smallMemory = 256 << 20

func availableMemory() (uint64, Finding) {
	f := Finding{Name: "memory", Status: Unknown, Value: "not known here"}
	memory, err := mem.VirtualMemory()
	if err != nil {
		return 0, f
	}
	f.Value, f.Status = fmt.Sprintf("%s available", size(memory.Available)), OK
	if memory.Available < smallMemory {
		f.Status, f.Advice = Doubt, "end something else first"
	}
	return memory.Available, f
}

func size(bytes uint64) string {
	switch {
	case bytes >= 1e9:
		return fmt.Sprintf("%.3g GB", float64(bytes)/1e9)
	case bytes >= 1e6:
		return fmt.Sprintf("%.3g MB", float64(bytes)/1e6)
	}
	return fmt.Sprintf("%.3g kB", float64(bytes)/1e3)
}

// clockReading measures what the clock of all instants tells apart, and what a reading takes.
func clockReading() Finding {
	const readings = 200_000
	step := time.Duration(1<<63 - 1)
	began := clock.Now()
	last := began
	for range readings {
		now := clock.Now()
		if d := now.Sub(last); d > 0 {
			step = min(step, d)
		}
		last = now
	}
	each := last.Sub(began) / readings
	f := Finding{Name: "clock", Value: fmt.Sprintf("tells %v apart, a reading takes %v", step, each), Status: OK}
	switch {
	case step > 10*time.Microsecond:
		f.Status, f.Advice = Doubt, "latencies are no finer than that"
	case each > 200*time.Nanosecond:
		f.Status, f.Advice = Doubt, "reading the clock is a system call here; use another clock source (tsc on x86)"
	}
	return f
}

// wakeUp measures how late a sleeping goroutine wakes.
func wakeUp() Finding {
	const naps = 200
	late := make([]time.Duration, naps)
	for i := range late {
		due := clock.Now().Add(time.Millisecond)
		time.Sleep(time.Millisecond)
		late[i] = clock.Now().Sub(due)
	}
	slices.Sort(late)
	median, p99 := late[naps/2], late[naps*99/100]
	f := Finding{Name: "waking up", Status: OK, Value: fmt.Sprintf("%v late, 1 in 100 by more than %v", median.Round(time.Microsecond), p99.Round(time.Microsecond))}
	if p99 > 5*time.Millisecond {
		f.Status, f.Advice = Doubt, "the machine is busy, or its timers are coarse: messages will leave late"
	}
	return f
}

package doctor

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// read is a file of the kernel's without the blanks around it; empty if it cannot be read.
func read(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

func governor() []Finding {
	name := read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
	switch name {
	case "":
		return []Finding{{Name: "CPU governor", Value: "not readable, as in most virtual machines", Status: Unknown}}
	case "performance":
		return []Finding{{Name: "CPU governor", Value: name, Status: OK}}
	}
	return []Finding{{Name: "CPU governor", Value: name, Status: Doubt, Advice: "the clock rate changes with the load; for steady figures: cpupower frequency-set -g performance"}}
}

func clockSource() Finding {
	source := read("/sys/devices/system/clocksource/clocksource0/current_clocksource")
	switch source {
	case "":
		return Finding{Name: "clock source", Value: "not readable", Status: Unknown}
	case "tsc", "kvm-clock", "arch_sys_counter", "hyperv_clocksource_tsc_page":
		return Finding{Name: "clock source", Value: source, Status: OK}
	}
	return Finding{Name: "clock source", Value: source, Status: Doubt, Advice: "slow to read; see /sys/devices/system/clocksource/clocksource0/available_clocksource for tsc"}
}

func timerSlack() Finding {
	slack, _, errno := unix.RawSyscall(unix.SYS_PRCTL, unix.PR_GET_TIMERSLACK, 0, 0)
	if errno != 0 {
		return Finding{Name: "timer slack", Value: "not readable", Status: Unknown}
	}
	f := Finding{Name: "timer slack", Value: time.Duration(slack).String(), Status: OK}
	if time.Duration(slack) > 100*time.Microsecond {
		f.Status, f.Advice = Doubt, "the kernel may let timers be that late; start mqttrace from a shell with the usual 50µs"
	}
	return f
}

// usualPorts is how many ephemeral ports Linux has unless it is told otherwise.
const usualPorts = 28232

func ephemeralPorts() (int, Finding) {
	var low, high int
	if _, err := fmt.Sscan(read("/proc/sys/net/ipv4/ip_local_port_range"), &low, &high); err != nil {
		return 0, Finding{Name: "ephemeral ports", Value: "not readable", Status: Unknown}
	}
	n := high - low + 1
	f := Finding{Name: "ephemeral ports", Value: fmt.Sprintf("%d: so many connections from one address to one broker", n), Status: OK}
	if n < usualPorts {
		f.Status, f.Advice = Doubt, "sysctl net.ipv4.ip_local_port_range=\"1024 65535\" gives 64,512"
	}
	return n, f
}

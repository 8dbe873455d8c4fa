package load

import (
	"os"
	"runtime"
	"strings"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/host"

	"mqttrace/load/result"
)

// cores is how many processors this process may use.
func (r *run) cores() int { return runtime.GOMAXPROCS(0) }

// environment describes the machine and the broker. What the system does not tell stays empty.
func (r *run) environment() result.Environment {
	e := result.Environment{
		Tool: r.opts.Version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, Cores: r.cores(),
		Clock:  "monotonic, one process",
		Broker: result.Broker{Name: r.target.name, Version: r.target.version, URL: r.target.url, Limits: result.Limits(r.limits)},
		Client: string(r.scenario.Client),
	}
	if kernel, err := host.KernelVersion(); err == nil {
		e.Kernel = kernel
	}
	if cpus, err := cpu.Info(); err == nil && len(cpus) > 0 {
		e.CPU = strings.TrimSpace(cpus[0].ModelName)
	}
	if name, err := os.Hostname(); err == nil {
		e.Host = name
	}
	return e
}

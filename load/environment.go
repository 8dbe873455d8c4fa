package load

import (
	"os"
	"runtime"
	"strings"
	"sync"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/host"

	"mqttrace/load/result"
)

// cores is how many processors this process may use.
func (r *run) cores() int { return runtime.GOMAXPROCS(0) }

// machine is what of an environment is the same for every run of a process. It is looked up once: a run that somebody watches asks each
// second. What the system does not tell stays empty.
var machine = sync.OnceValue(func() (e result.Environment) {
	e = result.Environment{Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
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
})

// environment describes the machine and the broker.
func (r *run) environment() result.Environment {
	e := machine()
	e.Tool, e.Cores, e.Clock, e.Client = r.opts.Version, r.cores(), "monotonic, one process", string(r.scenario.Client)
	e.Broker = result.Broker{Name: r.target.name, Version: r.target.version, URL: r.target.url, Limits: result.Limits(r.limits)}
	return e
}

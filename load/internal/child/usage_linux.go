package child

import (
	"fmt"
	"os"
	"strings"

	gops "github.com/shirou/gopsutil/v4/process"
)

// residentMemory returns VmRSS and VmHWM, in bytes. gopsutil reads the latter and does not give it out.
func residentMemory(p *gops.Process) (now, peak int64, err error) {
	path := fmt.Sprintf("/proc/%d/status", p.Pid)
	status, err := os.ReadFile(path)
	if err != nil {
		return 0, 0, err
	}
	for name, bytes := range map[string]*int64{"VmRSS": &now, "VmHWM": &peak} {
		_, after, found := strings.Cut(string(status), "\n"+name+":")
		if _, err := fmt.Sscan(after, bytes); !found || err != nil {
			return 0, 0, fmt.Errorf("%s has no %s: the process is ending", path, name)
		}
		*bytes <<= 10
	}
	return now, peak, nil
}

package child

import (
	"fmt"
	"os"
	"strings"

	gops "github.com/shirou/gopsutil/v4/process"
)

// peakRSS returns VmHWM, in bytes. gopsutil reads it and does not give it out.
func peakRSS(p *gops.Process) (int64, error) {
	path := fmt.Sprintf("/proc/%d/status", p.Pid)
	status, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	_, after, found := strings.Cut(string(status), "\nVmHWM:")
	var kib int64
	if _, err := fmt.Sscan(after, &kib); !found || err != nil {
		return 0, fmt.Errorf("%s has no VmHWM: the process is ending", path)
	}
	return kib << 10, nil
}

//go:build !linux

package child

import gops "github.com/shirou/gopsutil/v4/process"

// residentMemory returns the memory resident now, in bytes, as the peak too: gopsutil knows no peak on these systems.
func residentMemory(p *gops.Process) (now, peak int64, err error) {
	memory, err := p.MemoryInfo()
	if err != nil {
		return 0, 0, err
	}
	return int64(memory.RSS), int64(memory.RSS), nil
}

//go:build !linux

package child

import gops "github.com/shirou/gopsutil/v4/process"

// peakRSS returns the resident memory now, in bytes: gopsutil knows no peak on these systems.
func peakRSS(p *gops.Process) (int64, error) {
	memory, err := p.MemoryInfo()
	if err != nil {
		return 0, err
	}
	return int64(memory.RSS), nil
}

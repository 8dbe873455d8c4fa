//go:build unix

package doctor

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// fewFiles is a limit that a run of some thousand clients reaches.
const fewFiles = 4096

func openFiles() (uint64, Finding) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, Finding{Name: "open files", Value: "not readable", Status: Unknown}
	}
	f := Finding{Name: "open files", Value: fmt.Sprintf("%d, raised to %d by a run that needs it", uint64(limit.Cur), uint64(limit.Max)), Status: OK}
	if uint64(limit.Max) < fewFiles {
		f.Status, f.Advice = Doubt, "each client takes one; raise the hard limit: ulimit -Hn, or LimitNOFILE of the service"
	}
	return uint64(limit.Max), f
}

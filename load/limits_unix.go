//go:build unix

package load

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// allowFiles makes room for n open file descriptors, raising the soft limit if it must.
func allowFiles(n int) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("read the limit of open files: %w", err)
	}
	if uint64(limit.Cur) >= uint64(n) {
		return nil
	}
	if uint64(limit.Max) < uint64(n) {
		return fmt.Errorf("the run needs %d open files, the hard limit is %d: raise it (ulimit -Hn, or LimitNOFILE of the service) or use fewer clients", n, limit.Max)
	}
	limit.Cur = limit.Max
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return fmt.Errorf("the run needs %d open files: raise the limit from %d to %d: %w", n, limit.Cur, limit.Max, err)
	}
	return nil
}

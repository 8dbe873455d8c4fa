//go:build unix && !linux

package child

import (
	"os/exec"
	"syscall"
)

// isolate keeps the terminal's signals from cmd. Nothing here ties its life to ours, see the package's documentation.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

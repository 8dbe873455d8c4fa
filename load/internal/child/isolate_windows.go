package child

import (
	"os/exec"
	"syscall"
)

// isolate keeps the console's Ctrl-C from cmd. Nothing here ties its life to ours, see the package's documentation.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

package child

import (
	"os/exec"
	"syscall"
)

// isolate keeps the terminal's signals from cmd and has the kernel kill it when the thread that started it ends.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

//go:build unix

package child

import (
	"os"
	"syscall"
)

// pause stops a process where it stands.
func pause(p *os.Process) error { return p.Signal(syscall.SIGSTOP) }

// resume lets a stopped process go on.
func resume(p *os.Process) error { return p.Signal(syscall.SIGCONT) }

// terminate asks a process to end. One that is stopped can only hear it after resume.
func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }

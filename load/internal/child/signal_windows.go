package child

import (
	"errors"
	"os"
)

func pause(*os.Process) error  { return errors.ErrUnsupported }
func resume(*os.Process) error { return errors.ErrUnsupported }

// terminate kills: Windows has no way to ask a process without a window.
func terminate(p *os.Process) error { return p.Kill() }

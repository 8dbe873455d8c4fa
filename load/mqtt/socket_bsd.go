//go:build unix && !linux

package mqtt

import (
	"os"

	"golang.org/x/sys/unix"
)

// readSocket reads what is there; wait says that nothing is.
func readSocket(fd uintptr, b []byte) (n int, wait bool, err error) {
	for {
		n, err = unix.Read(int(fd), b)
		switch err {
		case nil:
			return n, false, nil
		case unix.EINTR:
		case unix.EAGAIN:
			return 0, true, nil
		default:
			return 0, false, os.NewSyscallError("read", err)
		}
	}
}

// writeSocket writes as much as the socket takes at once, which may be nothing.
func writeSocket(fd uintptr, b []byte) (n int, err error) {
	for {
		n, err = unix.Write(int(fd), b)
		switch err {
		case nil:
			return n, nil
		case unix.EINTR:
		case unix.EAGAIN:
			return 0, nil
		default:
			return 0, os.NewSyscallError("write", err)
		}
	}
}

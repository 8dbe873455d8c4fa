package mqtt

import (
	"os"
	"syscall"
	"unsafe"
)

// readSocket reads what is there; wait says that nothing is.
func readSocket(fd uintptr, b []byte) (n int, wait bool, err error) {
	n, errno := transfer(syscall.SYS_READ, fd, b)
	switch errno {
	case 0:
		return n, false, nil
	case syscall.EAGAIN:
		return 0, true, nil
	default:
		return 0, false, os.NewSyscallError("read", errno)
	}
}

// writeSocket writes as much as the socket takes at once, which may be nothing.
func writeSocket(fd uintptr, b []byte) (n int, err error) {
	n, errno := transfer(syscall.SYS_WRITE, fd, b)
	switch errno {
	case 0:
		return n, nil
	case syscall.EAGAIN:
		return 0, nil
	default:
		return 0, os.NewSyscallError("write", errno)
	}
}

// transfer reads or writes at least a byte of b, or says why not. The socket does not block, so Go's runtime need not hear of the call:
// the first that it hears of in a process that was idle wakes a thread to watch it, which costs more than the call does.
func transfer(call, fd uintptr, b []byte) (int, syscall.Errno) {
	for {
		n, _, errno := syscall.RawSyscall(call, fd, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
		if errno != syscall.EINTR {
			return int(n), errno
		}
	}
}

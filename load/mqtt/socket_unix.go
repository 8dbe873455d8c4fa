//go:build unix

package mqtt

import (
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// rawOf is the socket under a connection, nil if reading it would not give the connection's bytes: those of TLS are not.
func rawOf(conn net.Conn) syscall.RawConn {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}

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

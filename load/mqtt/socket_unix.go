//go:build unix

package mqtt

import (
	"net"
	"syscall"
)

// rawOf is the socket under a connection, nil if what is read from and written to it are not the connection's bytes: those of TLS are
// not.
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

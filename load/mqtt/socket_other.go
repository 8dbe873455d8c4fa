//go:build !unix

package mqtt

import (
	"net"
	"syscall"
)

func rawOf(net.Conn) syscall.RawConn { return nil }

func readSocket(uintptr, []byte) (n int, wait bool, err error) { return 0, false, syscall.EINVAL }

func writeSocket(uintptr, []byte) (n int, err error) { return 0, syscall.EINVAL }

package broker

import (
	"fmt"
	"net"
	"os"
	"syscall"
)

// HoldPort keeps the port of a broker that has ended from being handed out to anybody who asks for any port, such as a client
// that dials in the meantime, until release is called. The broker itself can take it: a bound socket that does not listen is in
// nobody's way who sets SO_REUSEADDR, as brokers do, and off the kernel's list of ports to choose from. Elsewhere than on Linux
// it does nothing.
func (b *Broker) HoldPort() (release func(), err error) {
	addr, err := net.ResolveTCPAddr("tcp4", b.addr)
	if err != nil {
		return nil, fmt.Errorf("hold the broker's port: %w", err)
	}
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("hold the broker's port: %w", os.NewSyscallError("socket", err))
	}
	release = func() { _ = syscall.Close(socket) } // nothing was written that could be lost
	at := &syscall.SockaddrInet4{Port: addr.Port, Addr: [4]byte(addr.IP.To4())}
	if err := syscall.SetsockoptInt(socket, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		release()
		return nil, fmt.Errorf("hold the broker's port: %w", os.NewSyscallError("setsockopt", err))
	}
	if err := syscall.Bind(socket, at); err != nil {
		release()
		return nil, fmt.Errorf("hold the broker's port %d: %w", addr.Port, os.NewSyscallError("bind", err))
	}
	return release, nil
}

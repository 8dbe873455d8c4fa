//go:build !linux

package broker

// HoldPort does nothing here: see port_linux.go.
func (b *Broker) HoldPort() (release func(), err error) { return func() {}, nil }

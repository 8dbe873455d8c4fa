package broker

import (
	"context"
	"fmt"
)

// Revive starts a broker that has ended anew: the same software on the same address with the same configuration, and with a
// Mosquitto's database if it has one. The new broker is the caller's, to Stop like any other. ctx bounds the start, which takes
// 20 s at most. Once another process has taken the port the error is syscall.EADDRINUSE; HoldPort keeps it free on Linux.
func (b *Broker) Revive(ctx context.Context) (*Broker, error) {
	revived, err := b.again(ctx)
	if err != nil {
		return nil, fmt.Errorf("start the broker again: %w", err)
	}
	return revived, nil
}

package network

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mqttrace/load/internal/child"
)

// startLimit is how long the proxies may take to listen.
const startLimit = 20 * time.Second

// Network is a process with proxies that lead to one broker. Whoever started it must Stop it. Its methods are safe for concurrent
// use.
type Network struct {
	self      *child.Self[report]
	addresses map[string]string

	mu sync.Mutex // one command at a time, so that each gets its own answer
}

// Start starts a proxy to upstream, host:port, for each name, and returns when they listen. ctx bounds the start. The binary must
// call [RunIfChild].
func Start(ctx context.Context, upstream string, names ...string) (*Network, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	self, err := child.StartSelf[report](childNetwork, "network", config{upstream, names})
	if err != nil {
		return nil, err
	}
	hello, err := self.Hello(ctx)
	if err != nil {
		return nil, fmt.Errorf("start the network: %w", err)
	}
	return &Network{self: self, addresses: hello.Addresses}, nil
}

// Addr is where the proxy of a name listens, host:port; empty if there is none. It stays the same.
func (n *Network) Addr(name string) string { return n.addresses[name] }

// Set gives the connections of a name a condition, in the place of the one that they had: those that there are and those to come.
func (n *Network) Set(name string, c Condition) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	answer, isAnswer := n.self.Ask(command{name, c})
	switch {
	case !isAnswer && n.self.Err() != nil:
		return n.self.Err()
	case !isAnswer:
		return fmt.Errorf("the proxy of %s did not answer in time", name)
	case answer.Trouble != "":
		return errors.New(answer.Trouble)
	}
	return nil
}

// PID returns the process id; after the end of the process it may be another's.
func (n *Network) PID() int { return n.self.PID() }

// Err says how the process ended, if Stop had not been called before.
func (n *Network) Err() error { return n.self.Err() }

// Stop ends the proxies and all connections through them, and waits for that.
func (n *Network) Stop(ctx context.Context) error { return n.self.Stop(ctx) }

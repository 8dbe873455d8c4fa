package otlp

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Behavior is how a receiver answers. The zero value answers as soon as a request has been handled.
type Behavior struct {
	// Delay is how long each request waits before it is handled.
	Delay time.Duration `json:"delay_ns,omitempty"`
	// Stall holds every request until the behavior changes, the exporter gives up, or the receiver closes.
	Stall bool `json:"stall,omitempty"`
	// Refuse, if not OK, is the status that requests are answered with and not handled. Exporters try again after
	// codes.Unavailable (HTTP 503) and give up after codes.InvalidArgument (400).
	Refuse codes.Code `json:"refuse,omitempty"`
}

// conduct is the behavior of a receiver, which may change at any time.
type conduct struct {
	mu       sync.Mutex
	behavior Behavior
	changed  chan struct{} // closed and replaced at every change
	closing  chan struct{}
}

func newConduct() *conduct {
	return &conduct{changed: make(chan struct{}), closing: make(chan struct{})}
}

func (c *conduct) set(b Behavior) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.behavior = b
	close(c.changed)
	c.changed = make(chan struct{})
}

func (c *conduct) get() (b Behavior, changed <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.behavior, c.changed
}

// close lets go of all that wait, for good.
func (c *conduct) close() { close(c.closing) }

// admit waits as long as the behavior has a request wait and returns nil when it may be handled. A request that waits when
// the behavior changes goes by the new one, from the instant at which it arrived.
func (c *conduct) admit(ctx context.Context) error {
	for arrived := time.Now(); ; {
		b, changed := c.get()
		wait := b.Delay - time.Since(arrived)
		switch {
		case !b.Stall && wait <= 0 && b.Refuse != codes.OK:
			return status.Error(b.Refuse, "refused, as this receiver was told to")
		case !b.Stall && wait <= 0:
			return nil
		}
		if err := c.hold(ctx, b.Stall, wait, changed); err != nil {
			return err
		}
	}
}

// hold waits for a time, or without end, or until the behavior changes.
func (c *conduct) hold(ctx context.Context, isEndless bool, wait time.Duration, changed <-chan struct{}) error {
	var over <-chan time.Time
	if !isEndless {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-over:
	case <-changed:
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	case <-c.closing:
		return status.Error(codes.Unavailable, "this receiver is closing")
	}
	return nil
}

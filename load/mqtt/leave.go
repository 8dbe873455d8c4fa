package mqtt

import (
	"context"
	"errors"
	"time"

	"mqttrace/load/clock"
)

// ErrLeft is why a connection ended that its own Client gave up, where Leaving names no other cause.
var ErrLeft = errors.New("the client left")

// Leaving is how a Client gives up its connection on purpose. It makes it again, with its subscriptions, as it would a lost one.
// The zero value says DISCONNECT and connects again at once.
type Leaving struct {
	// Abrupt closes the connection without a DISCONNECT: the broker publishes the will and takes the client for lost.
	Abrupt bool
	// Pause is the time without a connection before the first attempt; further ones follow as after any loss.
	Pause time.Duration
	// Cause is what Handlers.Down is told. Default: ErrLeft.
	Cause error
}

// Leave gives up the connection at once, whatever is under way on it, and reports whether there was one to give up. It returns
// when the connection has ended and does not wait for the next one; Publish does.
func (c *Client) Leave(how Leaving) bool {
	l := c.current()
	if l == nil {
		return false
	}
	if how.Cause == nil {
		how.Cause = ErrLeft
	}
	if !c.noteLeaving(l, &how) {
		return false
	}
	if how.Abrupt {
		l.close()
	} else {
		l.goodbye()
	}
	<-l.retired.done() // what is published from now on goes to the next connection
	return true
}

// noteLeaving keeps how a link is given up, unless it is gone or being given up already.
func (c *Client) noteLeaving(l *link, how *Leaving) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link != l || l.leaving != nil {
		return false
	}
	l.leaving = how
	return true
}

func (c *Client) leavingOf(l *link) *Leaving {
	c.mu.Lock()
	defer c.mu.Unlock()
	return l.leaving
}

// LeaveInOrder is Leave after every message under way has been acknowledged, or after ctx has ended. Publish waits from the call on.
func (c *Client) LeaveInOrder(ctx context.Context, how Leaving) bool {
	c.publishing.Lock()
	defer c.publishing.Unlock()
	since := clock.Now()
	defer func() { c.counters.held.Add(int64(clock.Now().Sub(since))) }() // which is how long a Publish may have waited
	if l := c.current(); l != nil {
		l.flush()
		c.session.settle(ctx, l.retired.done())
	}
	return c.Leave(how)
}

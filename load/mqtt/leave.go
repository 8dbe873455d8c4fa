package mqtt

import (
	"context"
	"errors"
	"time"
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
	select {
	case c.leaving <- how:
		<-l.retired // what is published from now on goes to the next connection
		return true
	case <-l.retired:
		return false
	case <-c.ctx.Done():
		return false
	}
}

// LeaveInOrder is Leave after every message under way has been acknowledged, or after ctx has ended. Publish waits from the call on.
func (c *Client) LeaveInOrder(ctx context.Context, how Leaving) bool {
	c.publishing.Lock()
	defer c.publishing.Unlock()
	if l := c.current(); l != nil {
		_ = l.wire.flushNow() // a failure ends the link
		c.outcomes.settle(ctx, l.retired)
	}
	return c.Leave(how)
}

// settle waits until no message is unacknowledged. The caller has seen to it that no other is sent.
func (o *outcomes) settle(ctx context.Context, retired <-chan struct{}) {
	for o.inFlight() > 0 {
		select {
		case <-o.freed:
		case <-retired:
			return
		case <-ctx.Done():
			return
		}
	}
}

// depart ends a link as Leave was told.
func (c *Client) depart(l *link, how Leaving) {
	if how.Abrupt {
		l.wire.close()
		<-l.lost
		c.setLost(how.Cause)
		return
	}
	c.sayGoodbye(l)
	c.setLost(how.Cause)
}

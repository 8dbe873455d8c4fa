package service

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrStopped is the cause of the end of the contexts that Work is given.
var ErrStopped = errors.New("the service is stopping")

// ending is the time that a service has for its end, from the signal on.
type ending struct {
	grace time.Duration
	// drain ends when half of the grace is over, grace with the rest of it.
	drainTime, graceTime context.Context
	overdue              chan struct{} // closed some time after that

	endDrain, endGrace context.CancelCauseFunc
	mu                 sync.Mutex // guards begun
	begun              time.Time
}

func newEnding(grace time.Duration) *ending {
	e := &ending{grace: grace, overdue: make(chan struct{})}
	e.drainTime, e.endDrain = context.WithCancelCause(context.Background())
	e.graceTime, e.endGrace = context.WithCancelCause(context.Background())
	return e
}

// begin starts the clock; it reports false if it runs already.
func (e *ending) begin() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.begun.IsZero() {
		return false
	}
	e.begun = time.Now()
	time.AfterFunc(e.grace/2, func() { e.endDrain(ErrStopped) })
	time.AfterFunc(e.grace, func() { e.endGrace(ErrStopped) })
	time.AfterFunc(e.grace+overdueAfter, func() { close(e.overdue) })
	return true
}

// isEcho reports whether a signal is taken for the one before it.
func (e *ending) isEcho() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return !e.begun.IsZero() && time.Since(e.begun) < echoes
}

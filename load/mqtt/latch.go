package mqtt

import "sync"

// latch is a channel that is closed once, made when somebody first waits for it: of most connections nobody does, and ten thousand
// channels are a megabyte. The zero value is open. Safe for concurrent use.
type latch struct {
	mu     sync.Mutex // guards what follows
	c      chan struct{}
	closed bool
}

// done is closed by close.
func (l *latch) done() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.c == nil {
		l.c = make(chan struct{})
		if l.closed {
			close(l.c)
		}
	}
	return l.c
}

// close reports whether it is the first call.
func (l *latch) close() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.closed = true
	if l.c != nil {
		close(l.c)
	}
	return true
}

package telemetry

import (
	"sync"
	"time"
)

// quiet is how long one message about a kind of trouble stands for all of it.
const quiet = 10 * time.Second

// Burst lets one message stand for a burst of the same kind: the first is said at once, and then one every ten seconds with the
// count since. Safe for concurrent use.
type Burst struct {
	now func() time.Time

	mu    sync.Mutex
	said  time.Time
	count uint64 // since then
}

// NewBurst returns a Burst that nothing has happened to.
func NewBurst() *Burst { return &Burst{now: time.Now} }

// Add notes n more and reports whether it is time to say so, and if it is how many there have been since it was last said.
func (b *Burst) Add(n uint64) (total uint64, say bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.count += n
	now := b.now()
	if !b.said.IsZero() && now.Sub(b.said) < quiet {
		return 0, false
	}
	total, b.said, b.count = b.count, now, 0
	return total, true
}

// Bursts is a Burst for each kind of trouble. The kinds must be few. The zero value is ready; safe for concurrent use.
type Bursts struct {
	mu    sync.Mutex
	kinds map[string]*Burst
}

// Add is Burst.Add for one kind.
func (b *Bursts) Add(kind string, n uint64) (total uint64, say bool) {
	b.mu.Lock()
	burst := b.kinds[kind]
	if burst == nil {
		if b.kinds == nil {
			b.kinds = make(map[string]*Burst)
		}
		burst = NewBurst()
		b.kinds[kind] = burst
	}
	b.mu.Unlock()
	return burst.Add(n)
}

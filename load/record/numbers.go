package record

import "sync"

// Numbers is a set of sequence numbers. The zero value is empty. Safe for concurrent use.
type Numbers struct {
	mu  sync.Mutex
	set sequences
}

// Add puts a number into the set.
func (n *Numbers) Add(seq uint32) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.set.add(seq)
}

// Has reports whether a number is in the set.
func (n *Numbers) Has(seq uint32) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.set.has(seq)
}

// Within is how many numbers from low up to high, high left out, are in the set.
func (n *Numbers) Within(low, high uint32) uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.set.within(low, high)
}

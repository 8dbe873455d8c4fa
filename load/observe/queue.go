package observe

// queue holds spans in the order of their arrival. The zero value is empty.
type queue struct {
	spans []*span
	head  int
}

func (q *queue) push(s *span) { q.spans = append(q.spans, s) }

// peek returns the oldest span, nil if there is none.
func (q *queue) peek() *span {
	if q.head == len(q.spans) {
		return nil
	}
	return q.spans[q.head]
}

// pop removes the oldest span. Room is given back once half of it is empty, so that each span is moved once at most.
func (q *queue) pop() {
	q.spans[q.head] = nil
	q.head++
	if q.head*2 >= len(q.spans) {
		n := copy(q.spans, q.spans[q.head:])
		clear(q.spans[n:])
		q.spans, q.head = q.spans[:n], 0
	}
}

// memory remembers the latest spans of some number, by their hashes.
type memory struct {
	known map[uint64]struct{}
	order []uint64
	next  int
}

func newMemory(size int) memory {
	return memory{known: map[uint64]struct{}{}, order: make([]uint64, 0, min(size, 1024)), next: 0}
}

// add remembers a span, in the place of the oldest if there are size of them.
func (m *memory) add(k *spanKey, size int) (isNew bool) {
	h := k.hash()
	if _, isKnown := m.known[h]; isKnown {
		return false
	}
	m.known[h] = struct{}{}
	if len(m.order) < size {
		m.order = append(m.order, h)
		return true
	}
	delete(m.known, m.order[m.next])
	m.order[m.next] = h
	m.next = (m.next + 1) % size
	return true
}

func (m *memory) has(k *spanKey) bool {
	_, isKnown := m.known[k.hash()]
	return isKnown
}

package mqtt

import "sync"

// chunk is a buffer that connections lend each other: one that is silent has none.
type chunk struct{ b []byte }

const (
	chunkSize    = 32 << 10 // a burst of small packets in one system call
	largestChunk = 4 * chunkSize
)

var chunks = sync.Pool{New: func() any { return &chunk{b: make([]byte, 0, chunkSize)} }}

// borrow returns an empty chunk.
func borrow() *chunk { return chunks.Get().(*chunk) }

// giveBack takes a chunk that nobody uses any more. One that a large packet has grown is left to the garbage collector.
func giveBack(c *chunk) {
	if cap(c.b) > largestChunk {
		return
	}
	c.b = c.b[:0]
	chunks.Put(c)
}

package mqtt

import (
	"net"
	"sync"
	"syscall"
	"time"

	"mqttrace/load/clock"
)

// outlet is the sending side of a lean connection. What is to be sent is appended to a buffer that is borrowed while there is
// something in it; whoever ends up with something that must leave writes all of it. mu is not held while the socket is written to:
// the reader can always add its acknowledgements and go on reading, or both ends might wait for each other.
type outlet struct {
	conn     net.Conn
	counters *counters
	// raw writes without waiting; nil on connections that cannot.
	raw syscall.RawConn
	try func(fd uintptr) bool // tryWrite, made once

	mu      sync.Mutex // guards what follows
	written sync.Cond  // signalled when nobody writes any more
	chunk   *chunk     // nil while there is nothing to send
	writing bool
	acks    bool          // acknowledgements are among what is there
	err     error         // of the first write that failed, or of the end
	sentAt  clock.Instant // of the last write
	n       int           // what tryWrite wrote, and
	tryErr  error         // why it did not
}

func (o *outlet) init(conn net.Conn, c *counters) {
	o.conn, o.counters = conn, c
	o.raw, o.try = rawOf(conn), o.tryWrite
	o.written.L = &o.mu
}

// awaitTurn waits until nobody writes; the caller holds mu. Publishers wait for their turn before they take the sent instant.
func (o *outlet) awaitTurn() {
	for o.writing && o.err == nil {
		o.written.Wait()
	}
}

// append adds a whole packet, or a piece of one; the caller holds mu until the packet is whole.
func (o *outlet) append(p []byte) {
	c := o.borrowed()
	c.b = append(c.b, p...)
}

// borrowed is the buffer to append to; the caller holds mu.
func (o *outlet) borrowed() *chunk {
	if o.chunk == nil {
		o.chunk = borrow()
	}
	return o.chunk
}

func (o *outlet) countPublish(size int) {
	o.counters.publishes.Add(1)
	o.counters.publishBytes.Add(uint64(size))
}

// flush sends everything that is there, unless somebody is at it already, who then sends this as well. The caller holds mu, which
// is let go of meanwhile. start is the present.
func (o *outlet) flush(start clock.Instant) {
	if o.writing {
		return
	}
	o.writing = true
	for o.chunk != nil && o.err == nil {
		full := o.chunk
		o.chunk, o.acks = nil, false
		o.mu.Unlock()
		end, err := o.write(full.b, start)
		giveBack(full)
		o.mu.Lock()
		start, o.sentAt = end, end
		if o.err == nil {
			o.err = err
		}
	}
	o.writing = false
	o.written.Broadcast()
}

// tryFlush sends as much of what is there as the socket takes at once, and reports whether that is all. The caller holds mu, also
// meanwhile, has seen to it that nobody writes, and that there is a raw. start is the present.
func (o *outlet) tryFlush(start clock.Instant) bool {
	o.n, o.tryErr = 0, nil
	err := o.raw.Write(o.try)
	if err == nil {
		err = o.tryErr
	}
	o.sentAt = start
	if err != nil {
		o.err = err
		o.letRead()
	}
	c := o.chunk
	if c.b = c.b[:copy(c.b, c.b[o.n:])]; len(c.b) > 0 && err == nil {
		return false
	}
	giveBack(c)
	o.chunk, o.acks = nil, false
	return true
}

// tryWrite hands bytes to the socket and reports true: it is not to be called again when the socket takes more.
func (o *outlet) tryWrite(fd uintptr) bool {
	o.n, o.tryErr = writeSocket(fd, o.chunk.b)
	return true
}

// letRead gives the reader a little time after a failed write. It soon ends the connection, but not at once: why the peer takes no
// more bytes may be waiting to be read, as the TLS alert for a certificate that it does not accept is.
func (o *outlet) letRead() {
	_ = o.conn.SetReadDeadline(time.Now().Add(lastWords)) // fails on one that is closed already
}

// write hands bytes to the socket.
func (o *outlet) write(b []byte, start clock.Instant) (end clock.Instant, err error) {
	_, err = o.conn.Write(b)
	end = clock.Now()
	if took := end.Sub(start); took >= heldFrom {
		o.counters.held.Add(int64(took))
	}
	if err != nil {
		o.letRead()
	}
	return end, err
}

// flushAcks sends what is there if acknowledgements are among it: messages that are kept back wait for those that follow.
func (o *outlet) flushAcks() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.acks {
		return
	}
	now := clock.Now()
	if o.raw == nil || o.writing || !o.tryFlush(now) {
		o.flush(now)
	}
}

// end makes every later write fail.
func (o *outlet) end(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
	}
	if o.chunk != nil && !o.writing {
		giveBack(o.chunk)
		o.chunk, o.acks = nil, false
	}
	o.written.Broadcast()
}

// lastSent is when something was last sent.
func (o *outlet) lastSent() clock.Instant {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sentAt
}

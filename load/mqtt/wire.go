package mqtt

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"mqttrace/load/clock"
)

const (
	readBufferSize = 32 << 10 // a burst of small packets in one system call; allocated when there is one
	idleBufferSize = 1 << 10  // what a connection has that hardly anything arrives on
	flushAt        = 16 << 10 // packets that others follow are written when this much is there
	heldFrom       = time.Millisecond
	lastWords      = 250 * time.Millisecond // how long a peer may take to say why it takes no more bytes
	publishType    = 3
)

// errPacketTooLarge ends a connection whose peer announces more than MQTT allows or more than the client said it takes.
var errPacketTooLarge = errors.New("packet larger than the maximum packet size")

// wire is the net.Conn that paho reads and writes. paho reads byte by byte and writes each packet in several pieces: wire reads
// through a buffer and lets each packet leave in one write, or several packets together when more follow at once. It notes when
// the bytes of each PUBLISH were read off the socket.
//
// One goroutine reads; several may write, each packet between Lock and Unlock, as paho does with a net.Conn that is a
// sync.Locker.
type wire struct {
	net.Conn

	// The reading side belongs to the goroutine that reads.
	in       []byte // read off the socket and not yet handed out
	inBuffer []byte
	filled   bool // by the last read
	readAt   clock.Instant
	frame    frameScanner
	// arrivals holds, for each PUBLISH that was read and not yet handled, when it was read. Its capacity is above the number
	// of messages that paho holds between reading and handling.
	arrivals chan *readPublish
	latest   *readPublish // the last one that was put there
	closed   chan struct{}
	closing  sync.Once

	mu     sync.Mutex // guards what follows; held while a packet is written
	out    []byte
	packet int   // where in out the packet being written begins
	err    error // of the first write that failed

	// morePublishes and moreAcks say that the packet written next is followed by another within microseconds.
	morePublishes, moreAcks atomic.Bool
	hurryAcks               atomic.Bool // set for good by skip

	counters *counters
}

// readPublish is a PUBLISH that has been read.
type readPublish struct {
	at      clock.Instant
	skipped bool
}

// counters are what all connections of a client add up to. Safe for concurrent use.
type counters struct {
	publishes, publishBytes atomic.Uint64 // PUBLISH packets written and their bytes, fixed header included
	held                    atomic.Int64  // ns for which Publish was kept waiting: see Client.Held
}

func newWire(conn net.Conn, receiveMaximum uint16, c *counters) *wire {
	return &wire{
		Conn:     conn,
		arrivals: make(chan *readPublish, int(receiveMaximum)+8),
		closed:   make(chan struct{}),
		counters: c,
	}
}

// Read hands out bytes of at most one packet, so that paho's small reads cost no system call each.
func (w *wire) Read(p []byte) (int, error) {
	if len(w.in) == 0 {
		if err := w.fill(); err != nil {
			return 0, err
		}
	}
	n, ended := w.frame.scan(w.in[:min(len(p), len(w.in))])
	copy(p, w.in[:n])
	w.in = w.in[n:]
	if w.frame.tooLarge {
		return n, errPacketTooLarge
	}
	if ended && w.frame.isPublish() {
		w.latest = &readPublish{at: w.readAt}
		select {
		case w.arrivals <- w.latest:
		case <-w.closed:
			return 0, net.ErrClosed
		}
	}
	return n, nil
}

// fill blocks for more bytes and takes their instant.
func (w *wire) fill() error {
	switch {
	case w.inBuffer == nil:
		w.inBuffer = make([]byte, idleBufferSize)
	case w.filled && len(w.inBuffer) < readBufferSize:
		w.inBuffer = make([]byte, readBufferSize)
	}
	n, err := w.Conn.Read(w.inBuffer)
	w.filled = n == len(w.inBuffer)
	if n == 0 {
		return err
	}
	w.readAt = clock.Now()
	w.in = w.inBuffer[:n]
	return nil
}

// nextArrival returns when the PUBLISH that is now being handled was read, and whether more are waiting behind it.
func (w *wire) nextArrival() (at clock.Instant, more bool) {
	for {
		select {
		case read := <-w.arrivals:
			if !read.skipped {
				return read.at, len(w.arrivals) > 0
			}
		default:
			return clock.Now(), false // cannot happen: paho handles each PUBLISH it read once, in order, but for those it skips
		}
	}
}

// skip says that the PUBLISH which was read last will not be handled; the reader calls it before it reads on. From now on no
// acknowledgement waits for others, which cannot be told to come any more.
func (w *wire) skip() {
	w.latest.skipped = true
	w.hurryAcks.Store(true)
	_ = w.flushNow() // a failure ends the connection
}

// Lock begins a packet.
func (w *wire) Lock() {
	w.mu.Lock()
	w.packet = len(w.out)
}

// Write adds a piece of a packet.
func (w *wire) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	w.out = append(w.out, p...)
	return len(p), nil
}

// Unlock ends a packet and sends it, unless more is to follow at once.
func (w *wire) Unlock() {
	if packet := w.out[w.packet:]; len(packet) > 0 && packet[0]>>4 == publishType {
		w.counters.publishes.Add(1)
		w.counters.publishBytes.Add(uint64(len(packet)))
	}
	if len(w.out) >= flushAt || !w.morePublishes.Load() && (!w.moreAcks.Load() || w.hurryAcks.Load()) {
		w.flush()
	}
	w.mu.Unlock()
}

// flushNow sends what is kept back and returns the error of the first write that failed.
func (w *wire) flushNow() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.flush()
	return w.err
}

// failure returns the error of the first write that failed, nil if none did.
func (w *wire) failure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// flush writes the buffer; the caller holds mu. An error is what every later write returns, and soon ends the connection.
func (w *wire) flush() {
	if len(w.out) == 0 || w.err != nil {
		return
	}
	start := clock.Now()
	_, err := w.Conn.Write(w.out)
	if took := clock.Now().Sub(start); took >= heldFrom {
		w.counters.held.Add(int64(took))
	}
	if cap(w.out) > 4*flushAt {
		w.out = nil // after a large payload
	}
	w.out = w.out[:0]
	if err != nil {
		w.err = err
		// Not closed at once: why the peer takes no more bytes may be waiting to be read, as the TLS alert for a certificate that
		// it does not accept is. The reader ends the connection after that.
		_ = w.Conn.SetReadDeadline(time.Now().Add(lastWords)) // fails on one that is closed already
	}
}

// Close ends the connection; it is safe to call more than once.
func (w *wire) Close() error { return w.close() }

func (w *wire) close() error {
	err := net.ErrClosed
	w.closing.Do(func() {
		close(w.closed)
		err = w.Conn.Close()
	})
	return err
}

// frameScanner follows the fixed headers (MQTT 5 section 2.1) of a stream of packets. The zero value waits for a packet's
// first byte.
type frameScanner struct {
	first     byte // of the packet being read
	state     frameState
	shift     uint
	remaining int
	limit     int // of the remaining length in bytes; 0 for none
	tooLarge  bool
}

type frameState uint8

const (
	atFirstByte frameState = iota
	inLength
	inBody
)

func (f *frameScanner) isPublish() bool { return f.first>>4 == publishType }

// scan takes bytes up to the end of the current packet and reports how many it took and whether the packet ended.
func (f *frameScanner) scan(p []byte) (n int, ended bool) {
	for n < len(p) && f.state != inBody {
		if f.headerByte(p[n]); f.tooLarge {
			return n, false
		}
		n++
	}
	if f.state != inBody {
		return n, false
	}
	body := min(len(p)-n, f.remaining)
	f.remaining -= body
	if f.remaining == 0 {
		f.state = atFirstByte
		return n + body, true
	}
	return n + body, false
}

func (f *frameScanner) headerByte(b byte) {
	if f.state == atFirstByte {
		f.first, f.state, f.shift, f.remaining = b, inLength, 0, 0
		return
	}
	f.remaining |= int(b&0x7f) << f.shift
	f.shift += 7
	switch {
	case b&0x80 == 0:
		f.state = inBody
		f.tooLarge = f.limit > 0 && f.remaining > f.limit
	case f.shift == 28:
		f.tooLarge = true // a fifth byte of length does not exist
	}
}

package mqtt

import (
	"io"
	"net"
	"syscall"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt/packet"
)

// inlet is the receiving side of a lean connection: packets out of a buffer that is borrowed while there are bytes in it. One
// goroutine uses it.
type inlet struct {
	conn net.Conn
	// raw tells when there is something to read without a buffer to read it into; nil on connections that cannot.
	raw    syscall.RawConn
	try    func(fd uintptr) bool // tryRead, made once
	n      int                   // what tryRead read, and
	tryErr error                 // why it did not

	chunk  *chunk
	begin  int           // of what has not been handled
	needed int           // bytes of the packet at begin, 0 if not even its length is there
	readAt clock.Instant // the last read
	limit  int           // of a packet in bytes; 0 for none
}

// plainBuffer is the buffer of a connection that must have one to wait with.
const plainBuffer = 4 << 10

func (in *inlet) init(conn net.Conn) {
	in.conn = conn
	in.raw = rawOf(conn)
	in.try = in.tryRead
}

// next returns the next packet, reading as often as it takes. The packet is good until the next call.
func (in *inlet) next() (packet.Frame, error) {
	for {
		frame, err := in.buffered()
		if err != nil || frame.First != 0 {
			return frame, err
		}
		if err := in.fill(); err != nil {
			return packet.Frame{}, err
		}
	}
}

// buffered returns the next packet if all of it has been read, and the zero Frame if not. The packet is good until the next fill.
func (in *inlet) buffered() (packet.Frame, error) {
	if in.chunk == nil {
		return packet.Frame{}, nil
	}
	frame, size, err := packet.Next(in.chunk.b[in.begin:])
	if err != nil {
		return frame, err
	}
	if in.limit > 0 && size > in.limit {
		return packet.Frame{}, packet.ErrTooLarge
	}
	if in.needed = size; size > 0 && in.begin+size <= len(in.chunk.b) {
		in.begin += size
		in.needed = 0
	}
	return frame, nil
}

// fill blocks for more bytes and takes their instant.
func (in *inlet) fill() error {
	in.makeRoom()
	n, err := in.read()
	if n <= 0 {
		if err == nil {
			err = io.EOF
		}
		return err
	}
	in.readAt = clock.Now()
	in.chunk.b = in.chunk.b[:len(in.chunk.b)+n]
	return nil
}

// trusted is how many bytes a packet gets because it says that it has as many; a larger one gets more as they come.
const trusted = 1 << 20

// makeRoom moves what is left of the buffer to its front and sees to it that there is room for more of the packet that begins there.
func (in *inlet) makeRoom() {
	if in.chunk == nil {
		return
	}
	b := in.chunk.b
	if in.begin > 0 {
		b = b[:copy(b, b[in.begin:])]
		in.chunk.b, in.begin = b, 0
	}
	if needed := min(in.needed, trusted); needed > cap(b) || len(b) == cap(b) {
		larger := make([]byte, len(b), max(needed, 2*cap(b)))
		copy(larger, b)
		in.chunk.b = larger
	}
}

func (in *inlet) read() (int, error) {
	if in.raw == nil {
		if in.chunk == nil {
			in.chunk = &chunk{b: make([]byte, 0, plainBuffer)}
		}
		return in.conn.Read(in.chunk.b[len(in.chunk.b):cap(in.chunk.b)])
	}
	if err := in.raw.Read(in.try); err != nil {
		return 0, err
	}
	return in.n, in.tryErr
}

// tryRead reads what is there, or gives an empty buffer back and reports false if nothing is.
func (in *inlet) tryRead(fd uintptr) bool {
	if in.chunk == nil {
		in.chunk = borrow()
	}
	n, wait, err := readSocket(fd, in.chunk.b[len(in.chunk.b):cap(in.chunk.b)])
	if wait {
		if len(in.chunk.b) == 0 {
			in.release()
		}
		return false
	}
	in.n, in.tryErr = n, err
	return true
}

// release gives the buffer back.
func (in *inlet) release() {
	if in.chunk != nil {
		giveBack(in.chunk)
		in.chunk, in.begin, in.needed = nil, 0, 0
	}
}

package packet

// Packet types (MQTT 5 section 2.1.2), as far as clients receive them.
const (
	Connack    = 2
	Publish    = 3
	Puback     = 4
	Pubrec     = 5
	Pubrel     = 6
	Pubcomp    = 7
	Suback     = 9
	Unsuback   = 11
	Pingresp   = 13
	Disconnect = 14
	Auth       = 15
)

// MaxRemaining is the largest remaining length that a fixed header can say.
const MaxRemaining = 1<<28 - 1

// Frame is one whole packet: the first byte of its fixed header and what follows the header.
type Frame struct {
	First byte
	Body  []byte
}

// Type is the packet's type.
func (f Frame) Type() byte { return f.First >> 4 }

// Next cuts the first packet off b; size is how many bytes it takes, 0 if not even its length is there yet. The packet is whole
// only if size is at most len(b); otherwise the frame is zero and the caller reads on. The frame is a part of b.
func Next(b []byte) (f Frame, size int, err error) {
	if len(b) == 0 {
		return f, 0, nil
	}
	remaining, n, err := uvarint(b[1:])
	if err != nil || n == 0 {
		return f, 0, err
	}
	size = 1 + n + remaining
	if size <= len(b) {
		f = Frame{First: b[0], Body: b[1+n : size : size]}
	}
	return f, size, nil
}

// uvarint reads a variable byte integer (MQTT 5 section 1.5.5) of n bytes; n is 0 if b ends before it does.
func uvarint(b []byte) (value, n int, err error) {
	for i, c := range b {
		value |= int(c&0x7f) << (7 * i)
		if c < 0x80 {
			return value, i + 1, nil
		}
		if i == 3 {
			return 0, 0, errVarint
		}
	}
	return 0, 0, nil
}

func appendUvarint(dst []byte, value int) []byte {
	for ; value >= 0x80; value >>= 7 {
		dst = append(dst, byte(value)|0x80)
	}
	return append(dst, byte(value))
}

func uvarintSize(value int) int {
	size := 1
	for ; value >= 0x80; value >>= 7 {
		size++
	}
	return size
}

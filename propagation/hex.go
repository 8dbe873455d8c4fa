package propagation

// Hex digits are read eight at a time: a uint64 holds eight lanes of one byte, the first character in the lowest, and a
// few instructions treat all lanes alike. They are written two at a time out of a table, four lookups to a word. Each way
// is the faster one for its direction.

const ones = 0x0101010101010101 // times a byte: that byte in every lane

// digitPairs holds the two digits of every byte, the first in the low half.
var digitPairs = func() (pairs [256]uint16) {
	const digits = "0123456789abcdef"
	for b := range pairs {
		pairs[b] = uint16(digits[b>>4]) | uint16(digits[b&15])<<8
	}
	return pairs
}()

// hexWord returns the eight digits of four bytes.
func hexWord(b *[4]byte) uint64 {
	return uint64(digitPairs[b[0]]) | uint64(digitPairs[b[1]])<<16 |
		uint64(digitPairs[b[2]])<<32 | uint64(digitPairs[b[3]])<<48
}

// A hexReader turns words of eight hex digits into bytes and remembers whether all were lower-case hex digits.
type hexReader struct {
	wrong uint64
}

// read returns the four bytes that eight digits stand for.
//
// Bit 6 tells letters from digits. Less '0' or 'a' a digit is 0 to 9 and a letter 0 to 5; any other character is more
// than that, which shows in the high half of its lane, at once or after 6, or 6 and 4, are added. What spills over from one
// lane into the next comes from a wrong one, and the lowest wrong lane always shows.
func (r *hexReader) read(digits uint64) uint32 {
	letters := digits >> 6 & ones
	v := digits - '0'*ones - letters*('a'-'0')
	r.wrong |= v | (v + 6*ones + letters*4)
	return pack(v + letters*10)
}

// ok tells whether every character read so far was a lower-case hex digit.
func (r *hexReader) ok() bool {
	return r.wrong&(0xf0*ones) == 0
}

// pack joins eight lanes of four bits to four bytes, the even lanes being the high halves.
func pack(lanes uint64) uint32 {
	x := (lanes<<4 | lanes>>8) & 0x00ff00ff00ff00ff
	x = (x | x>>8) & 0x0000ffff0000ffff
	return uint32(x | x>>16)
}

// unhex returns the value of one lower-case hex digit, or a number above 15.
func unhex(digit byte) byte {
	switch {
	case '0' <= digit && digit <= '9':
		return digit - '0'
	case 'a' <= digit && digit <= 'f':
		return digit - 'a' + 10
	}
	return 0xff
}

// load returns the first eight bytes of s as a word. The compiler makes it one instruction.
func load[S string | []byte](s S) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

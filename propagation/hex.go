package propagation

// Hex digits are read and written eight at a time: a uint64 holds eight lanes of one byte, first character in the lowest
// lane, and every lane is treated by the same few instructions. A lane never carries into the next: no sum below
// exceeds 0xff.
const (
	lowNibbles = 0x0f0f0f0f0f0f0f0f
	ones       = 0x0101010101010101
	sixes      = 6 * ones
	zeros      = '0' * ones
)

// hexDigits returns the lower-case hex digit of each lane of nibbles, whose lanes are 0 to 15. A lane of 16 to 25 gives
// some character above 'f', which is what unhexDigits relies on.
func hexDigits(nibbles uint64) uint64 {
	letters := (nibbles + sixes) >> 4 & ones
	return nibbles + zeros + letters*('a'-'9'-1)
}

// unhexDigits returns the value of each of eight hex digits, and a number that is zero if all eight were lower-case hex
// digits. It decodes without looking and then asks whether the result encodes back to what was read.
func unhexDigits(digits uint64) (nibbles, wrong uint64) {
	letters := digits >> 6 & ones
	nibbles = digits&lowNibbles + letters*9
	return nibbles, hexDigits(nibbles) ^ digits | nibbles&(ones<<4)
}

// spread puts each of the four bytes of b, lowest first, into two lanes: high nibble, low nibble.
func spread(b uint32) uint64 {
	x := uint64(b)
	x = (x | x<<16) & 0x0000ffff0000ffff
	x = (x | x<<8) & 0x00ff00ff00ff00ff
	return (x>>4 | x<<8) & lowNibbles
}

// gather is the inverse of spread.
func gather(nibbles uint64) uint32 {
	x := (nibbles<<4 | nibbles>>8) & 0x00ff00ff00ff00ff
	x = (x | x>>8) & 0x0000ffff0000ffff
	return uint32(x | x>>16)
}

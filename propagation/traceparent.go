package propagation

import (
	"encoding/binary"

	"go.opentelemetry.io/otel/trace"
)

// A traceparent of version 00: 00-<32 hex digits>-<16 hex digits>-<2 hex digits>.
const (
	traceparentLen = 55
	traceIDAt      = 3
	spanIDAt       = 36
	flagsAt        = 53
)

// keptFlags are the flags that have a meaning; the others are neither written nor kept when read.
const keptFlags = trace.FlagsSampled | trace.FlagsRandom

// AppendTraceparent appends the traceparent of sc, 55 characters of version 00, to dst and returns the extended slice.
// Of the flags, sampled and random are written. An sc that is not valid appends nothing. It allocates only if dst lacks
// room.
func AppendTraceparent(dst []byte, sc trace.SpanContext) []byte {
	if !sc.IsValid() {
		return dst
	}
	var buf [traceparentLen]byte
	encodeTraceparent(&buf, sc)
	return append(dst, buf[:]...)
}

func encodeTraceparent(buf *[traceparentLen]byte, sc trace.SpanContext) {
	traceID, spanID := sc.TraceID(), sc.SpanID()
	le := binary.LittleEndian
	buf[0], buf[1], buf[2] = '0', '0', '-'
	le.PutUint64(buf[3:], hexDigits(spread(le.Uint32(traceID[0:]))))
	le.PutUint64(buf[11:], hexDigits(spread(le.Uint32(traceID[4:]))))
	le.PutUint64(buf[19:], hexDigits(spread(le.Uint32(traceID[8:]))))
	le.PutUint64(buf[27:], hexDigits(spread(le.Uint32(traceID[12:]))))
	buf[35] = '-'
	le.PutUint64(buf[36:], hexDigits(spread(le.Uint32(spanID[0:]))))
	le.PutUint64(buf[44:], hexDigits(spread(le.Uint32(spanID[4:]))))
	buf[52], buf[53], buf[54] = '-', '0', '0'+byte(sc.TraceFlags()&keptFlags)
}

// ParseTraceparent reads a traceparent of any version but ff. The result is remote and has no trace state. Spaces and
// tabs around the value are ignored, flags other than sampled and random are cleared. On error, which is always an
// [ErrMalformed], the span context is the zero value. It does not allocate and keeps no reference to s.
func ParseTraceparent[S string | []byte](s S) (trace.SpanContext, error) {
	s = trimOWS(s)
	if len(s) < traceparentLen {
		return trace.SpanContext{}, errLength
	}
	var buf [traceparentLen]byte
	copy(buf[:], s)
	if len(s) > traceparentLen && !extensible(&buf, s[traceparentLen]) {
		return trace.SpanContext{}, errLength
	}
	return decodeTraceparent(&buf)
}

// extensible tells whether a traceparent that begins with buf may go on with next.
func extensible(buf *[traceparentLen]byte, next byte) bool {
	return next == '-' && (buf[0] != '0' || buf[1] != '0')
}

func decodeTraceparent(buf *[traceparentLen]byte) (trace.SpanContext, error) {
	if buf[2] != '-' || buf[35] != '-' || buf[52] != '-' {
		return trace.SpanContext{}, errDashes
	}
	le := binary.LittleEndian
	n0, w0 := unhexDigits(le.Uint64(buf[3:]))
	n1, w1 := unhexDigits(le.Uint64(buf[11:]))
	n2, w2 := unhexDigits(le.Uint64(buf[19:]))
	n3, w3 := unhexDigits(le.Uint64(buf[27:]))
	n4, w4 := unhexDigits(le.Uint64(buf[36:]))
	n5, w5 := unhexDigits(le.Uint64(buf[44:]))
	// Version and flags share a word; its other half repeats them.
	small := uint32(le.Uint16(buf[0:])) | uint32(le.Uint16(buf[53:]))<<16
	n6, w6 := unhexDigits(uint64(small) | uint64(small)<<32)
	if w0|w1|w2|w3|w4|w5|w6 != 0 {
		return trace.SpanContext{}, errDigits
	}
	if small&0xffff == 'f'|'f'<<8 {
		return trace.SpanContext{}, errVersion
	}
	if n0|n1|n2|n3 == 0 {
		return trace.SpanContext{}, errZeroTrace
	}
	if n4|n5 == 0 {
		return trace.SpanContext{}, errZeroSpan
	}
	var c trace.SpanContextConfig
	le.PutUint32(c.TraceID[0:], gather(n0))
	le.PutUint32(c.TraceID[4:], gather(n1))
	le.PutUint32(c.TraceID[8:], gather(n2))
	le.PutUint32(c.TraceID[12:], gather(n3))
	le.PutUint32(c.SpanID[0:], gather(n4))
	le.PutUint32(c.SpanID[4:], gather(n5))
	c.TraceFlags = trace.TraceFlags(gather(n6)>>8) & keptFlags
	c.Remote = true
	return trace.NewSpanContext(c), nil
}

// trimOWS cuts spaces and tabs from both ends of s.
func trimOWS[S string | []byte](s S) S {
	for len(s) > 0 && isOWS(s[0]) {
		s = s[1:]
	}
	for len(s) > 0 && isOWS(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func isOWS(c byte) bool { return c == ' ' || c == '\t' }

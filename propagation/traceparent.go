package propagation

import (
	"encoding/binary"
	"slices"
	"unsafe"

	"go.opentelemetry.io/otel/trace"
)

// A traceparent of version 00: 00-<32 hex digits>-<16 hex digits>-<2 hex digits>.
const traceparentLen = 55

// keptFlags are the flags that have a meaning; the others are neither written nor kept when read.
const keptFlags = trace.FlagsSampled | trace.FlagsRandom

// AppendTraceparent appends the traceparent of sc, 55 characters of version 00, to dst and returns the extended slice.
// Of the flags, sampled and random are written. An sc that is not valid appends nothing. It allocates only if dst lacks
// room.
func AppendTraceparent(dst []byte, sc trace.SpanContext) []byte {
	return appendTraceparent(dst, &sc)
}

// appendTraceparent is apart so that the caller of AppendTraceparent, which is inlined, copies its span context once.
func appendTraceparent(dst []byte, sc *trace.SpanContext) []byte {
	f := fieldsOf(sc)
	if !f.valid() {
		return dst
	}
	n := len(dst)
	dst = slices.Grow(dst, traceparentLen)[:n+traceparentLen]
	b := (*[traceparentLen]byte)(dst[n:])
	le := binary.LittleEndian
	le.PutUint32(b[0:], '0'|'0'<<8|'-'<<16) // and one byte that the next write covers
	le.PutUint64(b[3:], hexWord((*[4]byte)(f.traceID[0:])))
	le.PutUint64(b[11:], hexWord((*[4]byte)(f.traceID[4:])))
	le.PutUint64(b[19:], hexWord((*[4]byte)(f.traceID[8:])))
	le.PutUint64(b[27:], hexWord((*[4]byte)(f.traceID[12:])))
	b[35] = '-'
	le.PutUint64(b[36:], hexWord((*[4]byte)(f.spanID[0:])))
	le.PutUint64(b[44:], hexWord((*[4]byte)(f.spanID[4:])))
	b[52], b[53], b[54] = '-', '0', '0'+byte(f.traceFlags&keptFlags)
	return dst
}

// newTraceparent returns the traceparent of a valid span context. It is written where it will stay: copying it there at
// once would wait for the words to arrive in memory.
func newTraceparent(sc *trace.SpanContext) string {
	b := appendTraceparent(make([]byte, 0, traceparentLen), sc)
	return unsafe.String(unsafe.SliceData(b), len(b))
}

func (f *spanContext) valid() bool {
	le := binary.LittleEndian
	return le.Uint64(f.traceID[:8])|le.Uint64(f.traceID[8:]) != 0 && le.Uint64(f.spanID[:]) != 0
}

// ParseTraceparent reads a traceparent of any version but ff. The result is remote and has no trace state. Spaces and
// tabs around the value are ignored, flags other than sampled and random are cleared. On error, which is always an
// [ErrMalformed], the span context is the zero value. It does not allocate and keeps no reference to s.
func ParseTraceparent[S string | []byte](s S) (sc trace.SpanContext, err error) {
	err = decode(&sc, s)
	return sc, err
}

// decode reads a traceparent into sc, which must be zero and is so again on error.
//
// Each field is stored before the next is read, whether or not it will do: so the compiler has few words to keep at a time,
// and whoever copies sc waits less for the stores.
func decode[S string | []byte](sc *trace.SpanContext, s S) (err error) {
	if len(s) != traceparentLen || s[0] != '0' || s[1] != '0' {
		if s, err = unusual(s); err != nil {
			return err
		}
	}
	if len(s) < traceparentLen { // cannot be, which the compiler knows only now
		return errLength
	}
	if s[2] != '-' || s[35] != '-' || s[52] != '-' {
		return errDashes
	}
	f := writable(sc)
	le := binary.LittleEndian
	var r hexReader
	id := uint64(r.read(load(s[36:]))) | uint64(r.read(load(s[44:])))<<32
	le.PutUint64(f.spanID[:], id)
	t0 := uint64(r.read(load(s[3:]))) | uint64(r.read(load(s[11:])))<<32
	le.PutUint64(f.traceID[:8], t0)
	t1 := uint64(r.read(load(s[19:]))) | uint64(r.read(load(s[27:])))<<32
	le.PutUint64(f.traceID[8:], t1)
	high, low := unhex(s[53]), unhex(s[54])
	f.traceFlags = trace.TraceFlags(low) & keptFlags
	f.remote = true
	switch {
	case !r.ok() || high|low > 15:
		err = errDigits
	case t0|t1 == 0:
		err = errZeroTrace
	case id == 0:
		err = errZeroSpan
	}
	finish(sc, f, err)
	return err
}

// unusual returns the 55 characters to read of a traceparent that is longer, or not of version 00.
func unusual[S string | []byte](s S) (S, error) {
	s = trimOWS(s)
	if len(s) < traceparentLen {
		return s, errLength
	}
	if unhex(s[0])|unhex(s[1]) > 15 {
		return s, errDigits
	}
	if s[0] == 'f' && s[1] == 'f' {
		return s, errVersion
	}
	if len(s) > traceparentLen && (s[0] == '0' && s[1] == '0' || s[traceparentLen] != '-') {
		return s, errLength
	}
	return s[:traceparentLen], nil
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

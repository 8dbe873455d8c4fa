// Package stamp is what every message of a run carries so that its receiver can say who sent it, which one it is, and when:
// 16 bytes in the PUBLISH's Correlation Data (MQTT 5 section 3.3.2.3.6). It is the same in every arm and leaves payload and
// user properties to the user. Senders encode it, receivers decode it and hand it to package record.
//
// The 128 bits, most significant first:
//
//	run      10  tells this run's messages from any other's
//	arm       4  the tracing setting that the message was sent under
//	kind      2  Measured, WarmUp or Probe
//	sender   20  index of the sender among all of the run
//	sequence 32  of the sender within its arm and kind, from 0
//	sent     36  sent instant in units of 16 ns, modulo 2^36 units (18 minutes)
//	lag      24  intended to sent, in units of 16 ns: 5 bits of exponent and 19 of mantissa
//
// A lag of up to 8 ms is exact to the unit, a longer one to one part in 500,000, so that a backlog of a minute does not blur
// the response time of a message by more than 0.1 ms.
package stamp

import (
	"encoding/binary"
	"math/bits"
	"time"

	"mqttrace/load/clock"
)

// Size is the length of an encoded stamp in bytes. Azure IoT Operations' SDKs accept no other length of Correlation Data.
const Size = 16

// MaxSenders is how many senders a run can tell apart.
const MaxSenders = 1 << 20

// MaxRun is the largest Run, MaxArms how many arms a run can tell apart.
const (
	MaxRun  = 1<<10 - 1
	MaxArms = 1 << 4
)

// MaxAge bounds the time from sent to Decode's now, in either direction: past it a sent instant is off by multiples of 18
// minutes.
const MaxAge = time.Duration(1<<35) * unit

const (
	unit         = 16 * time.Nanosecond
	sentMask     = 1<<36 - 1
	mantissaBits = 19
)

// Kind tells what a message is for.
type Kind uint8

const (
	Measured Kind = iota
	WarmUp
	Probe
)

// Stamp identifies one message of one run.
type Stamp struct {
	Run    uint16 // 0 to MaxRun
	Arm    uint8  // 0 to MaxArms-1
	Kind   Kind
	Sender uint32 // 0 to MaxSenders-1
	Seq    uint32
	// Sent is when the client handed the message to the socket, Intended when the schedule had it leave. Intended is never
	// the later of the two.
	Sent, Intended clock.Instant
}

// Encode writes s into dst.
func (s Stamp) Encode(dst *[Size]byte) {
	head := uint64(s.Run)<<54 | uint64(s.Arm&(MaxArms-1))<<50 | uint64(s.Kind&3)<<48 | uint64(s.Sender&(MaxSenders-1))<<28 | uint64(s.Seq)>>4
	tail := uint64(s.Seq)<<60 | uint64(s.Sent/clock.Instant(unit))&sentMask<<24 | packLag(s.Sent.Sub(s.Intended))
	binary.BigEndian.PutUint64(dst[:8], head)
	binary.BigEndian.PutUint64(dst[8:], tail)
}

// Decode reads a stamp that is at most MaxAge older or younger than now. It reports false for data that no stamp encodes to;
// that a stamp is of this run and names one of its senders is the caller's to check.
func Decode(data []byte, now clock.Instant) (Stamp, bool) {
	if len(data) != Size {
		return Stamp{}, false
	}
	head, tail := binary.BigEndian.Uint64(data[:8]), binary.BigEndian.Uint64(data[8:])
	s := Stamp{
		Run:    uint16(head >> 54),
		Arm:    uint8(head >> 50 & (MaxArms - 1)),
		Kind:   Kind(head >> 48 & 3),
		Sender: uint32(head >> 28 & (MaxSenders - 1)),
		Seq:    uint32(head<<4) | uint32(tail>>60),
		Sent:   unwrap(tail>>24&sentMask, now),
	}
	s.Intended = s.Sent.Add(-unpackLag(tail & (1<<24 - 1)))
	return s, s.Kind <= Probe
}

// unwrap finds the instant nearest to now whose low bits are sent.
func unwrap(sent uint64, now clock.Instant) clock.Instant {
	units := uint64(now / clock.Instant(unit))
	ahead := int64(sent-units) << 28 >> 28 // the difference as a signed number of 36 bits
	return clock.Instant(int64(units)+ahead) * clock.Instant(unit)
}

// packLag rounds d down to a number of 24 bits: small values are themselves, larger ones lose low bits.
func packLag(d time.Duration) uint64 {
	v := uint64(max(d, 0) / unit)
	shift := max(bits.Len64(v)-(mantissaBits+1), 0)
	if v>>mantissaBits == 0 {
		return v
	}
	return uint64(shift+1)<<mantissaBits | v>>shift&(1<<mantissaBits-1)
}

func unpackLag(packed uint64) time.Duration {
	exponent, mantissa := packed>>mantissaBits, packed&(1<<mantissaBits-1)
	if exponent == 0 {
		return time.Duration(mantissa) * unit
	}
	return time.Duration((1<<mantissaBits|mantissa)<<(exponent-1)) * unit
}

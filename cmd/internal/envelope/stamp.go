package envelope

import (
	"encoding/binary"
	"time"
)

// The Correlation Data of a message say when it was sent: a UUID of version 8 (RFC 9562 section 5.8), because Azure IoT
// Operations' SDKs accept 16 bytes and take them for a UUID. Its 122 free bits, most significant first:
//
//	time  60  Unix time in units of 4 ns, by the wall clock of the sender's host; it ends in the year 2116
//	mark  62  tells it from any other UUID of that version
//
// CloudEvents' time has whole seconds there, and __ts is a logical clock that others' clocks move, so neither is of use.
const (
	stampSize = 16
	unit      = 4
	mark      = 0x6d717474726163 // "mqttrac"
	version   = 0x8
	variant   = 0b10
)

// stamp is the Correlation Data of a message sent at t.
func stamp(t time.Time) []byte {
	units := uint64(t.UnixNano()) / unit
	data := make([]byte, stampSize)
	binary.BigEndian.PutUint64(data, units>>12<<16|version<<12|units&0xfff)
	binary.BigEndian.PutUint64(data[8:], variant<<62|mark)
	return data
}

// sentAt reads a stamp; it reports false for any other Correlation Data.
func sentAt(data []byte) (time.Time, bool) {
	if len(data) != stampSize || binary.BigEndian.Uint64(data[8:]) != variant<<62|mark {
		return time.Time{}, false
	}
	head := binary.BigEndian.Uint64(data)
	if head>>12&0xf != version {
		return time.Time{}, false
	}
	return time.Unix(0, int64((head>>16<<12|head&0xfff)*unit)), true
}

package payload

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"mqttrace/scenarios"
)

type counter struct{ start, step int64 }

func (c counter) append(dst []byte, seq uint64, _ time.Time) []byte {
	return strconv.AppendInt(dst, c.start+c.step*int64(seq), 10)
}

type (
	unixSeconds struct{}
	unixMillis  struct{}
	unixNanos   struct{}
	timestamp   string // the layout, quotation marks included
)

func (unixSeconds) append(dst []byte, _ uint64, now time.Time) []byte {
	return strconv.AppendInt(dst, now.Unix(), 10)
}

func (unixMillis) append(dst []byte, _ uint64, now time.Time) []byte {
	return strconv.AppendInt(dst, now.UnixMilli(), 10)
}

func (unixNanos) append(dst []byte, _ uint64, now time.Time) []byte {
	return strconv.AppendInt(dst, now.UnixNano(), 10)
}

func (t timestamp) append(dst []byte, _ uint64, now time.Time) []byte {
	return now.UTC().AppendFormat(dst, string(t))
}

// walk moves from value to value. It writes where it is, then takes a step, so that the first message has Start.
type walk struct {
	scenarios.Walk
	at     float64
	random *rand.Rand
}

func (w *walk) append(dst []byte, _ uint64, _ time.Time) []byte {
	dst = appendDecimal(dst, w.at, w.Decimals)
	w.at += (2*w.random.Float64() - 1) * w.Step
	switch {
	case w.at > w.Max:
		w.at = 2*w.Max - w.at
	case w.at < w.Min:
		w.at = 2*w.Min - w.at
	}
	w.at = min(max(w.at, w.Min), w.Max) // rounding may leave a turn a hair outside
	return dst
}

type normal struct {
	scenarios.Normal
	random *rand.Rand
}

func (n *normal) append(dst []byte, _ uint64, _ time.Time) []byte {
	return appendDecimal(dst, n.Mean+n.StdDev*n.random.NormFloat64(), n.Decimals)
}

// appendDecimal writes v with a fixed number of decimals, and never a negative zero.
func appendDecimal(dst []byte, v float64, decimals int) []byte {
	if v < 0 && v*math.Pow10(decimals) >= -0.5 {
		v = 0
	}
	return strconv.AppendFloat(dst, v, 'f', decimals, 64)
}

// uuid writes identifiers of RFC 9562: version 4, or 7 when timed.
type uuid struct {
	timed  bool
	random *rand.Rand
}

func (u *uuid) append(dst []byte, _ uint64, now time.Time) []byte {
	var id [16]byte
	binary.BigEndian.PutUint64(id[:8], u.random.Uint64())
	binary.BigEndian.PutUint64(id[8:], u.random.Uint64())
	version := byte(0x40)
	if u.timed {
		version = 0x70
		ms := uint64(now.UnixMilli())
		binary.BigEndian.PutUint32(id[:4], uint32(ms>>16))
		binary.BigEndian.PutUint16(id[4:6], uint16(ms))
	}
	id[6] = version | id[6]&0x0F
	id[8] = 0x80 | id[8]&0x3F
	return appendUUID(dst, id)
}

func appendUUID(dst []byte, id [16]byte) []byte {
	from := 0
	for i, to := range [...]int{4, 6, 8, 10, 16} {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, id[from:to])
		from = to
	}
	return dst
}

package offset

import (
	"math"
	"math/bits"
	"time"

	"mqttrace/load/clock"
)

// line says what to add to an instant: offset at anchor, and slope more for each nanosecond after it. The zero line adds nothing.
// It never changes once it is made.
type line struct {
	anchor clock.Instant
	offset time.Duration
	slope  int64 // in 2^-64, so that the drift of weeks is right to the nanosecond
}

// perUnit is how many of line.slope's units make a slope of one.
const perUnit = 1 << 64

// at is what to add to i.
func (l *line) at(i clock.Instant) time.Duration {
	d := int64(i - l.anchor)
	high, _ := bits.Mul64(uint64(d), uint64(l.slope))
	// The upper half of a signed product is that of the unsigned one less each factor where the other is negative.
	return l.offset + time.Duration(int64(high)-(d>>63&l.slope)-(l.slope>>63&d))
}

// before returns the instant that becomes other when the line's offset is added.
func (l *line) before(other clock.Instant) clock.Instant {
	i := other.Add(-l.offset)
	for range 16 { // each step leaves of the error what the slope is, at most a thousandth
		next := other.Add(-l.at(i))
		if next == i {
			break
		}
		i = next
	}
	return i
}

// drift is the line's slope.
func (l *line) drift() float64 { return float64(l.slope) / perUnit }

// apart is how far l and m are apart at i.
func (l *line) apart(m *line, i clock.Instant) time.Duration { return magnitude(l.at(i) - m.at(i)) }

// slopeOf returns drift as a line keeps it.
func slopeOf(drift float64) int64 { return int64(math.Round(drift * perUnit)) }

func magnitude(d time.Duration) time.Duration { return max(d, -d) }

package load

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"time"

	"mqttrace/scenarios"
)

// schedule yields when each message of one sender is due, as offsets from the start of the load. It is a pure function of the
// sender's settings, its index and the seed, and knows no end. Not safe for concurrent use.
type schedule struct {
	// A uniform schedule is first + k × per ÷ messages, which no rounding accumulates in. messages is in millionths.
	first         time.Duration
	per, messages uint64
	k             uint64

	// A Poisson schedule adds up exponential gaps of this mean; random is nil in a uniform one.
	random *rand.Rand
	mean   float64
	at     float64
}

// newSchedule makes the schedule of a sender that has a rate; index is the sender's among all of the run.
func newSchedule(s scenarios.Sender, index uint32, seed uint64) *schedule {
	random := rand.New(rand.NewPCG(seed, uint64(index)))
	if s.Arrival == scenarios.Poisson {
		p := &schedule{random: random, mean: float64(s.Rate.Per) / s.Rate.Messages}
		p.advance()
		return p
	}
	u := &schedule{per: uint64(s.Rate.Per) * millionths, messages: uint64(math.Round(s.Rate.Messages * millionths))}
	if s.StartJitter {
		u.first = time.Duration(random.Float64() * float64(s.Rate.Interval()))
	}
	return u
}

const millionths = 1_000_000

// peek is when the next message is due.
func (s *schedule) peek() time.Duration {
	if s.random != nil {
		return time.Duration(s.at)
	}
	high, low := bits.Mul64(s.k, s.per)
	quotient, _ := bits.Div64(high, low, s.messages)
	return s.first + time.Duration(quotient)
}

// advance goes on to the message after it.
func (s *schedule) advance() {
	if s.random != nil {
		s.at += s.random.ExpFloat64() * s.mean
		return
	}
	s.k++
}

// skipTo advances past every message due before end and returns how many there were.
func (s *schedule) skipTo(end time.Duration) (n uint64) {
	if s.random == nil {
		return s.skipUniform(end)
	}
	for s.peek() < end {
		s.advance()
		n++
	}
	return n
}

func (s *schedule) skipUniform(end time.Duration) uint64 {
	if s.peek() >= end {
		return 0
	}
	// The first k whose quotient reaches the distance is the distance × messages ÷ per, rounded up.
	before := s.k
	high, low := bits.Mul64(uint64(end-s.first), s.messages)
	quotient, rest := bits.Div64(high, low, s.per)
	if rest > 0 {
		quotient++
	}
	s.k = quotient
	return s.k - before
}

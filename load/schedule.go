package load

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"time"

	"mqttrace/scenarios"
)

// schedule yields when each message of one sender is due, as offsets from the start of the load. It is a pure function of the
// sender's settings, its index and the seed. Not safe for concurrent use.
type schedule struct {
	course     course
	begin, end time.Duration // the course begins at begin, and nothing is due from end on
}

// course yields the instants of messages one after the other, as offsets from its own beginning.
type course interface {
	// peek is when the next message is due, or never.
	peek() time.Duration
	// advance goes on to the message after it.
	advance()
	// skipTo advances past every message due before end and returns how many there were.
	skipTo(end time.Duration) uint64
}

// never is when a message is due that is not.
const never = time.Duration(math.MaxInt64)

// place is where a client stands among others.
type place struct {
	inGroup int    // its index in its group
	index   uint32 // among all clients of its side
}

// newSchedule makes the schedule of a sender that has a rate. A group's start and stop count from the end of the warm-up.
func newSchedule(s scenarios.Sender, c place, warmup time.Duration, seed uint64) *schedule {
	random := rand.New(rand.NewPCG(seed, uint64(c.index)))
	p := &schedule{end: never}
	if s.Stop > 0 {
		p.end = warmup + s.Stop.Std()
	}
	if s.Start > 0 {
		p.begin = warmup + s.Start.Std()
		warmup = 0 // none of it is in the course
	}
	switch {
	case len(s.Stages) > 0:
		p.course = newStaged(s, warmup, random)
	case s.Burst != nil:
		p.course = newBursts(s, warmup, random)
	case s.Arrival == scenarios.Poisson:
		p.course = newPoisson(newCurve(s.Rate), random)
	case s.Jitter > 0:
		p.course = newJittered(newUniform(s, c, random), s.Jitter.Std(), random)
	default:
		p.course = newUniform(s, c, random)
	}
	return p
}

// peek is when the next message is due, or never.
func (s *schedule) peek() time.Duration {
	at := s.course.peek()
	if at >= s.end-s.begin {
		return never
	}
	return s.begin + at
}

// advance goes on to the message after it.
func (s *schedule) advance() { s.course.advance() }

// skipTo advances past every message due before end and returns how many there were.
func (s *schedule) skipTo(end time.Duration) uint64 {
	return s.course.skipTo(min(end, s.end) - s.begin)
}

// uniform spaces messages by exactly one interval: message k is due at first + k × per ÷ messages, which no rounding accumulates
// in. messages is in millionths, unless it is 1 or less: per is then the interval, and messages 1.
type uniform struct {
	first         time.Duration
	per, messages uint64
	k             uint64
}

func newUniform(s scenarios.Sender, c place, random *rand.Rand) *uniform {
	u := &uniform{per: uint64(s.Rate.Per) * millionths, messages: uint64(math.Round(s.Rate.Messages * millionths))}
	if s.Rate.Messages <= 1 {
		u.per, u.messages = uint64(math.Round(float64(s.Rate.Per)/s.Rate.Messages)), 1
	}
	switch {
	case !s.StartJitter:
	case s.Interval > 0:
		// Each client has a share of the interval to itself: a few long intervals would otherwise leave gaps and crowds.
		u.first = time.Duration((float64(c.inGroup) + random.Float64()) / float64(s.Count) * float64(s.Interval))
	default:
		u.first = time.Duration(random.Float64() * float64(s.Rate.Interval()))
	}
	return u
}

const millionths = 1_000_000

func (u *uniform) peek() time.Duration {
	high, low := bits.Mul64(u.k, u.per)
	quotient, _ := bits.Div64(high, low, u.messages)
	return u.first + time.Duration(quotient)
}

func (u *uniform) advance() { u.k++ }

func (u *uniform) skipTo(end time.Duration) uint64 {
	if u.peek() >= end {
		return 0
	}
	// The first k whose quotient reaches the distance is the distance × messages ÷ per, rounded up.
	before := u.k
	high, low := bits.Mul64(uint64(end-u.first), u.messages)
	quotient, rest := bits.Div64(high, low, u.per)
	if rest > 0 {
		quotient++
	}
	u.k = quotient
	return u.k - before
}

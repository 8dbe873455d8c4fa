package load

import (
	"math/rand/v2"
	"time"

	"mqttrace/scenarios"
)

// poisson draws exponential gaps in the number of messages that the curve has made due: rescaled so, arrivals are independent
// whatever the rate does.
type poisson struct {
	curve  *curve
	random *rand.Rand
	drawn  float64 // messages, up to the next
	at     time.Duration
}

func newPoisson(c *curve, random *rand.Rand) *poisson {
	p := &poisson{curve: c, random: random}
	p.advance()
	return p
}

func (p *poisson) peek() time.Duration { return p.at }

func (p *poisson) advance() {
	p.drawn += p.random.ExpFloat64()
	p.at = p.curve.at(p.drawn)
}

func (p *poisson) skipTo(end time.Duration) uint64 { return skipOneByOne(p, end) }

// skipOneByOne is the skipTo of courses whose every message is drawn.
func skipOneByOne(c course, end time.Duration) (n uint64) {
	for c.peek() < end {
		c.advance()
		n++
	}
	return n
}

// even spaces messages by one message of a curve, the first a share of one message after its beginning.
type even struct {
	curve *curve
	share float64
	k     uint64
}

func (e *even) peek() time.Duration { return e.of(e.k) }
func (e *even) advance()            { e.k++ }

// of is when message k is due.
func (e *even) of(k uint64) time.Duration { return e.curve.at(float64(k) + e.share) }

func (e *even) skipTo(end time.Duration) uint64 {
	before := e.k
	k := max(e.k, uint64(max(e.curve.count(end)-e.share, 0)))
	for k > before && e.of(k-1) >= end { // what rounding may have put on the wrong side
		k--
	}
	for e.of(k) < end {
		k++
	}
	e.k = k
	return k - before
}

// newStaged follows the stages of a sender, after a warm-up at the rate with which they begin.
func newStaged(s scenarios.Sender, warmup time.Duration, random *rand.Rand) course {
	c := newStagedCurve(s.Stages, warmup)
	if s.Arrival == scenarios.Poisson {
		return newPoisson(c, random)
	}
	e := &even{curve: c}
	if s.StartJitter {
		e.share = random.Float64()
	}
	return e
}

// bursts makes size messages due at a time, the first of those that count at the end of the warm-up.
type bursts struct {
	first, every time.Duration
	size         uint64
	k            uint64
}

func newBursts(s scenarios.Sender, warmup time.Duration, random *rand.Rand) *bursts {
	b := &bursts{every: s.Burst.Every.Std(), size: uint64(s.Burst.Messages)}
	b.first = warmup % b.every
	if s.StartJitter {
		b.first = time.Duration(random.Float64() * float64(b.every))
	}
	return b
}

func (b *bursts) peek() time.Duration { return b.first + time.Duration(b.k/b.size)*b.every }
func (b *bursts) advance()            { b.k++ }

func (b *bursts) skipTo(end time.Duration) uint64 {
	if b.peek() >= end {
		return 0
	}
	before := b.k
	whole := uint64((end - b.first + b.every - 1) / b.every) // bursts that begin before end
	b.k = whole * b.size
	return b.k - before
}

// jittered makes each message of a course due up to so much later, at random; less than the course's interval, so that their
// order stays.
type jittered struct {
	course course
	most   float64
	random *rand.Rand
	late   time.Duration
}

func newJittered(c course, most time.Duration, random *rand.Rand) *jittered {
	j := &jittered{course: c, most: float64(most), random: random}
	j.draw()
	return j
}

func (j *jittered) draw() { j.late = time.Duration(j.random.Float64() * j.most) }

func (j *jittered) peek() time.Duration { return j.course.peek() + j.late }

func (j *jittered) advance() {
	j.course.advance()
	j.draw()
}

func (j *jittered) skipTo(end time.Duration) uint64 { return skipOneByOne(j, end) }

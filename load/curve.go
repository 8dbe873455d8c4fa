package load

import (
	"math"
	"sort"
	"time"

	"mqttrace/scenarios"
)

// curve is a rate that changes in straight lines. It turns a number of messages into the instant at which that many have become
// due, and back: the integral of the rate and its inverse, worked out and not approximated. It is not changed once made.
type curve struct{ pieces []piece }

// piece is a stretch of a curve on one straight line.
type piece struct {
	begin, length time.Duration
	from, to      float64 // messages per second
	before        float64 // messages due before it
}

// newCurve is a rate that never changes.
func newCurve(r scenarios.Rate) *curve {
	return &curve{pieces: []piece{{length: never, from: r.PerSecond(), to: r.PerSecond()}}}
}

// newStagedCurve is a warm-up at the rate with which the stages begin, then the stages, then nothing.
func newStagedCurve(stages []scenarios.Stage, warmup time.Duration) *curve {
	c := new(curve)
	first := stages[0].Rate.PerSecond()
	c.add(warmup, first, first)
	for _, s := range stages {
		c.add(s.For.Std(), s.Rate.PerSecond(), s.To.PerSecond())
	}
	return c
}

func (c *curve) add(length time.Duration, from, to float64) {
	p := piece{length: length, from: from, to: to}
	if n := len(c.pieces); n > 0 {
		last := c.pieces[n-1]
		p.begin, p.before = last.begin+last.length, last.before+last.messages()
	}
	c.pieces = append(c.pieces, p)
}

// messages is how many become due in the piece.
func (p piece) messages() float64 { return (p.from + p.to) / 2 * p.length.Seconds() }

// at is when message n becomes due, counted from 0, parts of messages included: never if that many do not become due. Where
// nothing is due for a while it is the end of that while.
func (c *curve) at(n float64) time.Duration {
	i := sort.Search(len(c.pieces), func(i int) bool {
		p := c.pieces[i]
		return p.before+p.messages() > n
	})
	if i == len(c.pieces) {
		return never
	}
	p := c.pieces[i]
	return p.begin + time.Duration(math.Round(p.seconds(max(n-p.before, 0))*float64(time.Second)))
}

// seconds solves from·t + slope·t²/2 = n for t, in the form that subtracts nothing from nearly itself.
func (p piece) seconds(n float64) float64 {
	slope := p.slope()
	if slope == 0 {
		return n / p.from
	}
	if n == 0 {
		return 0
	}
	root := math.Sqrt(max(p.from*p.from+2*slope*n, 0))
	return min(2*n/(p.from+root), p.length.Seconds())
}

func (p piece) slope() float64 { return (p.to - p.from) / p.length.Seconds() }

// count is how many messages have become due before an instant.
func (c *curve) count(at time.Duration) (n float64) {
	for _, p := range c.pieces {
		if at <= p.begin {
			break
		}
		t := min(at-p.begin, p.length).Seconds()
		n = p.before + p.from*t + p.slope()*t*t/2
	}
	return n
}

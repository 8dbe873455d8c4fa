package offset

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"mqttrace/load/clock"
	"mqttrace/load/result"
)

const (
	// refresh is how long a line is in force.
	refresh = time.Second
	// memory is how much of the past the line in force is fitted to: drift follows temperature, and older windows mislead.
	memory = 10 * time.Minute
	// readyExchanges and readyTime are how many exchanges over how long make a clock ready.
	readyExchanges = 8
	readyTime      = time.Second
	// steps is how many windows in a row must contradict the line for the clock to have stepped.
	steps = 3
)

// Clock maps the instants of this process to those of another, by a line fitted to exchanges. It is safe for concurrent use.
type Clock struct {
	line atomic.Pointer[line] // in force

	mu       sync.Mutex // guards what follows
	same     bool
	fit      fit // what line is of
	windows  []window
	from     int // the first window since the clock stepped
	scratch  []window
	history  []inForce
	first    clock.Instant // the earliest T0
	last     clock.Instant // the latest T3
	taken    uint64
	rejected uint64
	delays   *hdrhistogram.Histogram
}

// inForce is a line and since when it was in force.
type inForce struct {
	line  *line
	since clock.Instant
}

// Same returns a clock that differs from the other by a constant that is known: there is nothing to estimate, and the bound is 0.
func Same(offset time.Duration) *Clock {
	c := &Clock{same: true}
	c.line.Store(&line{offset: offset})
	return c
}

// New returns a clock that nothing is known of yet: it maps instants to themselves until the first Add.
func New() *Clock {
	c := &Clock{delays: hdrhistogram.New(1, int64(time.Hour), 3)}
	c.line.Store(&line{})
	return c
}

// Map returns the other clock's instant at i. It takes a few nanoseconds and no lock, and may be called while Add is. Within a
// second it is monotone; when the line is refreshed it may step back, by less than the bound of Figures.
func (c *Clock) Map(i clock.Instant) clock.Instant { return i.Add(c.line.Load().at(i)) }

// Unmap returns this clock's instant at the other's: the inverse of Map, to the nanosecond, while the same line is in force.
func (c *Clock) Unmap(other clock.Instant) clock.Instant { return c.line.Load().before(other) }

// Add takes in an exchange, in any order, and once a second puts a new line in force. What cannot be is left out and counted:
// a negative delay, a clock that runs backwards, an instant more than nine years from the clock's beginning. It does nothing to a clock made by Same.
func (c *Clock) Add(e Exchange) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.same {
		return
	}
	if !e.possible() {
		c.rejected++
		return
	}
	if c.taken == 0 {
		c.first, c.last = e.T0, e.T3
	}
	early := !c.ready()
	c.take(e)
	if early || e.T3.Sub(c.history[len(c.history)-1].since) >= refresh {
		c.refresh()
	}
}

// take puts e into its window.
func (c *Clock) take(e Exchange) {
	c.taken++
	c.first, c.last = min(c.first, e.T0), max(c.last, e.T3)
	_ = c.delays.RecordValue(min(int64(e.Delay()), int64(time.Hour)))
	w := window{number: numberOf(e), best: e}
	at, found := slices.BinarySearchFunc(c.windows, w, func(a, b window) int { return cmp.Compare(a.number, b.number) })
	switch {
	case !found:
		c.windows = slices.Insert(c.windows, at, w)
		if at < c.from {
			c.from++
		}
	case e.Delay() < c.windows[at].best.Delay():
		c.windows[at] = w
	}
}

// refresh puts in force the line through the windows of late. Windows that contradict the line are waited for: when there are
// enough, the clock has stepped, and what was before is forgotten.
func (c *Clock) refresh() {
	if doubts := c.doubts(); doubts >= steps {
		c.from = len(c.windows) - doubts
	} else if doubts > 0 {
		return
	}
	recent := c.windows[c.from:]
	for recent[len(recent)-1].best.T0.Sub(recent[0].best.T0) > memory {
		recent = recent[1:]
	}
	c.scratch = useful(c.scratch, recent)
	c.fit = fitted(c.scratch)
	l := c.fit.line
	c.line.Store(&l)
	c.history = append(c.history, inForce{&l, c.last})
}

// doubts is how many of the latest windows contradict the line in force, all to the same side.
func (c *Clock) doubts() int {
	if len(c.history) == 0 {
		return 0
	}
	n, side := 0, false
	for _, w := range slices.Backward(c.windows[c.from:]) {
		miss := w.miss(&c.fit.line)
		if magnitude(miss) <= w.slack()+c.fit.reach(c.fit.anchor, w.best.middle()) || n > 0 && miss > 0 != side {
			break
		}
		n, side = n+1, miss > 0
	}
	return n
}

// Ready says whether there were enough exchanges to start with: 8, over a second.
func (c *Clock) Ready() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ready()
}

func (c *Clock) ready() bool {
	return c.same || c.taken >= readyExchanges && c.last.Sub(c.first) >= readyTime
}

// Rejected returns how many exchanges were left out because they cannot have been.
func (c *Clock) Rejected() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rejected
}

// Unknown is the bound of a clock that was never compared: 73 years, of which two can be added.
const Unknown = time.Duration(1 << 61)

// Figures fits the final line to all exchanges and returns its offset at the instant at, which is when the load began, its drift,
// and the bound: how far what Map returned from then on may be off, either way. Without an exchange the bound is Unknown.
func (c *Clock) Figures(at clock.Instant) result.ShardClock {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.same:
		return result.ShardClock{Same: true, OffsetNS: int64(c.line.Load().offset)}
	case c.taken == 0:
		return result.ShardClock{BoundNS: int64(Unknown)}
	}
	c.scratch = useful(c.scratch, c.windows[c.from:])
	final := fitted(c.scratch)
	return result.ShardClock{
		OffsetNS:        int64(final.at(at)),
		DriftPPM:        final.drift() * 1e6,
		BoundNS:         int64(c.bound(final, at) + c.difference(&final.line, at)),
		Exchanges:       c.taken,
		HalfRoundTripNS: c.delays.ValueAtPercentile(50) / 2,
		MinimumDelayNS:  int64(leastDelay(c.windows)),
	}
}

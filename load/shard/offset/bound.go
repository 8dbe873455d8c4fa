package offset

import (
	"time"

	"mqttrace/load/clock"
)

// neighbours is how many windows to either side may stand in for one: the least of a few seconds is nearly the least there is,
// and within so few a step of the clock shows.
const neighbours = 4

// bound is how far f may be off from the instant at to the last exchange. At a window it is off by half the window's delay and how
// far it misses the window's offset, at most; from there on by as much more as its slope may be off. A slow window says little,
// so that its neighbours speak for it, unless it proves the line wrong.
func (c *Clock) bound(f fit, at clock.Instant) time.Duration {
	used := useful(nil, c.windows)
	errors := make([]time.Duration, len(used))
	for i, w := range used {
		errors[i] = Unknown
		for j := max(0, i-neighbours); j < min(len(used), i+neighbours+1); j++ {
			other := used[j]
			errors[i] = min(errors[i], magnitude(other.miss(&f.line))+other.slack()+f.reach(other.best.middle(), w.best.middle()))
		}
	}
	return max(c.between(f, at, used, errors), c.proven(f, at))
}

// between is the most that f may be off at or between used windows that it is off at by errors.
func (c *Clock) between(f fit, at clock.Instant, used []window, errors []time.Duration) time.Duration {
	final := len(used) - 1
	worst := errors[final] + f.reach(used[final].best.middle(), max(c.last, at))
	if first := used[0].best.middle(); at < first {
		worst = max(worst, errors[0]+f.reach(first, at))
	}
	for i := range final {
		left, right := used[i].best.middle(), used[i+1].best.middle()
		if right < at {
			continue
		}
		// Both ends bound what is between; where the two bounds meet, it is the most.
		worst = max(worst, (errors[i]+errors[i+1]+f.reach(left, right)+1)/2)
	}
	return worst
}

// proven is how far f may be off where a window proves that it is off: where it lies outside of what the window's delay allows.
func (c *Clock) proven(f fit, at clock.Instant) time.Duration {
	worst := time.Duration(0)
	for _, w := range c.windows {
		miss := magnitude(w.miss(&f.line))
		if w.best.T3 >= at && miss > w.slack() {
			worst = max(worst, miss+w.slack())
		}
	}
	return worst
}

// difference is the most that the final line says differently from those that were in force since the instant at.
func (c *Clock) difference(final *line, at clock.Instant) time.Duration {
	worst := time.Duration(0)
	for i, h := range c.history {
		until := max(c.last, at)
		if i+1 < len(c.history) {
			until = c.history[i+1].since
		}
		if until >= at {
			worst = max(worst, final.apart(h.line, max(h.since, at)), final.apart(h.line, until))
		}
	}
	return worst
}

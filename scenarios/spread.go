package scenarios

import (
	"encoding/json"
	"fmt"
)

// Spread is a span of time that is drawn anew each time it is needed: evenly between Min and Max, which are equal where it is
// fixed, or exponentially with Mean, which is that of events that know nothing of each other. The zero value is no time at all.
type Spread struct {
	Min, Max Duration
	Mean     Duration // 0 unless it is drawn exponentially
}

// IsZero reports whether it is no time at all.
func (s Spread) IsZero() bool { return s == Spread{} }

// Expected is the mean.
func (s Spread) Expected() Duration {
	if s.Mean > 0 {
		return s.Mean
	}
	return (s.Min + s.Max) / 2
}

// String is the spread as a person reads it: "5ms", "2s to 5s", "30s on average".
func (s Spread) String() string {
	switch {
	case s.Mean > 0:
		return s.Mean.String() + " on average"
	case s.Min != s.Max:
		return s.Min.String() + " to " + s.Max.String()
	}
	return s.Min.String()
}

// MarshalJSON writes s as a scenario file has it.
func (s Spread) MarshalJSON() ([]byte, error) {
	switch {
	case s.Mean > 0:
		return json.Marshal(map[string]Duration{"mean": s.Mean})
	case s.Min != s.Max:
		return json.Marshal(map[string]Duration{"min": s.Min, "max": s.Max})
	}
	return json.Marshal(s.Min)
}

const wantSpread = "a duration such as 5ms, {min: 2s, max: 5s} or {mean: 30s}"

// spread reads a duration, or how it is drawn.
func (d *decoder) spread(to *Spread, least lowest) func(*node) {
	return func(n *node) {
		if n.kind != mapping {
			var fixed Duration
			if n.kind != text && n.kind != number {
				d.wrongType(n, wantSpread)
				return
			}
			d.duration(&fixed, least)(n)
			*to = Spread{Min: fixed, Max: fixed}
			return
		}
		var s Spread
		d.mapping(n,
			optional("min", d.duration(&s.Min, mayBeZero)),
			optional("max", d.duration(&s.Max, aboveZero)),
			optional("mean", d.duration(&s.Mean, aboveZero)),
		)
		if d.drawn(n, s, least) {
			*to = s
		}
	}
}

// drawn checks a spread that is not fixed.
func (d *decoder) drawn(n *node, s Spread, least lowest) bool {
	mean, high := n.get("mean"), n.get("max")
	switch {
	case !n.sound():
	case mean != nil && (high != nil || n.get("min") != nil):
		d.report(mean, "min and max draw evenly, mean exponentially", "one or the other")
	case mean != nil:
		return true
	case high == nil:
		d.report(n, "there is no longest time", wantSpread)
	case s.Max < s.Min:
		d.report(high, fmt.Sprintf("it is less than min, %s", s.Min), "at least "+s.Min.String())
	case s.Min < Duration(least):
		d.report(n, "min may be no time at all", "a min of more than 0s")
	default:
		return true
	}
	return false
}

package load

import (
	"math/rand/v2"
	"time"

	"mqttrace/load/clock"
	"mqttrace/scenarios"
)

// draw draws a span of time.
func draw(s scenarios.Spread, random *rand.Rand) time.Duration {
	switch {
	case s.Mean > 0:
		return time.Duration(random.ExpFloat64() * float64(s.Mean))
	case s.Min == s.Max:
		return s.Min.Std()
	}
	return s.Min.Std() + time.Duration(random.Float64()*float64(s.Max-s.Min))
}

// linger blocks a handler, or until the run is over.
func (r *run) linger(d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.over:
	}
}

// stall blocks the handler while its group is stalled.
func (v *receiver) stall() {
	s := v.group.Stall
	if s.For == 0 {
		return
	}
	begin := v.run.counting().Add(s.At.Std())
	if now, end := clock.Now(), begin.Add(s.For.Std()); now >= begin && now < end {
		v.run.linger(end.Sub(now))
		v.free = end
	}
}

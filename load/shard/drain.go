package shard

import (
	"time"

	"mqttrace/load/clock"
)

// draining is how far the draining of the whole run is.
type draining struct {
	since    clock.Instant // when all had begun; 0 before
	complete clock.Instant // since when all that is owed has arrived; 0 if something has not
	limit    time.Duration
}

// checkDrain decides when all that is owed in the whole run has arrived, or is waited for no longer: not without a shard that is gone.
func (l *lead) checkDrain(now clock.Instant) {
	if l.state.Drained != nil {
		return
	}
	d := &l.drain
	var owed, got uint64
	for i := range l.seats {
		of := l.seats[i].report.Drain
		if !l.seats[i].live() {
			l.endDrain(false)
			return
		}
		if of == nil {
			return
		}
		owed, got, d.limit = owed+of.Owed, got+of.Got, max(d.limit, of.Limit)
	}
	if d.since == 0 {
		d.since = now
	}
	switch {
	case got < owed:
		d.complete = 0
	case d.complete == 0:
		d.complete = now
	}
	complete := d.complete != 0 && now.Sub(d.complete) >= l.spec.pace.settled
	if complete || now.Sub(d.since) >= d.limit {
		l.endDrain(complete)
	}
}

func (l *lead) endDrain(complete bool) {
	l.state.Drained = &complete
	l.change()
}

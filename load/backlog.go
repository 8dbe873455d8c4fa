package load

import (
	"context"
	"slices"
	"sync"
	"time"

	"mqttrace/load/clock"
	"mqttrace/load/record"
	"mqttrace/load/result"
)

const (
	// backlogEvery is how often a backlog is looked at.
	backlogEvery = 20 * time.Millisecond
	// drainedShare of its highest, or less, counts as a backlog that is gone, as what was under way before does.
	drainedShare = 0.01
	// drainedFor is how long a backlog must be gone before it is looked at no more.
	drainedFor = time.Second
)

// tally counts what some subscriptions are owed and what has arrived of it. Those whose members come and go are left out: they are owed
// only part of what is sent. Safe for concurrent use.
type tally struct {
	sent    []sentTo
	inboxes []*record.Inbox
}

// sentTo is a route of a sender, and how many of the subscriptions are owed its messages.
type sentTo struct {
	*routed
	copies uint64
}

// tally is of the subscriptions that a group is a member of for which of is true.
func (r *run) tally(of func(group string) bool) *tally {
	t := new(tally)
	counted := make([]uint64, len(r.router.sets)) // subscriptions by their filters
	for _, sub := range r.subscriptions {
		if sub.presence == nil && sub.isHeld(of) {
			counted[sub.set]++
			t.inboxes = append(t.inboxes, sub.inboxes()...)
		}
	}
	for _, s := range r.mine.senders {
		for i, path := range s.paths.routes {
			var copies uint64
			for _, h := range path.hits {
				copies += counted[h.set]
			}
			for _, l := range s.lanes {
				if copies > 0 {
					t.sent = append(t.sent, sentTo{&l.routed[i], copies})
				}
			}
		}
	}
	return t
}

// isHeld reports whether a member of the subscription is of a group that is held back.
func (s *subscription) isHeld(holds func(group string) bool) bool {
	return slices.ContainsFunc(s.members, func(v *receiver) bool { return holds(v.group.Name) })
}

// read is what is owed and what has arrived, messages that the broker refused left out.
func (t *tally) read() (now standing) {
	for _, b := range t.inboxes {
		now.received += b.Distinct()
	}
	for _, s := range t.sent {
		now.owed += s.delivered() * s.copies
	}
	now.at = clock.Now()
	return now
}

// standing is a tally at an instant.
type standing struct {
	at             clock.Instant
	owed, received uint64
}

func (s standing) level() uint64 { return s.owed - min(s.owed, s.received) }

// backlog is what receivers that are held back are owed and have not got. Safe for concurrent use.
type backlog struct {
	lost uint64 // of what they were owed; counted after the run

	mu       sync.Mutex // guards what follows
	counting clock.Instant
	before   uint64     // the most of the second before
	readings []standing // from its begin on
	peak     standing   // the last of the highest level
}

// watchBacklog looks at what is owed to the receivers that an episode holds back, until that is gone, or ctx ends.
func (r *run) watchBacklog(ctx context.Context, e *episode) {
	w, b, t := newWaiter(), e.backlog, r.tally(e.holds)
	if len(t.inboxes) == 0 {
		return
	}
	begins := r.counting().Add(e.fault.At.Std())
	at := max(begins.Add(-underWay), r.counting())
	for r.pacer.wait(ctx, w, at) == nil {
		now := t.read()
		if now.at >= begins.Add(recoveryWatched) || b.add(now, r.counting(), begins) && e.isOver(now.at) {
			return
		}
		at = max(at.Add(backlogEvery), now.at)
	}
	b.add(t.read(), r.counting(), begins) // all that is going to arrive has
}

// isOver reports whether the episode has been over for drainedFor.
func (e *episode) isOver(now clock.Instant) bool {
	ended := clock.Instant(e.ended.Load())
	return ended != 0 && now.Sub(ended) >= drainedFor
}

// add takes a reading of a fault that begins at an instant, and reports whether the backlog has been gone for drainedFor; counting is when
// the measured phase began.
func (b *backlog) add(next standing, counting, begins clock.Instant) (gone bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.counting = counting
	if next.at < begins {
		b.before = max(b.before, next.level())
		return false
	}
	b.readings = append(b.readings, next)
	if next.level() >= b.peak.level() {
		b.peak = next
	}
	last, level := b.readings[max(len(b.readings)-int(drainedFor/backlogEvery), 0):], b.gone()
	return next.at.Sub(begins) >= drainedFor && !slices.ContainsFunc(last, func(s standing) bool { return s.level() > level })
}

// gone is the level from which on the backlog counts as gone, if nothing of it is lost. The caller holds mu.
func (b *backlog) gone() uint64 { return max(b.before, uint64(drainedShare*float64(b.peak.level()))) }

// result is the backlog as the result has it; nil if it was not looked at.
func (b *backlog) result() *result.Backlog {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.readings) == 0 {
		return nil
	}
	peak, gone := b.peak, b.gone()
	f := &result.Backlog{Before: b.before, Peak: peak.level(), PeakAtNS: int64(peak.at.Sub(b.counting)), Lost: b.lost}
	if peak.level() <= gone+b.lost {
		if b.lost == 0 { // there was none
			f.DrainedNS = new(int64(0))
		}
		return f
	}
	for _, s := range b.readings {
		if took := s.at.Sub(peak.at); took > 0 && s.level() <= gone+b.lost {
			f.DrainedNS = new(int64(took))
			f.ReceivedRatePerS = float64(s.received-peak.received) / took.Seconds()
			f.OwedRatePerS = float64(s.owed-peak.owed) / took.Seconds()
			break
		}
	}
	return f
}

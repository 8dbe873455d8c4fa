package load

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"mqttrace/load/mqtt"
	"mqttrace/load/record"
)

// presence is when the members of a subscription were there, if the scenario lets them come late, leave early, or come and go. What
// is owed is then what can be proved to have been sent while somebody was there: from each sender the messages that it began to
// publish after the SUBACK, up to those that it had handed to its socket when the receiver began to leave. The receiver then waits
// for them before it says DISCONNECT. What it gets besides, in the moments of coming and going, is owed because it arrived.
type presence struct {
	from []*sender // those whose messages the subscription is for

	mu      sync.Mutex // guards what follows
	windows []*window
	open    map[*receiver]*window // by the member that is there
}

// window is a time in which one member was there: the messages of each sender from low up to high.
type window struct {
	member    *receiver
	low, high []mark // by the index in presence.from; high is nil while the member is there, and low is not changed
}

// mark is a place among the messages of a sender that count: how many come before it, in all and of each route.
type mark struct {
	seq    uint32
	routes []uint32
}

// presenceOf makes the windows of a subscription; they are nil where its members are there all the time.
func presenceOf(sub *subscription) *presence {
	if sub.group.Lifetime.IsZero() && sub.group.Start == 0 && sub.group.Stop == 0 {
		return nil
	}
	return &presence{from: sub.from, open: make(map[*receiver]*window)}
}

// mark is the place behind the last message that the sender has handed to its socket, or, if issued, behind the one that it is
// publishing.
func (l *lane) mark(issued bool) (m mark) {
	m.routes = make([]uint32, len(l.routed))
	for range markAttempts {
		before := l.issued.Load()
		m.seq = 0
		for i := range l.routed {
			m.routes[i] = uint32(l.routed[i].handed.Load())
			m.seq += m.routes[i]
		}
		if issued && m.seq < before {
			m.routes[l.publishing.Load()]++
			m.seq++
		}
		if l.issued.Load() == before && l.handed() <= uint64(m.seq) {
			break // nothing was sent in between
		}
	}
	return m
}

// markAttempts bounds how often a mark is tried to be read while the sender goes on: each takes less than a message does.
const markAttempts = 1000

// arrive opens a window, unless the member has one: it has its SUBACK.
func (p *presence) arrive(v *receiver) {
	w := &window{member: v}
	for _, s := range p.from {
		w.low = append(w.low, s.lanes[0].mark(true))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open[v] == nil {
		p.open[v] = w
		p.windows = append(p.windows, w)
	}
}

// of are the windows of one member, in order.
func (p *presence) of(v *receiver) (all []*window) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.windows {
		if w.member == v {
			all = append(all, w)
		}
	}
	return all
}

// depart closes the window of a member that begins to leave; nil if it has none.
func (p *presence) depart(v *receiver) *window {
	var high []mark
	for _, s := range p.from {
		high = append(high, s.lanes[0].mark(false))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.open[v]
	if w != nil {
		w.high = high
		delete(p.open, v)
	}
	return w
}

// stretch is a window, or several that overlap, as one sender sees them.
type stretch struct{ low, high mark }

// stretches are all windows as the sender at an index sees them, in order and without overlaps. Those that are open end at now.
func (p *presence) stretches(sender int, now mark) (all []stretch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.windows {
		s := stretch{low: w.low[sender], high: now}
		if w.high != nil && w.high[sender].seq < now.seq {
			s.high = w.high[sender]
		}
		if s.low.seq < s.high.seq {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b stretch) int { return cmp.Compare(a.low.seq, b.low.seq) })
	return merged(all)
}

func merged(sorted []stretch) (all []stretch) {
	for _, s := range sorted {
		if n := len(all); n > 0 && s.low.seq <= all[n-1].high.seq {
			if s.high.seq > all[n-1].high.seq {
				all[n-1].high = s.high
			}
			continue
		}
		all = append(all, s)
	}
	return all
}

// within reports whether a message is in one of the stretches.
func within(parts []stretch, seq uint32) bool {
	return slices.ContainsFunc(parts, func(p stretch) bool { return seq >= p.low.seq && seq < p.high.seq })
}

// due is what a sender owes to a subscription in a stretch, and how much of that has arrived.
func (sub *subscription) due(s *sender, part stretch, account record.Account) (owed, got uint64) {
	for i, path := range s.paths.routes {
		if path.matches(sub.set) > 0 {
			owed += uint64(part.high.routes[i] - part.low.routes[i])
		}
	}
	owed -= min(owed, s.lanes[0].turnedDown.Within(part.low.seq, part.high.seq))
	return owed, account.Within(part.low.seq, part.high.seq)
}

// dueInAll is due of all stretches.
func (sub *subscription) dueInAll(sender int, account record.Account) (owed, got uint64) {
	s := sub.presence.from[sender]
	for _, part := range sub.presence.stretches(sender, s.lanes[0].mark(false)) {
		o, g := sub.due(s, part, account)
		owed, got = owed+o, got+g
	}
	return owed, got
}

// hasArrived reports whether a subscription has all that is owed to it by now.
func (r *run) hasArrived(sub *subscription) bool {
	if sub.presence == nil {
		return sub.distinct() >= r.owed(sub)
	}
	inboxes := sub.inboxes()
	for i, s := range sub.presence.from {
		if owed, got := sub.dueInAll(i, record.AccountOf(r.flowOf(s.index, 0), inboxes)); got < owed {
			return false
		}
	}
	return true
}

// hasArrivedIn reports whether a subscription has what is owed to it in a window that is closed.
func (r *run) hasArrivedIn(sub *subscription, w *window) bool {
	inboxes := sub.inboxes()
	for i, s := range sub.presence.from {
		if owed, got := sub.due(s, stretch{w.low[i], w.high[i]}, record.AccountOf(r.flowOf(s.index, 0), inboxes)); got < owed {
			return false
		}
	}
	return true
}

// arrive notes that the receiver is subscribed, for the first time or again.
func (v *receiver) arrive() {
	if v.sub.presence != nil {
		v.sub.presence.arrive(v)
	}
}

// leave gives up the receiver's connection when everything that has been sent to it has arrived, or ctx ends.
func (v *receiver) leave(ctx context.Context, how mqtt.Leaving) {
	v.depart(ctx)
	v.client.Leave(how)
}

// awaitEvery is how often a receiver that leaves looks whether everything has arrived.
const awaitEvery = 5 * time.Millisecond

// depart closes the receiver's window and waits for what is in it. A session that outlives the connection is not left: the broker
// keeps what is sent meanwhile.
func (v *receiver) depart(ctx context.Context) {
	if v.settings().SessionExpiry > 0 {
		return
	}
	w := v.sub.presence.depart(v)
	if w == nil {
		return
	}
	again := time.NewTicker(awaitEvery)
	defer again.Stop()
	for !v.run.hasArrivedIn(v.sub, w) {
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

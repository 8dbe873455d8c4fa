package load

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
	"mqttrace/load/record"
)

// presence is when the members of a subscription were there, if the scenario lets them come late, leave early, or come and go. What
// is owed is then what can be proved to have been sent while somebody was there: from each sender the messages that it began to
// publish after the SUBACK, up to those that it had handed to its socket when the receiver began to leave. The receiver then waits
// for them before it says DISCONNECT. What it gets besides, in the moments of coming and going, is owed because it arrived.
//
// A member of a shared subscription that leaves would take with it what it has been given of the messages that are owed to the others.
// It says UNSUBSCRIBE first, when nothing that is owed until then is missing, goes on until everything that may have been given to it
// before the UNSUBACK has arrived and been acknowledged, and says DISCONNECT then. What is sent when nobody is there is owed to nobody.
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
	for _, v := range sub.members {
		if !v.group.Lifetime.IsZero() || v.group.Start > 0 || v.group.Stop > 0 {
			return &presence{from: sub.from, open: make(map[*receiver]*window)}
		}
	}
	return nil
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
	w := &window{member: v, low: p.marks(true)}
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
	high := p.marks(false)
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.open[v]
	if w != nil {
		w.high = high
		delete(p.open, v)
	}
	return w
}

// forget takes back the window that a member has opened on a connection that it had begun to give up: it waits for nothing in it.
func (p *presence) forget(v *receiver) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w := p.open[v]; w != nil {
		p.windows = slices.DeleteFunc(p.windows, func(other *window) bool { return other == w })
		delete(p.open, v)
	}
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

// dueBetween is due of everything from one place among a sender's messages to another that was sent while a member was there.
func (sub *subscription) dueBetween(sender int, low, high mark, account record.Account) (owed, got uint64) {
	for _, part := range sub.presence.stretches(sender, high) {
		if part.low.seq < low.seq {
			part.low = low
		}
		if part.low.seq < part.high.seq {
			o, g := sub.due(sub.presence.from[sender], part, account)
			owed, got = owed+o, got+g
		}
	}
	return owed, got
}

// marks are the places that all senders have come to.
func (p *presence) marks(issued bool) (all []mark) {
	for _, s := range p.from {
		all = append(all, s.lanes[0].mark(issued))
	}
	return all
}

// beginning is the place before a sender's first message.
func (p *presence) beginning(sender int) mark {
	return mark{routes: make([]uint32, len(p.from[sender].lanes[0].routed))}
}

// hasArrived reports whether a subscription has all that is owed to it by now.
func (r *run) hasArrived(sub *subscription) bool {
	if sub.presence == nil {
		return sub.distinct() >= r.owed(sub)
	}
	var low []mark
	for i := range sub.presence.from {
		low = append(low, sub.presence.beginning(i))
	}
	return r.missingBetween(sub, low, sub.presence.marks(false)) == 0
}

// missingBetween is how much has not arrived of what is owed to a subscription from the places of all senders on to others.
func (r *run) missingBetween(sub *subscription, low, high []mark) (n uint64) {
	inboxes := sub.inboxes()
	for i, s := range sub.presence.from {
		owed, got := sub.dueBetween(i, low[i], high[i], record.AccountOf(r.flowOf(s.index, 0), inboxes))
		n += owed - min(owed, got)
	}
	return n
}

// arrive notes that the receiver is subscribed, for the first time or again.
func (v *receiver) arrive() {
	v.departed.Store(false)
	if v.sub.presence != nil {
		v.sub.presence.arrive(v)
	}
}

// leave gives up the receiver's connection when everything that has been sent to it has arrived, or nothing more of it does. A session that outlives
// the connection is not left: the broker keeps what is sent meanwhile. A receiver that is not back yet from last time has nothing to
// leave.
func (v *receiver) leave(ctx context.Context, how mqtt.Leaving) {
	if v.group.SessionExpiry > 0 || v.depart(ctx) {
		v.client.Leave(how)
	}
}

// hasLeft is told that the connection that the receiver gave up has ended, before it makes the next one. If it had lost the one that it
// was about to give up, it has given up the one after, as soon as it was subscribed.
func (v *receiver) hasLeft() {
	if v.sub.presence != nil && v.group.SessionExpiry == 0 {
		v.sub.presence.forget(v)
	}
}

// depart closes the receiver's window and waits for what is in it, and for what it has been given of what others are owed. It reports
// whether there was a window.
func (v *receiver) depart(ctx context.Context) bool {
	w := v.sub.presence.depart(v)
	if w == nil {
		return false
	}
	if !v.await(ctx, func() uint64 { return v.run.missingBetween(v.sub, w.low, w.high) }) {
		return true
	}
	if v.group.ShareName() != "" && !v.withdraw(ctx, w.low) {
		return true
	}
	v.departed.Store(true)
	return true
}

// withdraw ends the receiver's part in a shared subscription; low is from where on it had one.
func (v *receiver) withdraw(ctx context.Context, low []mark) bool {
	asking, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	if err := v.client.Withdraw(asking); err != nil {
		v.run.warn("delivery", "%v: what the broker has given the client since it left is lost", err)
		return false
	}
	high := v.sub.presence.marks(true)
	return v.await(ctx, func() uint64 {
		return v.run.missingBetween(v.sub, low, high) + uint64(v.client.Unanswered())
	})
}

// A receiver that leaves looks again whether everything has arrived after awaitFirst, then after twice that, up to awaitMost.
const awaitFirst, awaitMost = 2 * time.Millisecond, 64 * time.Millisecond

// await waits until nothing is missing, and reports whether that came to be: it gives up when ctx ends, or when what is missing has not
// become less for settleLimit. A slow machine takes longer than that in all.
func (v *receiver) await(ctx context.Context, missing func() uint64) bool {
	least, since := missing(), clock.Now()
	for wait := awaitFirst; least > 0; wait = min(2*wait, awaitMost) {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return false
		}
		n, now := missing(), clock.Now()
		switch {
		case n < least:
			least, since = n, now
		case now.Sub(since) > settleLimit:
			return false
		}
	}
	return true
}

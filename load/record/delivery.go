package record

import (
	"sync"
	"sync/atomic"
)

// Inbox is what one receiver got, flow by flow. It is safe for concurrent use.
type Inbox struct {
	mu    sync.Mutex // guards flows, and the journals in it
	flows []*shelf   // of 64 flows each; nil until the first message of one of them

	distinct, duplicated, flagged, reordered, foreign, late atomic.Uint64

	sessions             atomic.Uint32 // that have ended
	duplicates, reorders sightings
}

// shelf holds the journals of flows whose numbers follow each other: of ten thousand senders a receiver often hears one.
type shelf [shelfSize]*journal

const shelfSize = 64

// journal is what has arrived of a flow; nil if nothing has. The caller holds mu.
func (b *Inbox) journal(flow int) *journal {
	if s := b.flows[flow/shelfSize]; s != nil {
		return s[flow%shelfSize]
	}
	return nil
}

// begin makes the journal of a flow. The caller holds mu.
func (b *Inbox) begin(flow int) *journal {
	s := b.flows[flow/shelfSize]
	if s == nil {
		s = new(shelf)
		b.flows[flow/shelfSize] = s
	}
	s[flow%shelfSize] = new(journal)
	return s[flow%shelfSize]
}

// journal is what one receiver got of one flow.
type journal struct {
	seen       sequences
	next       uint64         // one past the highest sequence number seen on the first topic
	onOthers   map[int]uint64 // the same by topic, for flows of several
	duplicated uint64
	reordered  uint64
	highest    uint64 // one past the highest sequence number seen on any topic
	session    uint32 // how many sessions had ended at the last message
	gaps       []gap
}

// NewInbox makes the inbox of a receiver that that many flows may reach. A flow is a sequence of messages counted from 0: one
// for each sender and arm.
func NewInbox(flows int) *Inbox { return &Inbox{flows: make([]*shelf, (flows+shelfSize-1)/shelfSize)} }

// Add enters message seq of a flow, which came on the flow's n-th topic; dup is its DUP flag. It reports whether this is the first
// copy. Order is judged topic by topic: MQTT promises none between two (MQTT 5 section 4.6).
func (b *Inbox) Add(flow, topic int, seq uint32, dup bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	j := b.journal(flow)
	if j == nil {
		j = b.begin(flow)
	}
	if !j.seen.add(seq) {
		j.duplicated++
		b.duplicated.Add(1)
		b.duplicates.add(flow, seq)
		if dup {
			b.flagged.Add(1)
		}
		return false
	}
	b.distinct.Add(1)
	j.enter(seq, b.sessions.Load())
	if !j.inOrder(topic, uint64(seq)) {
		j.reordered++
		b.reordered.Add(1)
		b.reorders.add(flow, seq)
	}
	return true
}

// inOrder reports whether no later message of the topic came before.
func (j *journal) inOrder(topic int, seq uint64) bool {
	next := j.next
	if topic != 0 {
		next = j.onOthers[topic]
	}
	if seq < next {
		return false
	}
	switch {
	case topic == 0:
		j.next = seq + 1
	case j.onOthers == nil:
		j.onOthers = map[int]uint64{topic: seq + 1}
	default:
		j.onOthers[topic] = seq + 1
	}
	return true
}

// AddForeign counts a message that this run did not send.
func (b *Inbox) AddForeign() { b.foreign.Add(1) }

// AddLate counts a message that arrived when nothing was counted any more.
func (b *Inbox) AddLate() { b.late.Add(1) }

// Distinct is how many different messages have arrived so far.
func (b *Inbox) Distinct() uint64 { return b.distinct.Load() }

// Totals are an inbox's counts, or the sums of several.
type Totals struct {
	Duplicated, DuplicatedFlagged, Reordered, Foreign, Late uint64
}

// Totals adds up what several inboxes counted.
func TotalsOf(inboxes []*Inbox) Totals {
	var t Totals
	for _, b := range inboxes {
		t.Duplicated += b.duplicated.Load()
		t.DuplicatedFlagged += b.flagged.Load()
		t.Reordered += b.reordered.Load()
		t.Foreign += b.foreign.Load()
		t.Late += b.late.Load()
	}
	return t
}

// Account is what a set of inboxes that share one subscription, or a single inbox, got of one flow.
type Account struct {
	Distinct, Duplicated, Reordered uint64

	seen sequences
	gaps []gap
}

// AccountOf settles one flow with the inboxes that share a subscription. A message that two of them got is a duplicate. Order
// is judged by each inbox: a shared subscription promises none between its members.
func AccountOf(flow int, inboxes []*Inbox) Account {
	var a Account
	var copies uint64
	for _, b := range inboxes {
		copies += a.add(b, flow)
	}
	a.Distinct = a.seen.size
	a.Duplicated = copies - a.Distinct
	return a
}

// add takes in what one inbox got of a flow and returns how many copies of messages that is.
func (a *Account) add(b *Inbox, flow int) (copies uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a.gaps = append(a.gaps, b.gapsOf(flow)...)
	j := b.journal(flow)
	if j == nil {
		return 0
	}
	a.Reordered += j.reordered
	a.seen.union(&j.seen)
	return j.seen.size + j.duplicated
}

// Within is how many different messages from low up to high, high left out, arrived.
func (a Account) Within(low, high uint32) uint64 { return a.seen.within(low, high) }

// Missing calls yield for each sequence number below sent that never arrived, in order, until it returns false.
func (a Account) Missing(sent uint32, yield func(uint32) bool) { a.seen.missing(sent, yield) }

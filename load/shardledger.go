package load

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"mqttrace/load/record"
)

// Of a run of several processes, the shards, each knows what its own senders sent and what its own receivers got. It writes that down,
// and whoever has what all of them wrote settles the delivery ledger as one process would have.

// ledgerVersion is of the format of what a shard writes.
const ledgerVersion = 1

// ledgerOf writes down what the delivery ledger is settled from of the clients of a share. They have ended by now.
func (r *run) ledgerOf(s *share) (string, error) {
	data := r.appendHead(nil, s)
	for i, from := range r.senders {
		if s.has(i) {
			for _, l := range from.lanes {
				data = l.appendTo(data)
			}
		}
	}
	for _, v := range r.receivers {
		if s.has(r.senderCount + v.index) {
			data = v.appendTo(data, s)
		}
	}
	return pack(data)
}

// appendHead appends what tells whether the ledger is of the run that it is taken for.
func (r *run) appendHead(data []byte, s *share) []byte {
	data = record.AppendUints(data, ledgerVersion, uint64(len(r.label)))
	data = append(data, r.label...)
	return record.AppendUints(data, uint64(s.index), uint64(s.of), uint64(len(r.arms)), uint64(len(r.episodes.all)), r.wills.Load())
}

// appendTo appends what became of a lane's messages.
func (l *lane) appendTo(data []byte) []byte {
	data = record.AppendUints(data, uint64(l.issued.Load()))
	for i := range l.routed {
		to := &l.routed[i]
		data = record.AppendUints(data, to.handed.Load(), to.refused.Load())
		if len(l.routed) > 1 {
			data = to.taken.AppendTo(data)
		}
	}
	data = l.abandoned.AppendTo(l.turnedDown.AppendTo(data))
	data = record.AppendUints(data, uint64(len(l.marks)))
	for _, seq := range l.marks {
		data = record.AppendUints(data, uint64(seq))
	}
	return data
}

// appendTo appends what the receiver got, and when it was there as far as the senders of its own share can tell.
func (v *receiver) appendTo(data []byte, s *share) []byte {
	data = v.inbox.AppendTo(data)
	if v.sub.presence == nil {
		return data
	}
	windows := v.sub.presence.of(v)
	data = record.AppendUints(data, uint64(len(windows)))
	for _, w := range windows {
		for i, from := range v.sub.presence.from {
			if !s.has(int(from.index)) {
				continue
			}
			high := from.lanes[0].mark(false)
			if w.high != nil {
				high = w.high[i]
			}
			data = high.appendTo(w.low[i].appendTo(data))
		}
	}
	return data
}

func (m mark) appendTo(data []byte) []byte {
	for _, n := range m.routes {
		data = record.AppendUints(data, uint64(n))
	}
	return data
}

// pack makes text of data.
func pack(data []byte) (string, error) {
	var packed bytes.Buffer
	text := base64.NewEncoder(base64.StdEncoding, &packed)
	w, err := gzip.NewWriterLevel(text, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(data)
		err = errors.Join(err, w.Close(), text.Close())
	}
	if err != nil {
		return "", fmt.Errorf("write the ledger: %w", err)
	}
	return packed.String(), nil
}

// maxLedger is the most that a ledger may hold, in bytes: ten times that of a million clients of which each has sent or received
// 100,000 messages with some lost.
const maxLedger = 1 << 28

// unpack makes data of text again.
func unpack(text string) ([]byte, error) {
	r, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(text)))
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(r, maxLedger+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > maxLedger:
		return nil, fmt.Errorf("it has more than %d bytes", maxLedger)
	}
	return data, nil
}

// savedLedger is the ledger of one shard as it is read: its senders before the receivers of any.
type savedLedger struct {
	*record.Decoder
	share *share
	label string
	// copies is how many messages reached its receivers, copies included; strays how many of them came from shards that are missing.
	copies, strays uint64
}

// openLedger reads what tells of which run a ledger is. r has everybody.
func (r *run) openLedger(text string, s *share, memory *int64) (*savedLedger, error) {
	data, err := unpack(text)
	if err != nil {
		return nil, err
	}
	l := &savedLedger{Decoder: record.NewDecoder(data, memory), share: s}
	l.Want(ledgerVersion, "version")
	l.label = l.Text(256, "label of the run")
	l.Want(uint64(s.index), "index of the shard")
	l.Want(uint64(s.of), "number of shards")
	l.Want(uint64(len(r.arms)), "number of arms")
	l.Want(uint64(len(r.episodes.all)), "number of faults")
	r.wills.Add(l.Uint(math.MaxUint32, "will messages"))
	return l, l.Err()
}

// senders reads what became of the messages of the shard's senders.
func (l *savedLedger) senders(r *run) error {
	for i, from := range r.senders {
		if !l.share.has(i) {
			continue
		}
		for _, lane := range from.lanes {
			l.lane(lane, len(r.episodes.all))
		}
		if err := l.Err(); err != nil {
			return fmt.Errorf("sender %d: %w", i, err)
		}
	}
	return nil
}

func (l *savedLedger) lane(to *lane, faults int) {
	issued := uint32(l.Uint(math.MaxUint32, "sent"))
	to.issued.Store(issued)
	left := uint64(issued)
	for i := range to.routed {
		handed := l.Uint(left, "handed over")
		left -= handed
		to.routed[i].handed.Store(handed)
		to.routed[i].refused.Store(l.Uint(uint64(issued), "refused"))
		if len(to.routed) > 1 {
			l.Numbers(&to.routed[i].taken, issued, "taken")
		}
	}
	if left > 1 { // one may be on its way
		l.Fail("%d of %d messages were not handed over", left, issued)
	}
	l.Numbers(&to.turnedDown, issued, "refused")
	l.Numbers(&to.abandoned, issued, "abandoned")
	for range l.Uint(uint64(faults), "faults") {
		to.marks = append(to.marks, uint32(l.Uint(uint64(issued), "message of a fault")))
	}
}

// receivers reads what the shard's receivers got. The senders of all shards have been read, but of those that are missing: nobody knows
// how many messages those sent.
func (l *savedLedger) receivers(r *settlement) error {
	flows := r.senderCount * len(r.arms)
	isMissing := func(flow int) bool { return !r.isThere(flow / len(r.arms)) }
	issued := func(flow int) uint32 {
		if isMissing(flow) {
			return math.MaxUint32
		}
		return r.senders[flow/len(r.arms)].lanes[flow%len(r.arms)].issued.Load()
	}
	for i, v := range r.receivers {
		if !l.share.has(r.senderCount + i) {
			continue
		}
		v.inbox = l.Inbox(flows, issued)
		if p := v.sub.presence; p != nil {
			for n := l.Uint(math.MaxUint32, "times it was there"); n > 0 && l.Err() == nil; n-- {
				l.window(p)
			}
		}
		if err := l.Err(); err != nil {
			return fmt.Errorf("receiver %d: %w", i, err)
		}
		l.copies += v.inbox.Copies()
		l.strays += v.inbox.CopiesOf(isMissing)
	}
	l.End()
	return l.Err()
}

// window reads a time in which a member was there. To senders of other shards it is empty: what of theirs was sent in it cannot be told
// to the message, so that of theirs only what has arrived is owed.
func (l *savedLedger) window(p *presence) {
	w := new(window)
	for _, from := range p.from {
		if !l.Take(markBytes) {
			return
		}
		var low, high mark
		if l.share.has(int(from.index)) {
			low, high = l.mark(from.lanes[0]), l.mark(from.lanes[0])
			low.atMost(high)
		}
		w.low, w.high = append(w.low, low), append(w.high, high)
	}
	if l.Take(markBytes) {
		p.windows = append(p.windows, w)
	}
}

// markBytes is how much memory the marks of one sender take.
const markBytes = 128

func (l *savedLedger) mark(of *lane) (m mark) {
	for i := range of.routed {
		n := uint32(l.Uint(of.routed[i].handed.Load()+1, "place in what was sent")) // one may have been taken back
		m.routes = append(m.routes, n)
		m.seq += n
	}
	return m
}

// atMost moves a place that is behind another to that.
func (m *mark) atMost(other mark) {
	m.seq = 0
	for i := range m.routes {
		m.routes[i] = min(m.routes[i], other.routes[i])
		m.seq += m.routes[i]
	}
}

package record

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"mqttrace/load/result"
)

// Decoder reads what AppendTo and AppendUints have written. Whatever the data is, it takes no more memory than it may: the first thing
// that is wrong is kept for Err, and what is read after that is zero. Not safe for concurrent use.
type Decoder struct {
	data   []byte
	memory *int64 // that may still be taken, in bytes
	err    error
}

// NewDecoder makes a decoder of data. memory is how many bytes what is read may take, which several decoders may share.
func NewDecoder(data []byte, memory *int64) *Decoder { return &Decoder{data: data, memory: memory} }

// Err is the first thing that was wrong; nil if nothing was.
func (d *Decoder) Err() error { return d.err }

// Fail notes that something is wrong with what was read.
func (d *Decoder) Fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf(format, args...)
		d.data = nil
	}
}

// End fails if there is more to read.
func (d *Decoder) End() {
	if len(d.data) > 0 {
		d.Fail("%d bytes too many", len(d.data))
	}
}

var errCutOff = errors.New("it is cut off")

// Uint reads a number of most at most; what is what it counts, for the error.
func (d *Decoder) Uint(most uint64, what string) uint64 {
	if d.err != nil {
		return 0
	}
	v, n := binary.Uvarint(d.data)
	if n <= 0 {
		d.Fail("%s: %w", what, errCutOff)
		return 0
	}
	d.data = d.data[n:]
	if v > most {
		d.Fail("%s: %d, want %d at most", what, v, most)
		return 0
	}
	return v
}

// Text reads that many bytes, most at most.
func (d *Decoder) Text(most uint64, what string) string {
	n := d.Uint(most, what)
	if n > uint64(len(d.data)) {
		d.Fail("%s: %w", what, errCutOff)
		return ""
	}
	text := string(d.data[:n])
	d.data = d.data[n:]
	return text
}

// Want fails unless the next number is what it should be.
func (d *Decoder) Want(want uint64, what string) {
	if got := d.Uint(math.MaxUint64, what); d.err == nil && got != want {
		d.Fail("%s: %d, want %d", what, got, want)
	}
}

// Take accounts for so many bytes of memory and reports whether they may be taken.
func (d *Decoder) Take(bytes int64) bool {
	if d.err != nil {
		return false
	}
	if bytes > *d.memory {
		d.Fail("it wants more memory than it may have")
		return false
	}
	*d.memory -= bytes
	return true
}

// counted bounds counts, so that sums of a million of them are what they should be.
const counted = math.MaxUint32 << 8

// Numbers reads a set of numbers below end into an empty one.
func (d *Decoder) Numbers(into *Numbers, end uint32, what string) {
	if beyond := d.sequences(&into.set, uint64(end), what); beyond > 0 {
		d.Fail("%s: %d numbers of messages that were not sent", what, beyond)
	}
}

const (
	pageBytes    = 8*pageWords + 16
	pointerBytes = 8
	journalBytes = 256 // with its share of a shelf
)

// sequences reads a set of sequence numbers. It leaves those from end on out and returns how many there are.
func (d *Decoder) sequences(into *sequences, end uint64, what string) (beyond uint64) {
	var last uint64
	for range d.Uint(math.MaxUint32, what) {
		first := last + d.Uint(math.MaxUint32, what)
		last = first + d.Uint(math.MaxUint32+1, what)
		if last > math.MaxUint32+1 || last == first {
			d.Fail("%s: a run from %d up to %d", what, first, last)
		}
		until := min(last, max(first, end))
		beyond += last - until
		if until > first && d.Take(into.cost(first, until)) {
			into.addRun(first, until)
		}
		if d.err != nil {
			return 0
		}
	}
	return beyond
}

// cost is how much memory a run takes at most that comes after all numbers of the set, in bytes.
func (s *sequences) cost(first, end uint64) (bytes int64) {
	begins, ends := int(first/pageBits), int(end/pageBits)
	if grows := ends + 1 - len(s.pages); grows > 0 {
		bytes += 2 * pointerBytes * int64(grows) // what grows doubles
	}
	if begins >= len(s.pages) || s.pages[begins] == nil {
		bytes += pageBytes
	}
	if ends > begins {
		bytes += pageBytes
	}
	return bytes
}

// Inbox reads the inbox of a receiver that that many flows may reach, of each of which end says how many messages were sent. What
// arrived of others is foreign.
func (d *Decoder) Inbox(flows int, end func(flow int) uint32) *Inbox {
	b := NewInbox(flows)
	b.sessions.Store(uint32(d.Uint(math.MaxUint32, "sessions")))
	b.flagged.Store(d.Uint(counted, "flagged"))
	b.foreign.Store(d.Uint(counted, "foreign"))
	b.late.Store(d.Uint(counted, "late"))
	next := uint64(0)
	for range d.Uint(uint64(flows), "flows") {
		flow := next + d.Uint(uint64(flows), "flow")
		if flow >= uint64(flows) {
			d.Fail("flow %d of %d", flow, flows)
		}
		if !d.Take(journalBytes) {
			return b
		}
		d.journal(b, b.begin(int(flow)), uint64(end(int(flow))))
		next = flow + 1
	}
	b.duplicates, b.reorders = d.sightings(flows), d.sightings(flows)
	return b
}

// journal reads what an inbox got of one flow.
func (d *Decoder) journal(b *Inbox, j *journal, end uint64) {
	b.foreign.Add(d.sequences(&j.seen, end, "received"))
	j.duplicated = d.Uint(counted, "duplicated")
	j.reordered = d.Uint(counted, "reordered")
	j.session = uint32(d.Uint(uint64(b.sessions.Load()), "session"))
	j.highest = j.seen.highest()
	var last uint64
	for range d.Uint(math.MaxUint32, "gaps") {
		first := last + d.Uint(math.MaxUint32, "gap")
		last = first + d.Uint(math.MaxUint32, "gap")
		if last > math.MaxUint32+1 {
			d.Fail("a gap from %d up to %d", first, last)
		}
		if !d.Take(2 * pointerBytes * 2) {
			return
		}
		j.gaps = append(j.gaps, gap{first, last})
	}
	b.distinct.Add(j.seen.size)
	b.duplicated.Add(j.duplicated)
	b.reordered.Add(j.reordered)
}

// highest is one past the highest number; 0 of an empty set.
func (s *sequences) highest() (end uint64) {
	s.runs(func(_, last uint64) bool { end = last; return true })
	return end
}

func (d *Decoder) sightings(flows int) (all sightings) {
	for range d.Uint(result.MaxExamples, "examples") {
		flow := d.Uint(uint64(max(flows-1, 0)), "flow of an example")
		all.add(int(flow), uint32(d.Uint(math.MaxUint32, "example")))
	}
	return all
}

// Copies is how many messages have arrived so far, copies included.
func (b *Inbox) Copies() uint64 { return b.distinct.Load() + b.duplicated.Load() }

// CopiesOf is how many messages have arrived so far of some flows, copies included.
func (b *Inbox) CopiesOf(isMeant func(flow int) bool) (n uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for flow, j := range b.all {
		if isMeant(flow) {
			n += j.seen.size + j.duplicated
		}
	}
	return n
}

package record

import "encoding/binary"

// What the delivery ledger is settled from can be written down and read again, by another process: numbers as uvarints, sets of
// sequence numbers as runs, so that messages that arrived in order take next to nothing.

// AppendTo appends the set to data, for Decoder.Numbers.
func (n *Numbers) AppendTo(data []byte) []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.set.appendTo(data)
}

// appendTo appends how many runs there are, then of each how many numbers are left out before it and how many it has.
func (s *sequences) appendTo(data []byte) []byte {
	var count, last uint64
	var runs []byte
	s.runs(func(first, end uint64) bool {
		runs = AppendUints(runs, first-last, end-first)
		count, last = count+1, end
		return true
	})
	return append(binary.AppendUvarint(data, count), runs...)
}

// AppendUints appends numbers to data, for Decoder.Uint.
func AppendUints(data []byte, numbers ...uint64) []byte {
	for _, n := range numbers {
		data = binary.AppendUvarint(data, n)
	}
	return data
}

// AppendTo appends what the inbox got to data, for Decoder.Inbox.
func (b *Inbox) AppendTo(data []byte) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	data = AppendUints(data, uint64(b.sessions.Load()), b.flagged.Load(), b.foreign.Load(), b.late.Load())
	var count, next uint64
	var journals []byte
	for flow, j := range b.all {
		journals = j.appendTo(binary.AppendUvarint(journals, uint64(flow)-next))
		count, next = count+1, uint64(flow)+1
	}
	data = append(binary.AppendUvarint(data, count), journals...)
	return appendSightings(appendSightings(data, b.duplicates), b.reorders)
}

// all are the journals by flow, in order. The caller holds mu.
func (b *Inbox) all(yield func(flow int, j *journal) bool) {
	for i, s := range b.flows {
		if s == nil {
			continue
		}
		for n, j := range s {
			if j != nil && !yield(i*shelfSize+n, j) {
				return
			}
		}
	}
}

func (j *journal) appendTo(data []byte) []byte {
	data = j.seen.appendTo(data)
	data = AppendUints(data, j.duplicated, j.reordered, uint64(j.session), uint64(len(j.gaps)))
	var last uint64
	for _, g := range j.gaps {
		data = AppendUints(data, g.first-last, g.end-g.first)
		last = g.end
	}
	return data
}

func appendSightings(data []byte, all sightings) []byte {
	data = binary.AppendUvarint(data, uint64(len(all)))
	for _, s := range all {
		data = AppendUints(data, uint64(s.Flow), uint64(s.Seq))
	}
	return data
}

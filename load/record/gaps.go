package record

// gap is a range of sequence numbers, the end left out.
type gap struct{ first, end uint64 }

// SessionEnded notes that the receiver's session has ended with its connection. What was under way to it, and what is sent until it
// has subscribed again, nobody has promised to deliver: that is, in each flow, whatever is missing between the last message before
// and the first one after. It is called when the messages of the old connection have all been added, and may be from another goroutine.
func (b *Inbox) SessionEnded() { b.sessions.Add(1) }

// enter notes the gap that the end of a session has left in a flow, when the first message after it arrives.
func (j *journal) enter(seq uint32, session uint32) {
	if uint64(seq) < j.highest {
		return
	}
	if j.session != session && uint64(seq) > j.highest {
		j.gaps = append(j.gaps, gap{j.highest, uint64(seq)})
	}
	j.session, j.highest = session, uint64(seq)+1
}

// gapsOf are all the gaps of a flow, that included which nothing has come after.
func (b *Inbox) gapsOf(flow int) []gap {
	j, session := b.journal(flow), b.sessions.Load()
	switch {
	case j == nil && session > 0:
		return []gap{{0, 1 << 32}}
	case j == nil:
		return nil
	case j.session != session:
		return append(j.gaps[:len(j.gaps):len(j.gaps)], gap{j.highest, 1 << 32})
	}
	return j.gaps
}

// IsPromised reports whether somebody was bound to deliver a message of the flow as far as the receivers' sessions are concerned.
func (a Account) IsPromised(seq uint32) bool {
	for _, g := range a.gaps {
		if g.first <= uint64(seq) && uint64(seq) < g.end {
			return false
		}
	}
	return true
}

package observe

import (
	"slices"

	"mqttrace/load/result"
)

// relation is what makes a producer span and a consumer span one message.
type relation uint8

const (
	byParent relation = iota
	byLink
	byAncestor
	byTrace
)

// mostSteps bounds the way from a consumer span up to its producer's, and mostCandidates the producers of one trace that are
// considered for a consumer that names none.
const (
	mostSteps      = 64
	mostCandidates = 64
)

// addProducer makes a producer known to its trace. One that consumers have waited for in vain is late: it has been counted as
// missing.
func (o *Observer) addProducer(p *span) {
	m := o.inTrace(p.key.trace)
	p.slot = len(m.producers)
	m.producers = append(m.producers, p)
	if o.missed.has(&p.key) {
		o.counts.Late++
		p.received++
	}
}

// addConsumer looks for the producer of a message, first where the conventions want it to be found.
func (o *Observer) addConsumer(c *span) {
	o.inTrace(c.key.trace).waiting++
	c.isWaiting = true
	if c.parent != (spanKey{}) {
		o.follow(c, c.parent, byParent)
	}
	for _, l := range c.links {
		if l != c.parent {
			o.follow(c, l, byLink)
		}
	}
	if !c.isPaired && o.isLate(c) {
		o.counts.Late++
		o.settle(c)
	}
}

// isLate reports whether what leads to the producer has been given up already.
func (o *Observer) isLate(c *span) bool {
	for _, k := range c.awaits {
		if o.judged.has(&k) {
			return true
		}
	}
	return false
}

// follow goes from a consumer up to its producer, or to a span that has not arrived, which it then awaits.
func (o *Observer) follow(c *span, at spanKey, by relation) {
	for range mostSteps {
		h := o.held[at]
		switch {
		case h == nil:
			c.awaits = append(c.awaits, at)
			o.awaiting[at] = append(o.awaiting[at], c)
			return
		case h.role == producer:
			o.pair(h, c, by)
			return
		case h.role == consumer:
			c.isInner = true
			return
		case h.parent == (spanKey{}):
			return
		}
		at, by = h.parent, byAncestor
	}
}

// arrive goes on from a span that consumers have waited for.
func (o *Observer) arrive(s *span) {
	waiting := o.awaiting[s.key]
	if waiting == nil {
		return
	}
	delete(o.awaiting, s.key)
	for _, c := range waiting {
		if i := slices.Index(c.awaits, s.key); i >= 0 {
			c.awaits = slices.Delete(c.awaits, i, i+1)
		}
		o.follow(c, s.key, c.relationTo(s.key))
	}
}

func (s *span) relationTo(k spanKey) relation {
	switch {
	case k == s.parent:
		return byParent
	case slices.Contains(s.links, k):
		return byLink
	default:
		return byAncestor
	}
}

// settle takes a consumer off the list of those that look for a producer.
func (o *Observer) settle(c *span) {
	if !c.isWaiting {
		return
	}
	c.isWaiting = false
	m := o.traces[c.key.trace]
	m.waiting--
	o.forgetTrace(c.key.trace)
}

// pair counts one message, from p to c.
func (o *Observer) pair(p, c *span, by relation) {
	p.received++
	c.isPaired = true
	o.settle(c)
	if c.isRetained && by != byParent {
		o.total.messages.Retained++
		return
	}
	o.total.add(p, c, by)
	o.skews.add(p, c)
	o.lately.add(c.start - p.start)
}

// expire judges the spans that have waited for as long as they may.
func (o *Observer) expire(now int64) {
	for s := o.queue.peek(); s != nil && now-s.arrived >= int64(o.cfg.Window); s = o.queue.peek() {
		o.queue.pop()
		if o.isReprieved(s) {
			s.arrived, s.isReprieve = now, true
			o.queue.push(s)
			continue
		}
		o.release(s, false)
	}
}

// isReprieved reports whether a producer is to wait once more: nobody has received its message, but its trace has a consumer
// whose own wait is not over and who may turn out to be the one.
func (o *Observer) isReprieved(s *span) bool {
	return s.role == producer && s.received == 0 && !s.isReprieve && o.traces[s.key.trace].waiting > 0
}

// evict judges the oldest span to make room.
func (o *Observer) evict() {
	s := o.queue.peek()
	o.queue.pop()
	o.counts.Evicted++
	o.release(s, true)
}

// finish judges all that is left. Open says that more would have come: live, and from files that break off.
func (o *Observer) finish(now int64, open bool) {
	o.isFinished = true
	for s := o.queue.peek(); s != nil; s = o.queue.peek() {
		o.queue.pop()
		if o.isReprieved(s) {
			s.isReprieve = true
			o.queue.push(s)
			continue
		}
		// The other half of a message may have been on its way.
		o.release(s, open && !s.isReprieve && now-s.arrived < int64(settling))
	}
}

// isAtTheStart reports whether the other half of a message may have arrived before the observation began.
func (o *Observer) isAtTheStart(s *span) bool {
	if o.cfg.Recorded {
		return o.cfg.CutOff && s.arrived-o.begun < int64(settling)
	}
	return s.start < o.started.UnixNano()
}

// release lets go of a span. Early says that its message may have been completed had it waited longer.
func (o *Observer) release(s *span, early bool) {
	delete(o.held, s.key)
	switch s.role {
	case producer:
		o.releaseProducer(s, early)
	case consumer:
		o.releaseConsumer(s, early)
	}
}

func (o *Observer) releaseProducer(p *span, early bool) {
	m := o.traces[p.key.trace]
	last := len(m.producers) - 1
	m.producers[p.slot] = m.producers[last]
	m.producers[p.slot].slot = p.slot
	m.producers[last] = nil
	m.producers = m.producers[:last]
	o.forgetTrace(p.key.trace)
	o.judged.add(&p.key, o.cfg.MaxSpans)
	switch {
	case p.received > 0 || o.isTransport(p):
	case early || o.isAtTheStart(p):
		o.total.messages.Unjudged++
	default:
		o.broken.add(result.ProducerAlone, p)
	}
}

// isTransport tells a CLIENT span that sends messages which have producer spans of their own.
func (o *Observer) isTransport(p *span) bool {
	if !p.isClient {
		return false
	}
	if len(p.links) > 0 {
		return true
	}
	parent := o.held[p.parent]
	return parent != nil && parent.role == producer || o.judged.has(&p.parent)
}

func (o *Observer) releaseConsumer(c *span, early bool) {
	isOpen := early && len(c.awaits) > 0
	o.stopAwaiting(c, early)
	if c.isPaired || !c.isWaiting {
		return
	}
	o.settle(c)
	p := o.candidate(c)
	switch {
	case c.isInner:
	case isOpen:
		o.total.messages.Unjudged++
	case p != nil:
		o.pair(p, c, byTrace)
		o.broken.add(result.WrongParent, c)
	case c.parent == (spanKey{}) && len(c.links) == 0:
		o.broken.add(result.NoParent, c)
	case c.isRetained:
		o.total.messages.Retained++
	case o.isAtTheStart(c):
		o.total.messages.Unjudged++
	default:
		o.broken.add(result.ConsumerAlone, c)
	}
}

// stopAwaiting takes a consumer off the lists of what it awaits. What never arrived, and should have, was lost.
func (o *Observer) stopAwaiting(c *span, early bool) {
	for _, k := range c.awaits {
		o.awaiting[k] = without(o.awaiting[k], c)
		if len(o.awaiting[k]) == 0 {
			delete(o.awaiting, k)
		}
		if early || c.isRetained || o.isAtTheStart(c) || o.judged.has(&k) {
			continue
		}
		if o.missed.add(&k, o.cfg.MaxSpans) {
			o.losses.gap(c.service.name)
		}
	}
	c.awaits = nil
}

// without removes a span from a list, in which it is the first as a rule: spans are let go in the order of their arrival.
func without(all []*span, s *span) []*span {
	switch i := slices.Index(all, s); i {
	case -1:
		return all
	case 0:
		return all[1:]
	default:
		return slices.Delete(all, i, i+1)
	}
}

// candidate is the producer that a consumer without any reference to one most likely belongs to: of its trace, on the same
// topic if that is known, not received by anybody yet, and the last to have started before.
func (o *Observer) candidate(c *span) (best *span) {
	m := o.traces[c.key.trace]
	if m == nil {
		return nil
	}
	for _, p := range m.producers[max(0, len(m.producers)-mostCandidates):] {
		if p.received > 0 && !c.isOnTopicOf(p) && p.topic != "" && c.topic != "" {
			continue
		}
		if best == nil || c.prefers(p, best) {
			best = p
		}
	}
	return best
}

// prefers reports whether p is more likely than q to be the producer of c.
func (s *span) prefers(p, q *span) bool {
	switch {
	case s.isOnTopicOf(p) != s.isOnTopicOf(q):
		return s.isOnTopicOf(p)
	case (p.received == 0) != (q.received == 0):
		return p.received == 0
	case p.isClient != q.isClient:
		return !p.isClient
	case (p.start <= s.start) != (q.start <= s.start):
		return p.start <= s.start
	default:
		return p.start > q.start
	}
}

// isOnTopicOf reports whether two spans name the same topic, or the same pattern where they do not both name a topic.
func (s *span) isOnTopicOf(p *span) bool {
	if s.exact != "" && p.exact != "" {
		return s.exact == p.exact
	}
	return s.topic == p.topic
}

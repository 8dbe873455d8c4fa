package mqtt

import (
	"context"
	"math"
	"slices"
	"sync"

	"github.com/eclipse/paho.golang/packets"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt/packet"
)

// leanSession is what a lean client has under way, by packet identifier, from one connection to the next. It is the send window
// too.
type leanSession struct {
	// keeps says that a broker may know the session after a loss: packets are then kept to be sent again.
	keeps bool

	mu       sync.Mutex // guards what follows
	slots    []slot     // by identifier, from 1
	free     []uint16   // identifiers of slots that are free
	used     int        // messages
	limit    int        // of used
	order    uint64     // of the last message
	received map[uint16]struct{}
	waiting  bool          // somebody waits on freed, who has not been told yet of
	changed  bool          // room that there is
	freed    chan struct{} // holds a token when there may be room; nil until somebody waits
}

// stage is what a slot waits for.
type stage uint8

const (
	freeSlot stage = iota
	reserved
	awaitsPuback
	awaitsPubrec
	awaitsPubcomp
	awaitsAnswer // SUBACK or UNSUBACK
)

type slot struct {
	stage       stage
	order       uint64
	publication Publication
	frame       []byte // to send again; the memory stays when the slot is free
	answer      chan<- packets.Packet
}

func newLeanSession(keeps bool) *leanSession {
	return &leanSession{keeps: keeps}
}

// reserve takes an identifier for a message, unless the window is full: then it is 0 and the next room is signalled on freed.
func (s *leanSession) reserve() uint16 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used >= s.limit {
		s.wait()
		return 0
	}
	id := s.take()
	if id > 0 {
		s.used++
		s.slots[id-1].stage = reserved
	}
	return id
}

// take takes a free slot; the caller holds mu. It is 0 if there is none.
func (s *leanSession) take() uint16 {
	if n := len(s.free); n > 0 {
		id := s.free[n-1]
		s.free = s.free[:n-1]
		return id
	}
	if len(s.slots) == math.MaxUint16 {
		return 0
	}
	s.slots = append(s.slots, slot{})
	return uint16(len(s.slots))
}

// publish notes that a message with a reserved identifier is being sent as frame.
func (s *leanSession) publish(id uint16, p Publication, frame []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.order++
	one := &s.slots[id-1]
	one.order, one.publication, one.stage = s.order, p, awaitsPuback
	if frame[0]>>1&3 == 2 {
		one.stage = awaitsPubrec
	}
	if s.keeps {
		one.frame = append(one.frame[:0], frame...)
	}
}

// forget gives a reserved identifier back.
func (s *leanSession) forget(id uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used--
	s.clear(id)
}

// clear frees a slot; the caller holds mu.
func (s *leanSession) clear(id uint16) {
	frame := s.slots[id-1].frame
	if cap(frame) > chunkSize {
		frame = nil
	}
	s.slots[id-1] = slot{frame: frame[:0]}
	s.free = append(s.free, id)
	s.changed = true
}

// acknowledged takes an acknowledgement of a message. answer is the PUBREL to send with the reason code given, if send.
func (s *leanSession) acknowledged(kind byte, a *packet.Acknowledgement, at clock.Instant) (send bool, code byte) {
	s.mu.Lock()
	current := freeSlot
	if int(a.ID) <= len(s.slots) {
		current = s.slots[a.ID-1].stage
	}
	var done Publication
	switch {
	case kind == packet.Puback && current == awaitsPuback, kind == packet.Pubcomp && current == awaitsPubcomp,
		kind == packet.Pubrec && current == awaitsPubrec && a.ReasonCode >= 0x80:
		done = s.slots[a.ID-1].publication
		s.used--
		s.clear(a.ID)
	case kind == packet.Pubrec && (current == awaitsPubrec || current == awaitsPubcomp):
		s.slots[a.ID-1].stage = awaitsPubcomp // the message is the broker's and never sent again
		send = true
	case kind == packet.Pubrec:
		send, code = true, identifierNotFound
	}
	s.mu.Unlock()
	if done != nil {
		done.Acknowledged(outcomeFrom(a, at))
	}
	return send, code
}

const identifierNotFound = 0x92

func outcomeFrom(a *packet.Acknowledgement, at clock.Instant) Outcome {
	outcome := Outcome{At: at, ReasonCode: a.ReasonCode}
	if outcome.ReasonCode >= 0x80 {
		outcome.Reason = string(a.ReasonString)
	}
	return outcome
}

// wake tells whoever waits that there is room; called when all that was read has been handled, so that a burst of
// acknowledgements wakes a sender once.
func (s *leanSession) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.waiting || !s.changed {
		return
	}
	s.waiting, s.changed = false, false
	select {
	case s.freed <- struct{}{}:
	default:
	}
}

// again calls send with each packet that a new connection must begin with, in the order of the messages.
func (s *leanSession) again(send func(frame []byte)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ids []uint16
	for i := range s.slots {
		if s.slots[i].publication != nil {
			ids = append(ids, uint16(i+1))
		}
	}
	slices.SortFunc(ids, func(a, b uint16) int { return int(s.slots[a-1].order) - int(s.slots[b-1].order) })
	for _, id := range ids {
		one := &s.slots[id-1]
		if one.stage == awaitsPubcomp {
			send(packet.AppendAck(nil, packet.Pubrel, id, 0))
			continue
		}
		one.frame[0] |= packet.DuplicateFlag
		send(one.frame)
	}
}

// arrived reports whether a message of QoS 2 has been handled already, and notes it from now on.
func (s *leanSession) arrived(id uint16) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, known := s.received[id]
	return known
}

func (s *leanSession) handled(id uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.received == nil {
		s.received = make(map[uint16]struct{})
	}
	s.received[id] = struct{}{}
}

// released forgets a message of QoS 2 whose PUBREL came, and returns PUBCOMP's reason code.
func (s *leanSession) released(id uint16) byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.received[id]; !known {
		return identifierNotFound
	}
	delete(s.received, id)
	return 0
}

// ask takes an identifier for a SUBSCRIBE or UNSUBSCRIBE, 0 if all are in use; asked gives it back.
func (s *leanSession) ask(answer chan<- packets.Packet) uint16 {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.take()
	if id > 0 {
		s.slots[id-1].stage, s.slots[id-1].answer = awaitsAnswer, answer
	}
	return id
}

func (s *leanSession) asked(id uint16) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear(id)
}

// answered hands a SUBACK or UNSUBACK to whoever waits for it.
func (s *leanSession) answered(id uint16, p packets.Packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := int(id) - 1; i >= 0 && i < len(s.slots) && s.slots[i].stage == awaitsAnswer {
		select {
		case s.slots[i].answer <- p: // has room for one
		default:
		}
	}
}

func (s *leanSession) inFlight() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.used
}

func (s *leanSession) setLimit(n int) {
	s.mu.Lock()
	s.limit, s.changed = n, true
	s.mu.Unlock()
	s.wake()
}

// settle implements session.
func (s *leanSession) settle(ctx context.Context, retired <-chan struct{}) {
	for s.unsettled() {
		select {
		case <-s.freed:
		case <-retired:
			return
		case <-ctx.Done():
			return
		}
	}
}

func (s *leanSession) unsettled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used == 0 {
		s.waiting = false
		return false
	}
	s.wait()
	return true
}

// wait notes that somebody is about to wait on freed; the caller holds mu.
func (s *leanSession) wait() {
	s.waiting = true
	if s.freed == nil {
		s.freed = make(chan struct{}, 1)
	}
}

// abandon reports every unacknowledged message as lost with its session.
func (s *leanSession) abandon() {
	s.mu.Lock()
	var lost []Publication
	for i := range s.slots {
		if p := s.slots[i].publication; p != nil {
			lost = append(lost, p)
			s.used--
			s.clear(uint16(i + 1))
		}
	}
	s.received = nil
	s.mu.Unlock()
	s.wake()
	for _, p := range lost {
		p.Acknowledged(Outcome{At: clock.Now(), Err: ErrSessionLost})
	}
}

func (s *leanSession) close() { s.abandon() }

package load

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.golang/paho"
	"go.opentelemetry.io/otel/trace"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
	"mqttrace/load/payload"
	"mqttrace/load/record"
	"mqttrace/load/stamp"
	"mqttrace/propagation"
	"mqttrace/scenarios"
)

// sender is one client that publishes on its schedule. One goroutine at a time runs it, the pacer's where it can; counts may be read
// at any time.
type sender struct {
	run   *run
	group *scenarios.Sender
	place
	addresses
	client *mqtt.Client

	schedule *schedule // nil when the rate is max, and when there is none
	lanes    []*lane   // by arm
	choose   chooser
	*sending
	failure atomic.Pointer[error]
}

// sending is what a sender has once it sends; one that is idle never does.
type sending struct {
	waiter *waiter
	out    *outgoing
	sent   clock.Instant // of the message being published
	latest clock.Instant // when the message before it was due
	made   uint64        // messages of any kind
	begun  begun         // the message that the pacer could not send
	// payload is the memory of payloads that are made anew.
	payload []byte
	warmed  uint32 // messages that do not count

	// onTime is what the client had been held for when the sender was last on time: what it has been held for since then is
	// the broker's share of the lag.
	onTime time.Duration
}

// lane is what is of one arm at one sender. Its counts are of the messages that count.
type lane struct {
	arm       *arm
	outbounds []*outbound    // by topic template
	payloads  *payload.Group // of the sender's group, of which payload is
	payload   *payload.Source

	issued  atomic.Uint32 // given to the client, the one being published included
	acked   atomic.Uint64
	unknown atomic.Uint64 // their session was lost before their acknowledgement
	routed  []routed      // by the sender's routes

	marks []uint32 // the first sequence number that may be lost to each episode
	// turnedDown were refused by the broker; abandoned were unacknowledged when their session ended with its connection.
	turnedDown, abandoned record.Numbers

	publishing atomic.Int32 // the route of the message issued last
}

// routed is what is of one route.
type routed struct {
	handed, refused atomic.Uint64
	taken           record.Numbers // the sequence numbers of what was handed over, if there is more than one route
}

// hand notes that a message has been handed to the socket.
func (l *lane) hand(route int, seq uint32) {
	l.routed[route].handed.Add(1)
	if len(l.routed) > 1 {
		l.routed[route].taken.Add(seq)
	}
}

// delivered is how many messages the broker is to deliver.
func (r *routed) delivered() uint64 {
	handed, refused := r.handed.Load(), r.refused.Load()
	return handed - min(handed, refused)
}

// handed is how many messages have been given to the socket.
func (l *lane) handed() (n uint64) {
	for i := range l.routed {
		n += l.routed[i].handed.Load()
	}
	return n
}

func newSender(r *run, group *scenarios.Sender, inGroup int, index uint32, to addresses, lanes []*lane) *sender {
	s := &sender{run: r, group: group, place: place{inGroup, index}, addresses: to, lanes: lanes, choose: newChooser(group, inGroup, r.scenario.Seed)}
	if !group.Rate.Max && !group.Idle {
		s.schedule = s.newSchedule()
	}
	return s
}

// sends is when the group starts and stops, in the load's own time.
func (s *sender) sends() (from, until time.Duration) {
	until = never
	if s.group.Start > 0 {
		from = (s.run.scenario.Warmup + s.group.Start).Std()
	}
	if s.group.Stop > 0 {
		until = (s.run.scenario.Warmup + s.group.Stop).Std()
	}
	return from, until
}

// newSchedule is the sender's schedule from its beginning.
func (s *sender) newSchedule() *schedule {
	return newSchedule(*s.group, s.place, s.run.scenario.Warmup.Std(), s.run.scenario.Seed)
}

// outbound is what a lane does to the messages of a topic. It is made with the first of them: a list may name many topics.
func (s *sender) outbound(l *lane, topic int) *outbound {
	template := 0
	if s.group.Topic.Space == 0 {
		template = topic
	}
	if l.outbounds[template] == nil {
		endpoint := endpointOf(s.run.clientID("s", s.index), s.run.target.settings.Address)
		if s.group.Topic.Space == 0 {
			endpoint.Topic = s.topics.names[topic]
		}
		if text := s.group.Topic.Templates[template]; strings.Contains(text, "{") {
			endpoint.Template = text
		}
		l.outbounds[template] = newOutbound(l.arm, endpoint)
		if s.run.scenario.Client == scenarios.Lean {
			l.outbounds[template].inject = new(propagation.Injector).Inject // the lean client encodes a message at once
		}
	}
	return l.outbounds[template]
}

// copies is how many of each message of a topic receivers are owed.
func (s *sender) copies(topic int) uint32 { return s.paths.routes[s.paths.of(topic)].copies }

func (s *sender) settings() mqtt.Settings {
	settings := s.run.target.settings
	settings.Implementation = mqtt.Implementation(s.run.scenario.Client)
	settings.ClientID = s.run.clientID("s", s.index)
	settings.ReceiveMaximum = 8 // nothing is sent to it
	settings.LocalAddress = s.run.source(len(s.run.receivers) + int(s.index))
	settings.Window = s.group.Window
	settings.TopicAlias = s.group.TopicAlias
	settings.Via = s.run.roads.via(senderRoad(s.group.Name))
	keepSession(&settings, s.group.SessionExpiry)
	settings.Will = s.will()
	connectAs(&settings, s.group.ConnectOptions)
	return settings
}

// drive has everything published that is due before the end of the load, or until ctx ends and the sender is interrupted. done is
// called then, from any goroutine.
func (s *sender) drive(ctx context.Context, done func()) {
	if s.group.Idle {
		done()
		return
	}
	s.sending = &sending{out: newOutgoing(s.group, s.inGroup, s.topics, s.run.scenario.Seed)}
	if s.schedule != nil && s.run.scenario.Client == scenarios.Lean {
		s.waiter = &waiter{index: -1, step: s.publishDue}
		s.waiter.proceed = func(now clock.Instant) { s.proceed(ctx, now, done) }
		s.await()
		return
	}
	s.waiter = newWaiter()
	go func() {
		defer done()
		if s.schedule == nil {
			s.finish(ctx, s.closedLoop(ctx))
		} else {
			s.finish(ctx, s.openLoop(ctx))
		}
	}()
}

// finish ends what drive began.
func (s *sender) finish(ctx context.Context, err error) {
	s.client.Flush()
	if err != nil && ctx.Err() == nil {
		s.failure.Store(&err)
	}
}

// await has the pacer publish what is due, and call proceed for what takes waiting: a sender that need not wait for the broker has no
// goroutine of its own.
func (s *sender) await() {
	due, _ := s.next()
	s.run.pacer.add(s.waiter, due)
}

// interrupt makes a sender that the pacer publishes for notice that its context has ended.
func (s *sender) interrupt() {
	if s.sending != nil && s.waiter.proceed != nil {
		s.run.pacer.remove(s.waiter)
	}
}

// proceed does what the pacer could not do, and what has become due meanwhile.
func (s *sender) proceed(ctx context.Context, now clock.Instant, done func()) {
	err := s.catchUp(ctx, now)
	if _, more := s.next(); more && err == nil {
		s.await()
		return
	}
	s.finish(ctx, err)
	done()
}

// catchUp publishes what is due, and what becomes due meanwhile.
func (s *sender) catchUp(ctx context.Context, now clock.Instant) error {
	for {
		if err := ctx.Err(); err != nil {
			s.giveUp()
			return err
		}
		if err := s.publishOne(ctx, now); err != nil {
			return err
		}
		due, more := s.next()
		if now = clock.Now(); !more || due > now {
			return nil
		}
	}
}

// openLoop publishes what is due when it is due.
func (s *sender) openLoop(ctx context.Context) error {
	for due, more := s.next(); more; due, more = s.next() {
		now, err := s.run.pacer.await(ctx, s.waiter, due)
		if err != nil {
			return err
		}
		if err := s.publishOne(ctx, now); err != nil {
			return err
		}
	}
	return nil
}

// next is when the next message is due, if there is one before the end of the load.
func (s *sender) next() (due clock.Instant, more bool) {
	at := s.schedule.peek()
	if at >= s.run.loadEnd() {
		return 0, false
	}
	return s.run.start().Add(s.run.timeline.real(at)), true
}

// begin takes the message that is due at due from the schedule; now is the present.
func (s *sender) begin(due, now clock.Instant) begun {
	s.run.pacer.messages.Add(1)
	at := s.schedule.peek()
	s.schedule.advance()
	next, more := s.next()
	return s.prepare(at, due, more && next <= now)
}

// publishDue is the sender's step.
func (s *sender) publishDue(now, until clock.Instant) (next clock.Instant, ok bool) {
	for {
		due, more := s.next()
		if !more || due > now {
			return due, more
		}
		if s.sent >= until {
			return 0, false
		}
		b := s.begin(due, now)
		taken, all := s.client.TryPublish(s.group.QoS, b.message, b.more)
		if !taken {
			s.begun = b
			return 0, false
		}
		s.published(b)
		if !all {
			return 0, false
		}
	}
}

// publishOne publishes the message that the pacer could not send, or sends what it has left behind, or else publishes the message
// that is due.
func (s *sender) publishOne(ctx context.Context, now clock.Instant) error {
	b := s.begun
	if s.begun = (begun{}); b.message != nil {
		return s.publish(ctx, b)
	}
	due, more := s.next()
	if more && due <= now {
		return s.publish(ctx, s.begin(due, now))
	}
	s.client.Flush()
	return nil
}

// giveUp takes back the message that the pacer could not send.
func (s *sender) giveUp() {
	if s.begun.message != nil {
		s.withdraw(s.begun.message)
	}
}

// closedLoop publishes as fast as the window and the socket allow: each message is due when it leaves.
func (s *sender) closedLoop(ctx context.Context) error {
	r := s.run
	from, until := s.sends()
	for at := from; at < min(until, r.loadEnd()); {
		now, err := r.pacer.await(ctx, s.waiter, r.start().Add(r.timeline.real(at)))
		if err != nil {
			return err
		}
		if at = r.timeline.own(now.Sub(r.start())); r.timeline.real(at) > now.Sub(r.start()) {
			s.client.Flush() // a gap: nothing is due until its end
			continue
		}
		if err := s.publish(ctx, s.prepare(at, now, true)); err != nil {
			return err
		}
	}
	return nil
}

// begun is a message that is about to be published. What is said of it here holds also when it has been acknowledged, and its memory
// is another's.
type begun struct {
	message  *message
	lane     *lane
	route    int
	counts   bool
	seq      uint32
	intended clock.Instant
	bytes    uint64 // that the client had published before
	more     bool   // another follows at once
}

// prepare makes the message that is due at intended, which is at in the load's own time.
func (s *sender) prepare(at time.Duration, intended clock.Instant, more bool) begun {
	m := s.message(at, intended)
	s.fill(m)
	_, bytes := s.client.Published()
	return begun{m, m.lane, m.route, m.counts(), m.stamp.Seq, intended, bytes, more}
}

// publish sends a message; it returns an error if it could not be sent at all.
func (s *sender) publish(ctx context.Context, b begun) error {
	if err := s.client.Publish(ctx, s.group.QoS, b.message, b.more); err != nil {
		s.withdraw(b.message)
		return err
	}
	s.published(b)
	return nil
}

// published notes that a message has been handed to the socket.
func (s *sender) published(b begun) {
	_, bytes := s.client.Published()
	s.recordSent(b.lane.arm.recorder(b.counts).Stripe(int(s.index)), b.intended, bytes-b.bytes)
	if b.counts {
		b.lane.hand(b.route, b.seq)
		b.lane.marks = s.run.episodes.mark(b.lane.marks, s.sent.Sub(s.run.counting()), b.seq)
	}
	if s.group.QoS == 0 {
		b.message.end()
	}
}

// recordSent counts a message that has been handed to the socket.
func (s *sender) recordSent(to *record.Stripe, intended clock.Instant, bytes uint64) {
	lag := s.sent.Sub(intended)
	held := s.heldBack(lag)
	if s.group.Burst != nil && intended == s.latest {
		to.SentInBurst(lag, bytes)
	} else {
		to.Sent(lag, held, bytes)
	}
	s.latest = intended
}

// message takes the next sequence number.
func (s *sender) message(at time.Duration, intended clock.Instant) *message {
	m := messages.Get().(*message)
	armIndex, counts := s.run.timeline.counted(at)
	m.sender, m.lane, m.topic = s, s.lanes[armIndex], s.choose.next()
	m.route = s.paths.of(m.topic)
	m.stamp = stamp.Stamp{Run: s.run.id, Arm: uint8(armIndex), Kind: stamp.WarmUp, Sender: s.index, Seq: s.warmed, Intended: intended}
	if !counts {
		s.warmed++
		return m
	}
	m.stamp.Kind, m.stamp.Seq = stamp.Measured, m.lane.issued.Load()
	m.lane.publishing.Store(int32(m.route))
	m.lane.issued.Add(1)
	return m
}

// fill puts payload and trace context into the packet.
func (s *sender) fill(m *message) {
	packet := &s.out.packet
	var now time.Time // reading the clock costs as much as all the rest of this
	if s.out.timed || m.lane.payload.Timed() {
		now = time.Now()
	}
	s.out.begin(m.topic, s.made, now)
	if fixed, ok := m.lane.payload.Fixed(); ok {
		packet.Payload = fixed
	} else {
		s.payload = m.lane.payload.Append(s.payload[:0], s.made, now)
		packet.Payload = s.payload
	}
	s.made++
	about := propagation.Message{QoS: s.group.QoS, Retain: s.group.Retain}
	if s.group.Topic.Space > 0 {
		about.Topic = packet.Topic
	}
	m.span = s.outbound(m.lane, m.topic).start(m.known(), about, &packet.Properties.User)
}

// withdraw takes back a message that was not sent.
func (s *sender) withdraw(m *message) {
	if m.counts() {
		m.lane.issued.Add(^uint32(0))
	}
	m.end()
}

// heldBack is how much of the lag is the broker's doing.
func (s *sender) heldBack(lag time.Duration) time.Duration {
	held := s.client.Held()
	if lag < onTimeWithin {
		s.onTime = held
	}
	return held - s.onTime
}

// onTimeWithin is the lag up to which a sender counts as having caught up.
const onTimeWithin = time.Millisecond

// scheduled is how many messages that count in an arm were due up to an offset of the load's own time.
func (s *sender) scheduled(arm int, until time.Duration) uint64 {
	if s.schedule == nil {
		return s.lanes[arm].handed()
	}
	return s.run.timeline.scheduled(s.newSchedule(), arm, until)
}

// message is a message on its way: what its acknowledgement needs to know. It is an mqtt.Publication.
type message struct {
	sender *sender
	lane   *lane
	topic  int
	route  int // of the topic
	stamp  stamp.Stamp
	span   trace.Span // nil in arms that make none
	record record.Message
}

var messages = sync.Pool{New: func() any { return new(message) }}

// counts reports whether the message goes into the result.
func (m *message) counts() bool { return m.stamp.Kind == stamp.Measured }

// known is what the span ledger is told of the message; nil if it does not count.
func (m *message) known() *record.Message {
	if !m.counts() || m.sender.run.share != nil {
		return nil
	}
	m.record = record.Message{Sender: m.stamp.Sender, Seq: m.stamp.Seq, Copies: m.sender.paths.routes[m.route].copies}
	return &m.record
}

// Packet stamps the sender's packet, which holds this message until Publish returns.
func (m *message) Packet(sent clock.Instant) *paho.Publish {
	m.stamp.Sent = max(sent, m.stamp.Intended)
	m.sender.sent = m.stamp.Sent
	m.sender.run.share.stamp(m.stamp).Encode(&m.sender.out.stamp)
	return &m.sender.out.packet
}

// Acknowledged records what became of the message.
func (m *message) Acknowledged(o mqtt.Outcome) {
	if errors.Is(o.Err, mqtt.ErrSessionLost) {
		m.abandoned(o.Err)
	} else {
		m.answered(o)
	}
	m.end()
}

func (m *message) abandoned(err error) {
	if m.counts() {
		m.lane.unknown.Add(1)
		if m.sender.endsItsSessions() {
			m.lane.abandoned.Add(m.stamp.Seq)
		}
	}
	if m.span != nil {
		propagation.SetError(m.span, "session_lost", err.Error())
	}
}

// acknowledgements are the packets that refuse a message, by its quality of service.
var acknowledgements = [...]string{1: "PUBACK", 2: "PUBREC"}

func (m *message) answered(o mqtt.Outcome) {
	m.lane.arm.recorder(m.counts()).Stripe(int(m.sender.index)).Acked(o.At.Sub(m.stamp.Sent), o.Refused())
	if m.counts() {
		m.lane.acked.Add(1)
	}
	if m.counts() && o.Refused() {
		m.lane.routed[m.route].refused.Add(1)
		m.lane.turnedDown.Add(m.stamp.Seq)
	}
	if o.ReasonCode != 0 {
		m.sender.run.reasons.add(acknowledgements[m.sender.group.QoS], o.ReasonCode, o.Reason, "")
	}
	if m.span != nil {
		propagation.SetReasonCode(m.span, o.ReasonCode)
	}
}

// end ends the span and gives the memory back.
func (m *message) end() {
	if m.span != nil {
		m.span.End()
	}
	*m = message{}
	messages.Put(m)
}

package load

import (
	"context"
	"errors"
	"math/rand/v2"
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

// sender is one client that publishes on its schedule. One goroutine runs it; counts may be read at any time.
type sender struct {
	run    *run
	group  *scenarios.Sender
	index  uint32 // among all senders of the run
	topic  string
	copies uint32 // of each message that receivers are owed
	client *mqtt.Client

	schedule *schedule // nil when the rate is max
	payload  *payload.Source
	outbound *outbound
	waiter   *waiter

	// The packet is put together anew for each message in the same memory: the client keeps nothing of it.
	packet paho.Publish
	stamp  [stamp.Size]byte
	sent   clock.Instant // of the message being published
	made   uint64        // messages of any kind
	warmed uint32        // warm-up messages

	// onTime is what the client had been held for when the sender was last on time: what it has been held for since then is
	// the broker's share of the lag.
	onTime time.Duration

	issued                 atomic.Uint32 // measured messages given to the client, the one being published included
	handed, refused, acked atomic.Uint64 // measured messages
	unknown                atomic.Uint64 // measured messages whose session was lost before their acknowledgement
	failure                atomic.Pointer[error]
}

func newSender(r *run, group *scenarios.Sender, inGroup int, index uint32, payloads *payload.Group) *sender {
	s := &sender{
		run: r, group: group, index: index, topic: group.TopicOf(inGroup),
		payload: payloads.Source(inGroup), waiter: newWaiter(),
	}
	if !group.Rate.Max {
		s.schedule = newSchedule(*group, index, r.scenario.Seed)
	}
	endpoint := endpointOf(r.clientID("s", index), r.target.settings.Address)
	endpoint.Topic = s.topic
	if strings.Contains(group.Topic, "{") {
		endpoint.Template = group.Topic
	}
	random := rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())) // two runs of one seed must not share trace ids
	s.outbound = newOutbound(r.scenario.Tracing, endpoint, random, r.warm, r.counted)
	s.packet = paho.Publish{Topic: s.topic, QoS: group.QoS, Retain: group.Retain, Properties: &paho.PublishProperties{CorrelationData: s.stamp[:]}}
	if expiry := uint32(group.MessageExpiry.Std() / time.Second); expiry > 0 {
		s.packet.Properties.MessageExpiry = &expiry
	}
	return s
}

func (s *sender) settings() mqtt.Settings {
	settings := s.run.target.settings
	settings.ClientID = s.run.clientID("s", s.index)
	settings.ReceiveMaximum = 8 // nothing is sent to it
	settings.Window = s.group.Window
	return settings
}

// drive publishes everything that is due before the end of the load, or until ctx ends.
func (s *sender) drive(ctx context.Context) {
	defer s.client.Flush()
	err := s.openLoop(ctx)
	if err != nil && ctx.Err() == nil {
		s.failure.Store(&err)
	}
}

func (s *sender) openLoop(ctx context.Context) error {
	if s.schedule == nil {
		return s.closedLoop(ctx)
	}
	start, end := s.run.start, s.run.end
	for due := start.Add(s.schedule.peek()); due < end; {
		if err := s.run.pacer.wait(ctx, s.waiter, due); err != nil {
			return err
		}
		s.schedule.advance()
		next := start.Add(s.schedule.peek())
		more := next < end && next <= clock.Now()
		if err := s.publish(ctx, due, more); err != nil {
			return err
		}
		due = next
	}
	return nil
}

// closedLoop publishes as fast as the window and the socket allow: each message is due when it leaves.
func (s *sender) closedLoop(ctx context.Context) error {
	if err := s.run.pacer.wait(ctx, s.waiter, s.run.start); err != nil {
		return err
	}
	for now := clock.Now(); now < s.run.end; now = clock.Now() {
		if err := s.publish(ctx, now, true); err != nil {
			return err
		}
	}
	return nil
}

// publish sends the message that was due at intended; it returns an error if the message could not be sent at all.
func (s *sender) publish(ctx context.Context, intended clock.Instant, more bool) error {
	m := s.message(intended)
	y, kind := m.tally, m.stamp.Kind
	s.fill(m)
	if err := s.client.Publish(ctx, s.group.QoS, m, more); err != nil {
		s.withdraw(m)
		return err
	}
	lag := s.sent.Sub(intended)
	y.recorder.Stripe(int(s.index)).Sent(lag, s.heldBack(lag))
	if kind == stamp.Measured {
		s.handed.Add(1)
	}
	if s.group.QoS == 0 {
		m.end()
	}
	return nil
}

// message takes the next sequence number.
func (s *sender) message(intended clock.Instant) *message {
	m := messages.Get().(*message)
	m.sender, m.tally = s, s.run.counted
	m.stamp = stamp.Stamp{Run: s.run.id, Kind: stamp.Measured, Sender: s.index, Seq: s.issued.Load(), Intended: intended}
	if intended < s.run.counting {
		m.tally, m.stamp.Kind, m.stamp.Seq = s.run.warm, stamp.WarmUp, s.warmed
		s.warmed++
		return m
	}
	s.issued.Add(1)
	return m
}

// fill puts payload and trace context into the packet.
func (s *sender) fill(m *message) {
	s.packet.Payload = s.payload.Append(s.packet.Payload[:0], s.made, time.Now())
	s.made++
	s.packet.Properties.User = s.packet.Properties.User[:0]
	m.span = s.outbound.start(m.tally, record.Message{Sender: s.index, Seq: m.stamp.Seq, Copies: s.copies},
		propagation.Message{QoS: s.group.QoS, Retain: s.group.Retain}, &s.packet.Properties.User)
}

// withdraw takes back a message that was not sent.
func (s *sender) withdraw(m *message) {
	if m.stamp.Kind == stamp.Measured {
		s.issued.Add(^uint32(0))
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
const onTimeWithin = 500 * time.Microsecond

// scheduled is how many measured messages were due up to an instant.
func (s *sender) scheduled(until clock.Instant) uint64 {
	if s.schedule == nil {
		return s.handed.Load()
	}
	fresh := newSchedule(*s.group, s.index, s.run.scenario.Seed)
	fresh.skipTo(s.run.counting.Sub(s.run.start))
	return fresh.skipTo(min(until, s.run.end).Sub(s.run.start))
}

// message is a message on its way: what its acknowledgement needs to know. It is an mqtt.Publication.
type message struct {
	sender *sender
	tally  *tally
	stamp  stamp.Stamp
	span   trace.Span // nil in arms that make none
}

var messages = sync.Pool{New: func() any { return new(message) }}

// Packet stamps the sender's packet, which holds this message until Publish returns.
func (m *message) Packet(sent clock.Instant) *paho.Publish {
	m.stamp.Sent = max(sent, m.stamp.Intended)
	m.sender.sent = m.stamp.Sent
	m.stamp.Encode(&m.sender.stamp)
	return &m.sender.packet
}

// Acknowledged records what became of the message.
func (m *message) Acknowledged(o mqtt.Outcome) {
	s := m.sender
	measured := m.stamp.Kind == stamp.Measured
	switch {
	case errors.Is(o.Err, mqtt.ErrSessionLost):
		if measured {
			s.unknown.Add(1)
		}
		if m.span != nil {
			propagation.SetError(m.span, "session_lost", o.Err.Error())
		}
	default:
		m.tally.recorder.Stripe(int(s.index)).Acked(o.At.Sub(m.stamp.Sent), o.Refused())
		if measured && o.Refused() {
			s.refused.Add(1)
		}
		if measured {
			s.acked.Add(1)
		}
		if m.span != nil {
			propagation.SetReasonCode(m.span, o.ReasonCode)
		}
	}
	m.end()
}

// end ends the span and gives the memory back.
func (m *message) end() {
	if m.span != nil {
		m.span.End()
	}
	*m = message{}
	messages.Put(m)
}

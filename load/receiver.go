package load

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/eclipse/paho.golang/paho"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
	"mqttrace/load/record"
	"mqttrace/load/stamp"
	"mqttrace/scenarios"
)

// receiver is one client that subscribes. Its client's goroutine calls handle; counts may be read at any time.
type receiver struct {
	run     *run
	group   *scenarios.Receiver
	index   int // among all receivers of the run
	inGroup int
	filters []string
	client  *mqtt.Client
	inbox   *record.Inbox
	inbound [][]*inbound // by arm and filter
	sub     *subscription
	// messages is where messages that count are noted; nil if they are not to be written.
	messages *messageStripe
	// departed says that the receiver has left, or is about to, and nothing was under way to it.
	departed atomic.Bool

	random *rand.Rand    // what the handler draws
	free   clock.Instant // when the handler was to be done with the message before

	probed []atomic.Bool // by filter: a probe has arrived

	unidentified atomic.Uint64 // messages of this run without the subscription identifier that was asked for
}

func newReceiver(r *run, group *scenarios.Receiver, inGroup, index int) *receiver {
	v := &receiver{run: r, group: group, index: index, inGroup: inGroup, filters: group.FiltersOf(inGroup)}
	v.random = rand.New(rand.NewPCG(r.scenario.Seed, uint64(index)|1<<32))
	v.probed = make([]atomic.Bool, len(v.filters))
	v.inbox = record.NewInbox(r.senderCount * len(r.arms))
	v.messages = r.messages.stripe(index)
	for _, a := range r.arms {
		v.inbound = append(v.inbound, v.inboundOf(a))
	}
	return v
}

// inboundOf is what an arm does to the messages of each filter.
func (v *receiver) inboundOf(a *arm) (all []*inbound) {
	for _, filter := range v.filters {
		endpoint := endpointOf(v.run.clientID("r", uint32(v.index)), v.run.target.settings.Address)
		endpoint.Subscription = filter
		if filter := unshared(filter); strings.ContainsAny(filter, "+#") {
			endpoint.Template = filter
		}
		all = append(all, newInbound(a, endpoint))
	}
	return all
}

// filterOf is the index of the first filter that matches a topic.
func (v *receiver) filterOf(topic string) int {
	if len(v.filters) == 1 {
		return 0
	}
	return max(slices.IndexFunc(v.filters, func(filter string) bool { return scenarios.Match(filter, topic) }), 0)
}

// unshared takes $share/name/ off a filter.
func unshared(filter string) string {
	if rest, ok := strings.CutPrefix(filter, "$share/"); ok {
		_, filter, _ = strings.Cut(rest, "/")
	}
	return filter
}

func (v *receiver) settings() mqtt.Settings {
	settings := v.run.target.settings
	settings.Implementation = mqtt.Implementation(v.run.scenario.Client)
	settings.ClientID = v.run.clientID("r", uint32(v.index))
	settings.ReceiveMaximum = v.run.receiveMaximum()
	settings.LocalAddress = v.run.source(v.index)
	settings.Via = v.run.roads.via(receiverRoad(v.group.Name))
	keepSession(&settings, v.group.SessionExpiry)
	if v.group.ReceiveMaximum > 0 {
		settings.ReceiveMaximum = uint16(v.group.ReceiveMaximum)
	}
	settings.TopicAliasMaximum = uint16(v.group.TopicAliasMaximum)
	connectAs(&settings, v.group.ConnectOptions)
	return settings
}

// handle is called for each message that arrives.
func (v *receiver) handle(d mqtt.Delivery) {
	s, topic, ok := v.identify(d)
	if !ok && v.isWill(d) {
		v.run.wills.Add(1)
		return
	}
	if !ok {
		v.inbox.AddForeign()
		return
	}
	v.checkIdentifier(d)
	switch {
	case s.Kind == stamp.Probe:
		v.sawProbe(d.Topic)
	case v.run.closed.Load():
		if s.Kind == stamp.Measured {
			v.inbox.AddLate()
		}
	case s.Kind == stamp.WarmUp:
		v.take(s, topic, d)
	case v.inbox.Add(v.run.flow(s), topic, s.Seq, d.Duplicate()):
		v.run.episodes.received(d.Received, d.Received.Sub(s.Intended))
		v.take(s, topic, d)
	default:
		v.takeCopy(s, topic, d)
	}
}

// takeCopy notes a message that has arrived before.
func (v *receiver) takeCopy(s stamp.Stamp, topic int, d mqtt.Delivery) {
	if len(v.filters) == 1 { // with several, a broker may deliver a message once for each
		v.run.episodes.duplicate()
	}
	if v.messages != nil {
		v.noteCopy(s, topic, d)
	}
}

// identify reads the stamp of a message of this run and says which of its sender's topics it came on.
func (v *receiver) identify(d mqtt.Delivery) (s stamp.Stamp, topic int, ok bool) {
	if d.Properties == nil {
		return s, 0, false
	}
	s, ok = v.run.share.read(d.Properties.CorrelationData, d.Received)
	if !ok || s.Run != v.run.id || int(s.Sender) >= len(v.run.senders) || int(s.Arm) >= len(v.run.arms) {
		return s, 0, false
	}
	from := v.run.senders[s.Sender]
	if topic = from.topics.number(d.Topic); topic < 0 {
		return s, 0, s.Kind == stamp.Probe && d.Topic == from.willTopic()
	}
	unsent := v.run.knowsSent(from) && s.Kind == stamp.Measured && s.Seq >= from.lanes[s.Arm].issued.Load()
	return s, topic, !unsent
}

// knowsSent reports whether a sender is in this process, which then knows what it has sent.
func (r *run) knowsSent(s *sender) bool {
	return !r.receivesOnly && (r.share == nil || r.share.has(int(s.index)))
}

// checkIdentifier counts messages that came without the subscription's identifier.
func (v *receiver) checkIdentifier(d mqtt.Delivery) {
	if want := v.group.SubscriptionIdentifier; want > 0 && (d.Properties.SubscriptionIdentifier == nil || *d.Properties.SubscriptionIdentifier != want) {
		v.unidentified.Add(1)
	}
}

// subscription is what the receiver asks for with one of its filters.
func (v *receiver) subscription(filter string) paho.SubscribeOptions {
	return paho.SubscribeOptions{
		Topic: filter, QoS: v.group.QoS, NoLocal: v.group.NoLocal, RetainAsPublished: v.group.RetainAsPublished,
		RetainHandling: retainHandlings[v.group.RetainHandling],
	}
}

// retainHandlings are the values of the option on the wire (MQTT 5 section 3.8.3.1).
var retainHandlings = map[scenarios.RetainHandling]byte{scenarios.SendRetained: 0, scenarios.SendIfNew: 1, scenarios.DontSend: 2}

// sawProbe notes that the subscriptions that match a topic deliver.
func (v *receiver) sawProbe(topic string) {
	for i, filter := range v.filters {
		if scenarios.Match(filter, topic) {
			v.probed[i].Store(true)
		}
	}
	v.run.wakeProbes()
}

// unprobed is the index of a filter that no probe has arrived on, -1 if there is none.
func (v *receiver) unprobed() int {
	for i := range v.probed {
		if !v.probed[i].Load() {
			return i
		}
	}
	return -1
}

// take records how long the message took and handles it. A retained message took until somebody subscribed, which is not the
// broker's time.
func (v *receiver) take(s stamp.Stamp, topic int, d mqtt.Delivery) {
	counts := s.Kind == stamp.Measured
	stripe := v.run.arms[s.Arm].recorder(counts).Stripe(v.index)
	response, transit := d.Received.Sub(s.Intended), d.Received.Sub(s.Sent)
	slow := (!d.Retain || v.group.RetainAsPublished) && stripe.Received(response, transit)
	var m *record.Message
	if counts && v.run.share == nil { // spans of other shards are not known here
		m = &record.Message{Sender: s.Sender, Seq: s.Seq, Copies: v.run.senders[s.Sender].copies(topic)}
	}
	span, remote := v.inbound[s.Arm][v.filterOf(d.Topic)].start(m, d)
	if counts && v.messages != nil {
		v.note(s, topic, d, remote.TraceID(), false)
	}
	if slow {
		stripe.Slow(record.Exemplar{Sender: v.run.clientID("s", s.Sender), Seq: s.Seq, Received: d.Received.Sub(v.run.counting()),
			Response: response, Transit: transit, Trace: remote.TraceID()})
	}
	v.stall()
	v.work(d.Received)
	if span != nil {
		span.End()
	}
	stripe.Record(record.Process, clock.Now().Sub(d.Received))
}

// work takes as long as the scenario says, or until the run is over. It begins when the message arrived or the one before was to be done, so
// a handler that slept for longer than it was to is not slower than the scenario says.
func (v *receiver) work(received clock.Instant) {
	if v.group.Work.IsZero() {
		return
	}
	v.free = max(v.free, received).Add(draw(v.group.Work, v.random))
	v.run.linger(v.free.Sub(clock.Now()))
}

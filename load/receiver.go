package load

import (
	"strings"
	"sync/atomic"
	"time"

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
	filter  string
	client  *mqtt.Client
	inbox   *record.Inbox
	inbound []*inbound // by arm

	probed atomic.Bool // a probe has arrived
}

func newReceiver(r *run, group *scenarios.Receiver, inGroup, index int) *receiver {
	v := &receiver{run: r, group: group, index: index, inGroup: inGroup, filter: group.FilterOf(inGroup)}
	v.inbox = record.NewInbox(r.senderCount * len(r.arms))
	endpoint := endpointOf(r.clientID("r", uint32(index)), r.target.settings.Address)
	endpoint.Subscription = v.filter
	if filter := unshared(v.filter); strings.ContainsAny(filter, "+#") {
		endpoint.Template = filter
	}
	for _, a := range r.arms {
		v.inbound = append(v.inbound, newInbound(a, endpoint))
	}
	return v
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
	return settings
}

// handle is called for each message that arrives.
func (v *receiver) handle(d mqtt.Delivery) {
	s, ok := v.identify(d)
	if !ok {
		v.inbox.AddForeign()
		return
	}
	switch {
	case s.Kind == stamp.Probe:
		v.probed.Store(true)
		v.run.wakeProbes()
	case v.run.closed.Load():
		if s.Kind == stamp.Measured {
			v.inbox.AddLate()
		}
	case s.Kind == stamp.WarmUp:
		v.take(s, d)
	case v.inbox.Add(v.run.flow(s), s.Seq, d.Duplicate()):
		v.take(s, d)
	}
}

// identify reads the stamp of a message of this run.
func (v *receiver) identify(d mqtt.Delivery) (stamp.Stamp, bool) {
	if d.Properties == nil {
		return stamp.Stamp{}, false
	}
	s, ok := stamp.Decode(d.Properties.CorrelationData, d.Received)
	if !ok || s.Run != v.run.id || int(s.Sender) >= len(v.run.senders) || int(s.Arm) >= len(v.run.arms) {
		return stamp.Stamp{}, false
	}
	from := v.run.senders[s.Sender]
	if d.Topic != from.topic || !v.run.receivesOnly && s.Kind == stamp.Measured && s.Seq >= from.lanes[s.Arm].issued.Load() {
		return stamp.Stamp{}, false
	}
	return s, true
}

// take records how long the message took and handles it. A retained message took until somebody subscribed, which is not the
// broker's time.
func (v *receiver) take(s stamp.Stamp, d mqtt.Delivery) {
	counts := s.Kind == stamp.Measured
	stripe := v.run.arms[s.Arm].recorder(counts).Stripe(v.index)
	response, transit := d.Received.Sub(s.Intended), d.Received.Sub(s.Sent)
	slow := !d.Retain && stripe.Received(response, transit)
	var m *record.Message
	if counts {
		m = &record.Message{Sender: s.Sender, Seq: s.Seq, Copies: v.run.senders[s.Sender].copies}
	}
	span, remote := v.inbound[s.Arm].start(m, d)
	if slow {
		stripe.Slow(record.Exemplar{Sender: v.run.clientID("s", s.Sender), Seq: s.Seq, Received: d.Received.Sub(v.run.counting()),
			Response: response, Transit: transit, Trace: remote.TraceID()})
	}
	v.work()
	if span != nil {
		span.End()
	}
	stripe.Record(record.Process, clock.Now().Sub(d.Received))
}

// work takes as long as the scenario says, or until the run is over.
func (v *receiver) work() {
	if v.group.Work == 0 {
		return
	}
	timer := time.NewTimer(v.group.Work.Std())
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-v.run.over:
	}
}

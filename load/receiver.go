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
	inbound *inbound

	probed atomic.Bool // a probe has arrived
}

func newReceiver(r *run, group *scenarios.Receiver, inGroup, index int) *receiver {
	v := &receiver{run: r, group: group, index: index, inGroup: inGroup, filter: group.FilterOf(inGroup)}
	v.inbox = record.NewInbox(r.senderCount)
	endpoint := endpointOf(r.clientID("r", uint32(index)), r.target.settings.Address)
	endpoint.Subscription = v.filter
	if filter := unshared(v.filter); strings.ContainsAny(filter, "+#") {
		endpoint.Template = filter
	}
	v.inbound = newInbound(r.scenario.Tracing, endpoint, r.warm, r.counted)
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
		v.count(v.run.warm, s, d)
		v.process(v.run.warm, s, d)
	case v.inbox.Add(s, d.Duplicate()):
		v.count(v.run.counted, s, d)
		v.process(v.run.counted, s, d)
	}
}

// identify reads the stamp of a message of this run.
func (v *receiver) identify(d mqtt.Delivery) (stamp.Stamp, bool) {
	if d.Properties == nil {
		return stamp.Stamp{}, false
	}
	s, ok := stamp.Decode(d.Properties.CorrelationData, d.Received)
	if !ok || s.Run != v.run.id || int(s.Sender) >= len(v.run.senders) {
		return stamp.Stamp{}, false
	}
	from := v.run.senders[s.Sender]
	if d.Topic != from.topic || s.Kind == stamp.Measured && s.Seq >= from.issued.Load() {
		return stamp.Stamp{}, false
	}
	return s, true
}

// count records how long the message took. A retained message took until somebody subscribed, which is not the broker's time.
func (v *receiver) count(y *tally, s stamp.Stamp, d mqtt.Delivery) {
	if !d.Retain {
		y.recorder.Stripe(v.index).Received(d.Received.Sub(s.Intended), d.Received.Sub(s.Sent))
	}
}

// process is the handler's work, and the span around it.
func (v *receiver) process(y *tally, s stamp.Stamp, d mqtt.Delivery) {
	from := v.run.senders[s.Sender]
	span := v.inbound.start(y, record.Message{Sender: s.Sender, Seq: s.Seq, Copies: from.copies}, d)
	v.work()
	if span != nil {
		span.End()
	}
	y.recorder.Stripe(v.index).Record(record.Process, clock.Now().Sub(d.Received))
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

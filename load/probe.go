package load

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/eclipse/paho.golang/paho"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
	"mqttrace/load/stamp"
	"mqttrace/scenarios"
)

const (
	probeEvery = 200 * time.Millisecond
	probeFor   = 10 * time.Second
)

// probe proves that every subscription delivers: a sender whose topic a receiver's filter matches publishes until the receiver
// has seen a message. The members of a shared subscription take turns as the broker likes; one that sees nothing in all
// that time is a warning, any other receiver is an error.
func (r *run) probe(ctx context.Context) error {
	return r.untilProbed(ctx, func(ctx context.Context, waiting []*receiver) error {
		for _, v := range waiting {
			if err := r.publishProbe(ctx, v); err != nil {
				return err
			}
		}
		return nil
	})
}

// untilProbed calls publish again and again, with the receivers that have seen no probe yet, until there is none.
func (r *run) untilProbed(ctx context.Context, publish func(ctx context.Context, waiting []*receiver) error) error {
	ctx, cancel := context.WithTimeout(ctx, probeFor)
	defer cancel()
	for {
		waiting := r.unprobed()
		if len(waiting) == 0 {
			return nil
		}
		r.report(Starting, fmt.Sprintf("%d of %d subscriptions have seen a message", len(r.mine.receivers)-len(waiting), len(r.mine.receivers)))
		if err := publish(ctx, waiting); err != nil {
			return r.unready(err)
		}
		if err := r.awaitProbes(ctx); err != nil {
			return r.unready(err)
		}
	}
}

func (r *run) unprobed() (waiting []*receiver) {
	for _, v := range r.mine.receivers {
		if v.isEarly() && v.unprobed() >= 0 {
			waiting = append(waiting, v)
		}
	}
	return waiting
}

// awaitProbes waits until every receiver has seen one, or it is time to send more.
func (r *run) awaitProbes(ctx context.Context) error {
	again := time.NewTimer(probeEvery)
	defer again.Stop()
	for len(r.unprobed()) > 0 {
		select {
		case <-r.probes:
		case <-again.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// wakeProbes tells awaitProbes that a probe has arrived.
func (r *run) wakeProbes() {
	select {
	case r.probes <- struct{}{}:
	default:
	}
}

func (r *run) publishProbe(ctx context.Context, v *receiver) error {
	for i := range v.filters {
		if v.probed[i].Load() {
			continue
		}
		to := r.probeFor(v.sub, v.filters[i])
		if to.sender == nil {
			continue // validation has seen to it that there is one
		}
		if err := to.sender.client.Publish(ctx, to.sender.group.QoS, to, false); err != nil {
			return err
		}
	}
	return nil
}

// probeFor finds a topic that a filter matches, and remembers it: there may be many to look through.
func (r *run) probeFor(sub *subscription, filter string) *probe {
	if r.probing == nil {
		r.probing = make(map[string]*probe)
	}
	if found := r.probing[filter]; found != nil {
		return found
	}
	found := &probe{run: r.id}
	r.probing[filter] = found
	for _, s := range sub.from {
		for _, topic := range s.topics.names {
			if scenarios.Match(filter, topic) {
				found.sender, found.topic = s, topic
				return found
			}
		}
	}
	for _, s := range r.senders { // the filter is for wills
		if topic := s.willTopic(); topic != "" && scenarios.Match(filter, topic) {
			found.sender, found.topic = s, topic
			return found
		}
	}
	return found
}

// unready says which receivers saw no probe.
func (r *run) unready(err error) error {
	waiting := r.unprobed()
	if len(waiting) == 0 || context.Cause(r.ctx) != nil {
		return err
	}
	for _, v := range waiting {
		if v.group.ShareName() == "" {
			return fmt.Errorf("receiver %s: subscribed to %s, but no message published to it arrived within %v (%d of %d receivers wait); does the broker allow reading and writing these topics?",
				r.clientID("r", uint32(v.index)), v.filters[max(v.unprobed(), 0)], probeFor, len(waiting), len(r.mine.receivers))
		}
	}
	r.warn("run", "%d members of shared subscriptions were given no message in %v of probing; they may stay idle", len(waiting), probeFor)
	return nil
}

// probeTogether is probe where a receiver's senders may be in other processes: each publishes, again and again, to all that its
// senders are the ones to probe, until the receivers of all have seen a message.
func (r *run) probeTogether(ctx context.Context) error {
	if err := r.share.member.Reach(ctx, stepConnected); err != nil {
		return err
	}
	probing, stop := context.WithCancel(ctx)
	defer stop()
	failed := make(chan error, 1)
	go func() { failed <- r.keepProbing(probing) }()
	err := r.untilProbed(ctx, func(context.Context, []*receiver) error { return nil }) // others, or keepProbing, publish
	if err == nil {
		err = r.share.member.Reach(ctx, stepProbed)
	}
	stop()
	return errors.Join(err, <-failed)
}

// keepProbing publishes to every receiver of the run that a sender of this process is to probe, until ctx ends.
func (r *run) keepProbing(ctx context.Context) error {
	var due []*probe
	for _, v := range r.receivers {
		for _, filter := range v.filters {
			if to := r.probeFor(v.sub, filter); to.sender != nil && r.share.has(int(to.sender.index)) {
				due = append(due, to)
			}
		}
	}
	for pause := probeEvery; ; pause = min(2*pause, maxProbePause) {
		for _, to := range due {
			if err := to.sender.client.Publish(ctx, to.sender.group.QoS, to, false); err != nil {
				return unlessOver(ctx, err)
			}
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil
		}
	}
}

// maxProbePause is how long the pause between two rounds of probes becomes where there are many.
const maxProbePause = 2 * time.Second

func unlessOver(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// probe is an empty message with a stamp; it is an mqtt.Publication.
type probe struct {
	sender *sender
	topic  string
	run    uint16
}

func (p *probe) Packet(sent clock.Instant) *paho.Publish {
	var data [stamp.Size]byte
	stamp.Stamp{Run: p.run, Kind: stamp.Probe, Sender: p.sender.index, Sent: sent, Intended: sent}.Encode(&data)
	return &paho.Publish{Topic: p.topic, QoS: p.sender.group.QoS, Properties: &paho.PublishProperties{CorrelationData: data[:]}}
}

// Acknowledged does nothing: only an arrival proves anything.
func (p *probe) Acknowledged(mqtt.Outcome) {}

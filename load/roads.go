package load

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"mqttrace/load/network"
	"mqttrace/scenarios"
)

// roads are the ways that clients take to the broker: straight, or through a proxy for a group that a network fault is on. They
// take it for the whole run, so that a fault finds them there. Nil is a run in which all go straight.
type roads struct{ network *network.Network }

// Names of proxies: a group of senders and one of receivers may be called the same.
func senderRoad(group string) string   { return "senders " + group }
func receiverRoad(group string) string { return "receivers " + group }

// travellers are the proxies that a fault is on.
func (r *run) travellers(f scenarios.Fault) (names []string) {
	if f.Network == (scenarios.NetworkFault{}) {
		return nil
	}
	for _, g := range r.scenario.Senders {
		if f.OnSender(g.Name) {
			names = append(names, senderRoad(g.Name))
		}
	}
	for _, g := range r.scenario.Receivers {
		if f.OnReceiver(g.Name) {
			names = append(names, receiverRoad(g.Name))
		}
	}
	return names
}

// build starts the proxies that the scenario's faults need.
func (r *run) build(ctx context.Context) error {
	var names []string
	for _, f := range r.scenario.Faults {
		names = append(names, r.travellers(f)...)
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	started, err := network.Start(ctx, r.target.settings.Address, slices.Compact(names)...)
	if err != nil {
		return err
	}
	r.roads = &roads{started}
	return nil
}

// via is the address of the proxy that a group goes through; empty if it goes straight.
func (r *roads) via(road string) string {
	if r == nil {
		return ""
	}
	return r.network.Addr(road)
}

// close ends the proxies, and says if they had ended before.
func (r *roads) close() error {
	if r == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	early := r.network.Err()
	return cmp.Or(early, r.network.Stop(ctx))
}

func (r *run) networkSteps(f scenarios.Fault) faultSteps {
	set := func(c network.Condition) func(context.Context) error {
		return func(context.Context) error {
			var errs []error
			for _, name := range r.travellers(f) {
				if err := r.roads.network.Set(name, c); err != nil {
					errs = append(errs, fmt.Errorf("network of %s: %w", name, err))
				}
			}
			return errors.Join(errs...)
		}
	}
	return faultSteps{set(conditionOf(f.Network)), set(network.Condition{})}
}

func conditionOf(f scenarios.NetworkFault) network.Condition {
	return network.Condition{
		Latency: f.Latency.Std(), Jitter: f.Jitter.Std(), KilobytesPerSecond: f.Bandwidth.KilobytesPerSecond(),
		Stalled: f.Word == scenarios.NetworkStall, Cut: f.Word == scenarios.NetworkCut,
	}
}

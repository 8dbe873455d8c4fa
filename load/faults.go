package load

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"google.golang.org/grpc/codes"

	"mqttrace/load/otlp"
	"mqttrace/scenarios"
)

// fault carries out the faults of the scenario, each at its time. Those that have begun end with ctx at the latest.
func (r *run) fault(ctx context.Context) {
	var all sync.WaitGroup
	for _, e := range r.episodes.all {
		all.Go(func() { r.carryOut(ctx, e) })
		if e.backlog != nil && r.share == nil { // a shard knows what it sent, or what it got
			all.Go(func() { r.watchBacklog(ctx, e) })
		}
	}
	all.Wait()
}

// carryOut waits for a fault's time, has it begin, and end when it is over.
func (r *run) carryOut(ctx context.Context, e *episode) {
	w := newWaiter()
	begins := r.counting().Add(e.fault.At.Std())
	if r.pacer.wait(ctx, w, begins) != nil {
		return
	}
	steps, step := r.stepsOf(e), context.WithoutCancel(ctx)
	r.episodes.begin(e)
	err := steps.begin(step)
	if err != nil {
		r.warn("run", "%s failed: %v", e.name(), err)
	}
	if !errors.Is(err, errors.ErrUnsupported) {
		_ = r.pacer.wait(ctx, w, begins.Add(e.fault.For.Std())) // the end of the run ends it early
	}
	r.episodes.end(e)
	if err := steps.end(step); err != nil {
		r.warn("run", "the end of %s failed: %v", e.name(), err)
	}
}

// faultSteps are what begins and what ends a fault.
type faultSteps struct{ begin, end func(context.Context) error }

func nothing(context.Context) error { return nil }

func (r *run) stepsOf(e *episode) faultSteps {
	f := e.fault
	switch {
	case e.stalled != "":
		return faultSteps{nothing, nothing} // the receivers look at the time themselves
	case f.Exporter != "":
		return r.sinkSteps(f)
	case f.Broker != "":
		return r.brokerSteps(f)
	case f.Senders != "" || f.Receivers != "":
		return faultSteps{func(context.Context) error { r.scatter(f); return nil }, nothing}
	}
	return r.networkSteps(f)
}

func (r *run) sinkSteps(f scenarios.Fault) faultSteps {
	behave := func(b otlp.Behavior) func(context.Context) error {
		return func(context.Context) error { return r.sink.behave(b) }
	}
	switch f.Exporter {
	case scenarios.ExporterSlow:
		return faultSteps{behave(otlp.Behavior{Delay: f.Delay.Std()}), behave(otlp.Behavior{})}
	case scenarios.ExporterStall:
		return faultSteps{behave(otlp.Behavior{Stall: true}), behave(otlp.Behavior{})}
	case scenarios.ExporterRefuse:
		return faultSteps{behave(otlp.Behavior{Refuse: codes.Unavailable}), behave(otlp.Behavior{})}
	case scenarios.ExporterKill:
		return faultSteps{func(context.Context) error { return r.sink.kill() }, r.sink.revive}
	}
	panic(fmt.Sprintf("exporter fault %q: a scenario that passed validation has none of that name", f.Exporter))
}

func (r *run) brokerSteps(f scenarios.Fault) faultSteps {
	b := r.target.process
	switch f.Broker {
	case scenarios.BrokerPause:
		return faultSteps{func(context.Context) error { return b.pause() }, func(context.Context) error { return b.resume() }}
	case scenarios.BrokerKill:
		return faultSteps{b.kill, b.start}
	case scenarios.BrokerRestart:
		return faultSteps{b.shutDown, b.start}
	}
	panic(fmt.Sprintf("broker fault %q: a scenario that passed validation has none of that name", f.Broker))
}

// scatter has clients give up their connections, all at once, and stay away for as long as the fault lasts.
func (r *run) scatter(f scenarios.Fault) {
	clients := r.senderClients(f.On)
	if f.Receivers != "" {
		clients = r.receiverClients(f.On)
	}
	share := float64(f.Share)
	if f.Share == 0 {
		share = 1
	}
	seed := r.scenario.Seed + uint64(f.At) // another choice each time
	away := f.For.Std()
	storm{share: share, seed: seed, disconnect: f.How == scenarios.PartByDisconnect, pauseMin: away, pauseMax: away}.drop(clients)
}

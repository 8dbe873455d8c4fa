package load

import (
	"context"
	"errors"
	"runtime"
	"time"

	"mqttrace/load/record"
	"mqttrace/load/result"
	"mqttrace/scenarios"
)

// Examined is what a broker grants its clients and what a connection to it takes.
type Examined struct {
	Name    string        // as results have it
	Version string        // empty where the broker does not tell
	URL     string        // where it was found
	Limits  result.Limits // of its CONNACK
	Clients int           // that were connected at once
	// Connect is the median time from dialling to CONNACK, Slowest the longest.
	Connect, Slowest time.Duration
	// ClientBytes is how much memory of this process, heap and stack, a connection without any traffic takes, about.
	ClientBytes int64
	// Spread tells that clients connect from further addresses by themselves where one has too few ports, as on Linux's loopback, if
	// the scenario names none.
	Spread bool
}

// Examine connects the senders of a scenario, sends nothing, and disconnects them again. It starts the broker if the scenario names
// one that the harness starts, and ends it.
func Examine(ctx context.Context, sc *scenarios.Scenario, opts Options) (_ *Examined, err error) {
	r := newRun(ctx, sc, opts)
	if err := r.allow(); err != nil {
		return nil, err
	}
	if r.pacer, err = newPacer(); err != nil {
		return nil, err
	}
	defer r.pacer.close()
	if r.target, err = reach(ctx, sc.Broker, opts.AIO); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.target.close()) }()
	if err := r.equip(ctx); err != nil {
		return nil, err
	}
	defer r.unequip()
	if err := r.recruit(); err != nil {
		return nil, err
	}
	defer close(r.over)
	defer r.disconnect()
	if err := r.connect(ctx); err != nil {
		return nil, r.blame(err)
	}
	connects := r.arms[0].counted.Histogram(record.Connect)
	examined := &Examined{
		Name: r.target.name, Version: r.target.version, URL: r.target.url, Limits: result.Limits(r.mine.limits()),
		Clients: len(r.senders) + len(r.receivers), Connect: connects.Quantile(0.5), Slowest: connects.Max(),
		Spread: sourceOf(r.target.settings.Address, clientsPerSource) != nil,
	}
	if examined.ClientBytes, err = r.clientBytes(ctx); err != nil {
		return nil, r.blame(err)
	}
	return examined, nil
}

// clientBytes connects everybody once more: the first time some memory is taken for all that is there for good.
func (r *run) clientBytes(ctx context.Context) (int64, error) {
	r.disconnect()
	for _, s := range r.senders {
		s.client = nil
	}
	for _, v := range r.receivers {
		v.client = nil
	}
	before := settledMemory()
	err := r.connect(ctx)
	return max(settledMemory()-before, 0) / int64(len(r.senders)+len(r.receivers)), err
}

// smallestStack is what a goroutine takes that has not yet needed more: what stacks take in all grows in larger steps.
const smallestStack = 2 << 10

// settledMemory is what of heap and stacks is in use. Resident memory would tell more of how the system hands it out than of so few
// clients.
func settledMemory() int64 {
	forgetConnecting()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) + int64(runtime.NumGoroutine())*smallestStack
}

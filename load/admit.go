package load

import (
	"context"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"

	"mqttrace/load/clock"
	"mqttrace/scenarios"
)

// newcomers are the clients of one group, to be connected.
type newcomers struct {
	name    string
	connect scenarios.Connect
	seed    uint64
	clients []func(context.Context) error // what connects each
}

// due is when client i is to connect, from the first.
func (g *newcomers) due(i int) time.Duration {
	gap := float64(g.connect.Gap(len(g.clients)))
	at := float64(i) * gap
	if g.connect.Jitter {
		at += rand.New(rand.NewPCG(g.seed, uint64(i)|1<<33)).Float64() * gap
	}
	return time.Duration(at)
}

// receiverGroups are the groups of the receivers that are asked for.
func (r *run) receiverGroups(asked func(*receiver) bool) []*newcomers {
	var some []*receiver
	for _, v := range r.mine.receivers {
		if asked(v) {
			some = append(some, v)
		}
	}
	return groupsOf(r, some, func(v *receiver) (string, scenarios.Connect) { return v.group.Name, v.group.Connect }, (*receiver).connect)
}

func (r *run) senderGroups() []*newcomers {
	return groupsOf(r, r.mine.senders, func(s *sender) (string, scenarios.Connect) { return s.group.Name, s.group.Connect }, (*sender).connect)
}

// groupsOf puts clients that follow each other and are of one group together.
func groupsOf[T any](r *run, all []T, of func(T) (name string, connect scenarios.Connect), connect func(T, context.Context) error) (groups []*newcomers) {
	for _, client := range all {
		name, how := of(client)
		if n := len(groups); n == 0 || groups[n-1].name != name {
			groups = append(groups, &newcomers{name: name, connect: how, seed: r.scenario.Seed})
		}
		last := groups[len(groups)-1]
		last.clients = append(last.clients, func(ctx context.Context) error { return connect(client, ctx) })
	}
	return groups
}

// admit connects the clients of all groups, each group in its own time, and returns the first error. progress is called after
// each client.
func (r *run) admit(ctx context.Context, groups []*newcomers, progress func()) error {
	all, going := errgroup.WithContext(ctx)
	slots := make(chan struct{}, connecting)
	for _, g := range groups {
		all.Go(func() error { return r.admitGroup(going, g, slots, progress) })
	}
	return all.Wait()
}

// admitGroup connects the clients of one group when they are due; a slot is held while one connects.
func (r *run) admitGroup(ctx context.Context, g *newcomers, slots chan struct{}, progress func()) error {
	group, going := errgroup.WithContext(ctx)
	start, w := clock.Now(), newWaiter()
	for i, connect := range g.clients {
		if r.pacer.wait(going, w, start.Add(g.due(i))) != nil || !take(going, slots) {
			break // another's error, or the run's end
		}
		group.Go(func() error {
			defer func() { <-slots }()
			defer progress()
			return connect(going)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	r.doubtPace(g, clock.Now().Sub(start))
	return ctx.Err()
}

// take waits for a slot.
func take(ctx context.Context, slots chan<- struct{}) bool {
	select {
	case slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// paceSlack is the share by which connecting may take longer than was asked for before it is worth a word.
const paceSlack = 0.1

// doubtPace notes connects that could not be made as fast as the scenario has it.
func (r *run) doubtPace(g *newcomers, took time.Duration) {
	planned := g.due(len(g.clients) - 1)
	if planned > 0 && took > planned+time.Duration(paceSlack*float64(planned))+time.Second {
		r.warn("connect", "the clients of %s were to connect in %s and took %s", g.name, brief(planned), brief(took))
	}
}

package load

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
	"mqttrace/scenarios"
)

// settleLimit bounds how long a client that leaves waits for what is under way: a sender in all, a receiver for the next message.
const settleLimit = 5 * time.Second

// lives are the lifetimes and pauses of one client, as its seed has them. Not safe for concurrent use.
type lives struct {
	scenarios.Connections
	random *rand.Rand
}

func livesOf(c scenarios.Connections, seed, client uint64) *lives {
	return &lives{c, rand.New(rand.NewPCG(seed, client))}
}

// first is what is left of the first lifetime when the load begins: all of it where the end of one says nothing of the next.
func (l *lives) first() time.Duration {
	if l.Lifetime.Mean > 0 {
		return l.next()
	}
	return time.Duration(l.random.Float64() * float64(l.next()))
}

func (l *lives) next() time.Duration  { return draw(l.Lifetime, l.random) }
func (l *lives) pause() time.Duration { return draw(l.Pause, l.random) }

// churn lets clients with lifetimes leave and come back until the load ends. It returns when the last of them is done.
func (r *run) churn(ctx context.Context) {
	var all sync.WaitGroup
	for _, s := range r.mine.senders {
		if !s.group.Lifetime.IsZero() {
			l := livesOf(s.group.Connections, r.scenario.Seed, uint64(s.index)|1<<34)
			all.Go(func() { r.live(ctx, l, s.leave) })
		}
	}
	for _, v := range r.mine.receivers {
		if !v.group.Lifetime.IsZero() {
			l := livesOf(v.group.Connections, r.scenario.Seed, uint64(v.index)|1<<35)
			all.Go(func() { r.live(ctx, l, v.leave) })
		}
	}
	all.Wait()
}

// live calls leave at the end of each lifetime. Nobody leaves who could not be back before the load ends.
func (r *run) live(ctx context.Context, l *lives, leave func(context.Context, mqtt.Leaving)) {
	w := newWaiter()
	for at := r.start().Add(l.first()); ; {
		pause := l.pause()
		if at.Add(pause) >= r.start().Add(r.total()) || r.pacer.wait(ctx, w, at) != nil {
			return
		}
		leave(ctx, mqtt.Leaving{Pause: pause})
		at = clock.Now().Add(pause + l.next())
	}
}

// leave gives up the sender's connection when what it has sent is acknowledged, or settleLimit is over.
func (s *sender) leave(ctx context.Context, how mqtt.Leaving) {
	settling, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	s.client.LeaveInOrder(settling, how)
}

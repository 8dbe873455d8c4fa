package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"mqttrace/load/mqtt"
	"mqttrace/load/payload"
	"mqttrace/load/record"
	"mqttrace/scenarios"
)

// connecting bounds how many clients connect at a time: enough to hide the round trips, few enough for a broker's backlog.
const connecting = 64

// recruit makes the receivers and senders, not yet connected.
func (r *run) recruit() error {
	for i := range r.scenario.Receivers {
		group := &r.scenario.Receivers[i]
		for n := range group.Count {
			r.receivers = append(r.receivers, newReceiver(r, group, n, len(r.receivers)))
		}
	}
	if r.again {
		r.receivers = nil // they are in another process
	}
	var sets []*filterSet
	r.subscriptions, sets = subscriptionsOf(r.receivers)
	r.router = newRouter(sets)
	for i := range r.scenario.Senders {
		group := &r.scenario.Senders[i]
		payloads, err := r.payloads(group)
		if err != nil {
			return err
		}
		addresses, lanes := r.addressesOf(group), r.lanesOf(group, payloads)
		for n := range group.Count {
			to := addresses(n)
			r.senders = append(r.senders, newSender(r, group, n, uint32(len(r.senders)), to, lanes(n, len(to.routes))))
		}
	}
	r.mine = r.crew()
	r.hear()
	for _, sub := range r.subscriptions {
		sub.presence = presenceOf(sub)
		for _, v := range sub.members {
			v.sub = sub
		}
	}
	return nil
}

// addresses are the topics of a sender, and which receivers the messages of each are owed to.
type addresses struct {
	*topics
	*paths
}

// addressesOf finds the addresses of the clients of a group, counted from 0. They are the same for all where topics do not tell
// clients apart.
func (r *run) addressesOf(group *scenarios.Sender) func(inGroup int) addresses {
	of := func(inGroup int) addresses {
		t := newTopics(group, inGroup)
		return addresses{t, r.router.paths(t)}
	}
	if group.Topic.PerClient() {
		return of
	}
	common := of(0)
	return func(int) addresses { return common }
}

// lanesOf makes the lanes of the clients of a group, each with a number of routes. Those of clients that send nothing stay as they
// are, and are the same for all.
func (r *run) lanesOf(group *scenarios.Sender, payloads []*payload.Group) func(inGroup, routes int) []*lane {
	of := func(inGroup, routes int) []*lane {
		lanes := make([]*lane, len(r.arms))
		for i, a := range r.arms {
			lanes[i] = &lane{
				arm: a, outbounds: make([]*outbound, len(group.Topic.Templates)), payloads: payloads[i], payload: payloads[i].Source(inGroup),
				routed: make([]routed, routes),
			}
		}
		return lanes
	}
	if !group.Idle {
		return of
	}
	idle := make(map[int][]*lane) // by the number of routes
	return func(_, routes int) []*lane {
		if idle[routes] == nil {
			idle[routes] = of(0, routes)
		}
		return idle[routes]
	}
}

// payloads prepares a group's payloads, by arm.
func (r *run) payloads(group *scenarios.Sender) ([]*payload.Group, error) {
	common, err := payload.Prepare(group.Payload, group.Name, r.scenario.Seed)
	if err != nil {
		return nil, err
	}
	all := make([]*payload.Group, len(r.arms))
	for i, a := range r.arms {
		all[i] = common
		if size := a.setting.PayloadSize; size != nil && group.Payload.JSON == nil && group.Payload.File == "" {
			if all[i], err = payload.Prepare(scenarios.Payload{Size: *size}, group.Name, r.scenario.Seed); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// subscription is a receiver, or the members of a shared subscription: each message that matches is owed to it once.
type subscription struct {
	set     int // index of its filters
	group   *scenarios.Receiver
	members []*receiver
	from    []*sender // those some of whose messages are for it
	// presence is nil where all members are there all the time.
	presence *presence
}

// subscriptionsOf finds out which receivers share subscriptions, and which subscriptions have the same filters.
func subscriptionsOf(receivers []*receiver) (all []*subscription, sets []*filterSet) {
	shared := make(map[string]*subscription)
	known := make(map[string]int) // index of a set by its filters
	for _, v := range receivers {
		key := strings.Join(v.filters, "\x00") // which no filter holds
		if sub := shared[key]; sub != nil {
			sub.members = append(sub.members, v)
			continue
		}
		set, ok := known[key]
		if !ok {
			set = len(sets)
			known[key] = set
			sets = append(sets, &filterSet{filters: v.filters})
		}
		sets[set].subscriptions++
		sub := &subscription{set: set, group: v.group, members: []*receiver{v}}
		all = append(all, sub)
		if v.group.ShareName() != "" {
			shared[key] = sub
		}
	}
	return all, sets
}

func (s *subscription) inboxes() []*record.Inbox {
	inboxes := make([]*record.Inbox, len(s.members))
	for i, v := range s.members {
		inboxes[i] = v.inbox
	}
	return inboxes
}

// distinct is how many messages have arrived, counting one that two members got twice.
func (s *subscription) distinct() (n uint64) {
	for _, v := range s.members {
		n += v.inbox.Distinct()
	}
	return n
}

// connect connects and subscribes the receivers, then connects the senders.
func (r *run) connect(ctx context.Context) error {
	defer spareMemory()()
	var connected atomic.Int64
	clients := len(r.mine.senders)
	for _, v := range r.mine.receivers {
		if v.isEarly() {
			clients++
		}
	}
	progress := func() {
		r.report(Starting, fmt.Sprintf("%d of %d clients connected", connected.Add(1), clients))
	}
	if err := r.admit(ctx, r.receiverGroups((*receiver).isEarly), progress); err != nil {
		return err
	}
	return r.admit(ctx, r.senderGroups(), progress)
}

// each calls do for all clients, several at a time, and returns the first error.
func each[T any](ctx context.Context, clients []T, do func(context.Context, T) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(connecting)
	for _, c := range clients {
		group.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return do(ctx, c)
		})
	}
	return group.Wait()
}

func (v *receiver) connect(ctx context.Context) error {
	stripe := v.run.arms[0].counted.Stripe(v.index)
	handlers := v.run.health.watch(func(took time.Duration) { stripe.Record(record.Connect, took) })
	handlers.Message = v.handle
	var current atomic.Pointer[mqtt.Client]
	up := handlers.Up
	handlers.Up = func() {
		v.cameBack(current.Load())
		v.arrive()
		up()
	}
	down := handlers.Down
	handlers.Down = func(cause error) {
		if errors.Is(cause, mqtt.ErrLeft) {
			v.hasLeft()
		}
		down(cause)
	}
	handlers.Lent = v.group.Work.IsZero() && v.group.Stall.For == 0 // a handler that takes its time does not keep the reader from reading
	if delay := v.group.AckDelay; !delay.IsZero() {
		random := rand.New(rand.NewPCG(v.run.scenario.Seed, uint64(v.index)|1<<36))
		handlers.AckDelay = func() time.Duration { return draw(delay, random) }
	}
	handlers = (&sessions{inbox: v.inbox, expiry: v.group.SessionExpiry.Std(), departed: v.departed.Load}).wrap(handlers)
	client, err := mqtt.Connect(ctx, v.settings(), handlers)
	if err != nil {
		return err
	}
	v.client = client
	current.Store(client)
	stripe.Record(record.Connect, client.ConnectTime())
	for _, filter := range v.filters {
		took, err := client.SubscribeAs(ctx, v.subscription(filter), v.group.SubscriptionIdentifier)
		if err != nil {
			return err
		}
		stripe.Record(record.Subscribe, took)
	}
	v.arrive()
	return nil
}

func (s *sender) connect(ctx context.Context) error {
	stripe := s.run.arms[0].counted.Stripe(int(s.index))
	handlers := s.run.health.watch(func(took time.Duration) { stripe.Record(record.Connect, took) })
	client, err := mqtt.Connect(ctx, s.settings(), handlers)
	if err != nil {
		return err
	}
	s.client = client
	stripe.Record(record.Connect, client.ConnectTime())
	limits := client.Limits()
	if s.group.QoS > limits.MaximumQoS {
		return fmt.Errorf("sender %s publishes at QoS %d, but the broker's Maximum QoS is %d", s.group.Name, s.group.QoS, limits.MaximumQoS)
	}
	if s.group.Retain && !limits.RetainAvailable {
		return fmt.Errorf("sender %s publishes retained messages, but the broker has no Retain Available", s.group.Name)
	}
	return s.fits(limits)
}

// disconnect closes every client: senders first, so that nothing more is sent.
func (r *run) disconnect() {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if r.retains() {
		// Receivers first: they would take what clears the retained messages for somebody else's.
		closeAll(ctx, r.mine.receivers, func(v *receiver) *mqtt.Client { return v.client })
		if r.share != nil {
			_ = r.share.member.Reach(ctx, stepLeft) // what one that is given up leaves behind is cleared all the same
		}
		r.clearRetained(ctx)
	}
	closeAll(ctx, r.mine.senders, func(s *sender) *mqtt.Client { return s.client })
	closeAll(ctx, r.mine.receivers, func(v *receiver) *mqtt.Client { return v.client })
}

func closeAll[T any](ctx context.Context, all []T, clientOf func(T) *mqtt.Client) {
	var wg sync.WaitGroup
	for _, one := range all {
		if client := clientOf(one); client != nil {
			wg.Go(func() { client.Close(ctx) })
		}
	}
	wg.Wait()
}

package load

import (
	"fmt"

	"mqttrace/load/record"
	"mqttrace/load/result"
	"mqttrace/load/stamp"
	"mqttrace/scenarios"
)

// flow is the number of the flow that a message belongs to: one for each sender and arm.
func (r *run) flow(s stamp.Stamp) int { return r.flowOf(s.Sender, int(s.Arm)) }

func (r *run) flowOf(sender uint32, arm int) int { return int(sender)*len(r.arms) + arm }

// owed is how many messages the subscription should get in all: those that were sent and that the broker did not refuse.
func (r *run) owed(sub *subscription) (n uint64) {
	for _, s := range sub.from {
		for _, l := range s.lanes {
			for i, path := range s.paths.routes {
				if path.matches(sub.set) > 0 {
					n += l.routed[i].delivered()
				}
			}
		}
	}
	return n
}

// hear notes for each subscription the senders some of whose messages are for it, in their order.
func (r *run) hear() {
	bySet := make([][]*subscription, len(r.router.sets))
	for _, sub := range r.subscriptions {
		bySet[sub.set] = append(bySet[sub.set], sub)
	}
	for _, s := range r.senders {
		for _, path := range s.paths.routes {
			for _, h := range path.hits {
				for _, sub := range bySet[h.set] {
					if n := len(sub.from); n == 0 || sub.from[n-1] != s {
						sub.from = append(sub.from, s)
					}
				}
			}
		}
	}
}

// delivery settles the ledger of one arm. The receivers have ended by now. What arrived that no arm can be told of, foreign
// and late messages, is entered into the first.
func (r *run) delivery(arm int) result.Delivery {
	d := result.Delivery{Violations: []string{}, Flows: []result.Flow{}}
	flows := make(map[[2]string]*result.Flow)
	var order [][2]string
	var inboxes []*record.Inbox
	for _, sub := range r.subscriptions {
		members := sub.inboxes()
		inboxes = append(inboxes, members...)
		heard := 0
		for _, s := range sub.from {
			key := [2]string{s.group.Name, sub.group.Name}
			if flows[key] == nil {
				flows[key] = newFlow(s.group, sub.group)
				order = append(order, key)
			}
			account := record.AccountOf(r.flowOf(s.index, arm), members)
			if sub.presence != nil {
				flows[key].Unpromised += r.settlePresence(&d, flows[key], sub, heard, account)
				heard++
				continue
			}
			settle(flows[key], sub, s, s.lanes[arm], account)
			flows[key].Unpromised += r.lose(&d, s, sub, s.lanes[arm], account, always)
		}
	}
	for _, key := range order {
		d.Flows = append(d.Flows, *flows[key])
		addFlow(&d, flows[key])
	}
	r.addSightings(&d, arm)
	if arm == 0 {
		totals := record.TotalsOf(inboxes)
		d.Wills = r.wills.Load()
		d.DuplicatedFlagged, d.Foreign, d.Late = totals.DuplicatedFlagged, totals.Foreign, totals.Late
	}
	return d
}

func newFlow(s *scenarios.Sender, v *scenarios.Receiver) *result.Flow {
	return &result.Flow{Sender: s.Name, Receiver: v.Name, QoS: min(s.QoS, v.QoS), Shared: v.ShareName() != ""}
}

// settle enters into a flow what the subscription got of one sender. A broker may deliver a message once for each of a client's
// filters that match it (MQTT 5 section 3.3.4): so many copies are no duplicates.
func settle(f *result.Flow, sub *subscription, s *sender, l *lane, a record.Account) {
	var expected uint64
	for i, path := range s.paths.routes {
		if path.matches(sub.set) > 0 {
			expected += l.routed[i].delivered()
		}
	}
	f.Expected += expected
	f.Lost += expected - min(expected, a.Distinct)
	addReceived(f, sub, s, l, a)
}

// addReceived enters what arrived.
func addReceived(f *result.Flow, sub *subscription, s *sender, l *lane, a record.Account) {
	var allowed uint64
	for i, path := range s.paths.routes {
		if matches := uint64(path.matches(sub.set)); matches > 0 {
			allowed += l.routed[i].delivered() * (matches - 1)
		}
	}
	overlapping := min(a.Duplicated, allowed)
	f.Received += a.Distinct
	f.Overlapping += overlapping
	f.Duplicated += a.Duplicated - overlapping
	f.Reordered += a.Reordered
}

// settlePresence is settle and lose for a subscription whose members were not there all the time; sender is an index in
// presence.from.
func (r *run) settlePresence(d *result.Delivery, f *result.Flow, sub *subscription, sender int, a record.Account) (unpromised uint64) {
	s := sub.presence.from[sender]
	now := s.lanes[0].mark(false)
	owed, got := sub.dueBetween(sender, sub.presence.beginning(sender), now, a)
	lost := owed - min(owed, got)
	f.Expected += a.Distinct + lost
	f.Lost += lost
	addReceived(f, sub, s, s.lanes[0], a)
	parts := sub.presence.stretches(sender, now)
	return r.lose(d, s, sub, s.lanes[0], a, func(seq uint32) bool { return within(parts, seq) })
}

// addFlow adds a flow to the totals and judges it by the lower of the two qualities of service.
func addFlow(d *result.Delivery, f *result.Flow) {
	d.Expected += f.Expected
	d.Received += f.Received
	d.Lost += f.Lost
	d.Unpromised += f.Unpromised
	d.Duplicated += f.Duplicated
	d.Overlapping += f.Overlapping
	d.Reordered += f.Reordered
	for _, p := range f.Promises() {
		if p.Broken > 0 {
			d.Violations = append(d.Violations, fmt.Sprintf("%s → %s: %s", f.Sender, f.Receiver, violation(f, p)))
		}
	}
}

// counted is a number of things in words: "1 message", "0 messages".
func counted[N ~int | ~int64 | ~uint64](n N, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// violation says how a promise was broken.
func violation(f *result.Flow, p result.Promise) string {
	switch p.Rule {
	case result.NotLost:
		return fmt.Sprintf("%d of %d messages lost at QoS %d", p.Broken, f.Expected, f.QoS)
	case result.NotDuplicated:
		return fmt.Sprintf("%s duplicated at QoS %d", counted(p.Broken, "message"), f.QoS)
	default:
		return fmt.Sprintf("%s %s", counted(p.Broken, "message"), p.Rule)
	}
}

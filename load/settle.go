package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"mqttrace/load/result"
	"mqttrace/scenarios"
)

// settlement is the delivery ledger of a run of several processes, settled.
type settlement struct {
	*run       // with everybody
	deliveries []result.Delivery
	copies     map[int]uint64 // that reached the receivers of a shard, by its index
	there      []bool         // which shards are, by index
	strays     uint64         // messages from senders of shards that are missing, copies included
}

// settleMemory is how many bytes what shards have written down may take.
const settleMemory = 4 << 30

// settleShards settles the ledger of a run from what its shards wrote down. Senders and receivers of shards that are missing are left out,
// and so are shared subscriptions that members of theirs had a part in: nobody knows what those sent or got.
func settleShards(sc *scenarios.Scenario, shards []*result.Result) (*settlement, error) {
	s := &settlement{run: newRun(context.Background(), withoutPayloads(sc), Options{}), copies: make(map[int]uint64)}
	s.target = new(target)
	for i, t := range sc.Tracing.Arms() {
		s.arms = append(s.arms, &arm{index: i, setting: t})
	}
	if err := s.recruit(); err != nil {
		return nil, err
	}
	s.keepThoseOf(shards)
	if err := s.readLedgers(shards); err != nil {
		return nil, err
	}
	for i := range s.arms {
		s.deliveries = append(s.deliveries, s.delivery(i))
	}
	return s, nil
}

// withoutPayloads is a scenario whose senders have nothing to prepare: a file that some payload came from may be on another machine.
func withoutPayloads(sc *scenarios.Scenario) *scenarios.Scenario {
	bare := *sc
	bare.Senders = slices.Clone(sc.Senders)
	for i := range bare.Senders {
		bare.Senders[i].Payload = scenarios.Payload{}
	}
	return &bare
}

// keepThoseOf leaves out of the subscriptions who is of a shard that is missing.
func (s *settlement) keepThoseOf(shards []*result.Result) {
	s.there = make([]bool, shards[0].Shard.Of)
	for _, shard := range shards {
		s.there[shard.Shard.Index] = true
	}
	s.subscriptions = slices.DeleteFunc(s.subscriptions, func(sub *subscription) bool {
		sub.from = slices.DeleteFunc(sub.from, func(from *sender) bool { return !s.isThere(int(from.index)) })
		sub.presence = presenceOf(sub)
		return slices.ContainsFunc(sub.members, func(v *receiver) bool { return !s.isThere(s.senderCount + v.index) })
	})
}

// isThere reports whether the shard of a client, counted as share.has does, is not missing.
func (s *settlement) isThere(client int) bool { return s.there[client%len(s.there)] }

// readLedgers restores what the clients of all shards sent and got.
func (s *settlement) readLedgers(shards []*result.Result) error {
	memory := int64(settleMemory)
	var all []*savedLedger
	var problems []error
	for _, one := range shards {
		l, err := s.openLedger(one.Shard.Ledger, &share{index: one.Shard.Index, of: one.Shard.Of}, &memory)
		if err == nil {
			err = l.senders(s.run)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("the ledger of shard %d cannot be read: %w", one.Shard.Index, err))
			continue
		}
		all = append(all, l)
	}
	if len(problems) > 0 {
		return errors.Join(problems...)
	}
	for _, l := range all {
		if l.label != all[0].label {
			return fmt.Errorf("shards %d and %d are of different runs: their clients are called mqttrace-%s and mqttrace-%s",
				all[0].share.index, l.share.index, all[0].label, l.label)
		}
		if err := l.receivers(s); err != nil {
			return fmt.Errorf("the ledger of shard %d cannot be read: %w", l.share.index, err)
		}
		s.copies[l.share.index] = l.copies
		s.strays += l.strays
	}
	s.label = all[0].label
	return nil
}

// recall makes a scenario of what a result has of it. Files that it names are not looked at: they may be on another machine.
func recall(raw json.RawMessage) (*scenarios.Scenario, error) {
	var named struct {
		Broker  json.RawMessage
		Senders []struct {
			Payload struct{ File string }
		}
	}
	if err := json.Unmarshal(raw, &named); err != nil {
		return nil, fmt.Errorf("the scenario cannot be read: %w", err)
	}
	var sets []scenarios.Set
	var long struct{ URL string }
	if json.Unmarshal(named.Broker, &long) == nil && long.URL != "" {
		sets = append(sets, scenarios.Set{Path: "broker", Value: fmt.Sprintf("%q", long.URL)})
	}
	for i, s := range named.Senders {
		if s.Payload.File != "" {
			sets = append(sets, scenarios.Set{Path: fmt.Sprintf("senders[%d].payload", i), Value: "{size: 0}"})
		}
	}
	return scenarios.Decode("scenario", raw, sets...)
}

package load

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
	"mqttrace/load/record"
	"mqttrace/load/result"
	"mqttrace/load/shard"
	"mqttrace/load/stamp"
	"mqttrace/scenarios"
)

// Sharding says which share this process, a shard, has of a run that several do together. All but Index is the same in all of them.
type Sharding struct {
	// Index, from 0, of how many.
	Index, Of int
	// Run is the name under which the shards meet on the broker, one level of a topic, such as DefaultRunName. Required.
	Run string
	// Prefix is what the topics of their control messages begin with. Default: shard.DefaultPrefix.
	Prefix string
	// Wait bounds the wait for the others. Default: 2 min.
	Wait time.Duration
	// Collect is how shard 0 takes in the results of the others, which it merges. Default: shard.NoCollection, it does not.
	Collect shard.Collection
	// Folder is what this process calls the folder that all share, and Keep writes a shard's result to a file there, whole or not at
	// all. It returns the file, and false, having said why, if there is none. Both are for shard.FromFolder, which requires them.
	Folder string
	Keep   func(own *result.Result) (file string, ok bool)
}

// share is what one of several processes, a shard, has of a run.
type share struct {
	index, of int

	spec   Sharding // of this process's own; the zero value where results are merged later
	member *shard.Member

	arrived atomic.Bool // all that any shard sent
	before  reading     // of what all have told, in shard 0
	speeds  reading     // per second
}

// reading is what all shards have told at an instant.
type reading struct {
	at             clock.Instant
	sent, received uint64
	p99            time.Duration // the worst of them
}

// has reports whether the client of a number, counted over all senders and on over all receivers, is the shard's.
func (s *share) has(client int) bool { return client%s.of == s.index }

// DefaultRunName is the name under which shards of a scenario meet if nobody gives one: the scenario's and a part of its fingerprint, so
// that different ones do not meet.
func DefaultRunName(sc *scenarios.Scenario, version string) (string, error) {
	print, err := fingerprint(sc, version)
	if err != nil {
		return "", err
	}
	return sc.Name + "-" + print[:8], nil
}

// fingerprint is of what all shards must have in common. The broker is not part of it: they may reach it by different addresses.
func fingerprint(sc *scenarios.Scenario, version string) (string, error) {
	common := *sc
	common.Broker = scenarios.Broker{Kind: scenarios.External}
	text, err := json.Marshal(&common)
	if err != nil {
		return "", fmt.Errorf("write the scenario for the other shards: %w", err)
	}
	sum := sha256.Sum256(append(text, version...))
	return hex.EncodeToString(sum[:]), nil
}

// RunShare runs this process's share of a scenario together with the other shards and returns its result. whole is that of all: in
// shard 0, if results are collected, and nil elsewhere. An error that others are the cause of is a *shard.Failure. What went wrong
// after the load began is no error: both results are there, invalid, with what was measured.
func RunShare(ctx context.Context, sc *scenarios.Scenario, opts Options, s Sharding) (own, whole *result.Result, err error) {
	if err := sc.Shardable(s.Of); err != nil {
		return nil, nil, err
	}
	r := newRun(ctx, sc, opts)
	r.share = &share{index: s.Index, of: s.Of, spec: s}
	own, err = r.execute(ctx)
	if r.share.member == nil {
		return nil, nil, err
	}
	parting, cancel := context.WithTimeout(context.WithoutCancel(ctx), partingTimeout)
	defer cancel()
	defer func() { err = errors.Join(err, r.share.member.Close(parting)) }()
	if err != nil {
		return nil, nil, r.share.blame(ctx, err)
	}
	if own.Shard, err = r.describeShare(); err != nil {
		return nil, nil, err
	}
	if s.Collect == shard.OverBroker || s.Collect == shard.FromFolder {
		whole, err = r.collect(parting, own)
	}
	return own, whole, err
}

// partingTimeout bounds what is left to do with the others after the load.
const partingTimeout = 2 * time.Minute

// blame tells the others of an error that is this shard's own, and returns why the run was given up in the end.
func (s *share) blame(ctx context.Context, err error) error {
	s.member.GiveUp(err.Error(), ctx.Err() != nil)
	return s.member.Why()
}

// meet waits until all shards have arrived and takes over what they have in common.
func (r *run) meet(ctx context.Context) error {
	print, err := fingerprint(r.scenario, r.opts.Version)
	if err != nil {
		return err
	}
	s := r.share
	settings := r.target.settings
	settings.Implementation = mqtt.Lean
	member, err := shard.Join(ctx, settings, shard.Spec{
		Index: s.index, Of: s.of, Run: s.spec.Run, Prefix: s.spec.Prefix, Wait: s.spec.Wait, Fingerprint: print,
		Collect: s.spec.Collect, Folder: s.spec.Folder,
		Progress: func(what string) { r.report(Starting, what) },
	})
	if err != nil {
		return err
	}
	s.member = member
	agreed := member.Agreed()
	r.id, r.label = agreed.ID, agreed.Label
	return nil
}

// whileTogether is a context that ends when the run is given up by any shard.
func (s *share) whileTogether(ctx context.Context) (context.Context, context.CancelFunc) {
	together, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-s.member.GaveUp():
		case <-together.Done():
		}
		cancel()
	}()
	return together, cancel
}

// Steps at which the shards wait for each other.
const (
	stepConnected = "that its clients are connected"
	stepProbed    = "that its receivers have seen a message"
	stepLeft      = "that its receivers are gone"
)

// stamp is a message's stamp as it travels: in the time of shard 0.
func (s *share) stamp(own stamp.Stamp) stamp.Stamp {
	if s == nil {
		return own
	}
	lag := own.Sent.Sub(own.Intended)
	own.Sent = s.member.Clock().Map(own.Sent)
	own.Intended = own.Sent.Add(-lag)
	return own
}

// read is the stamp of a message that was received at an instant of this process, in its own time.
func (s *share) read(data []byte, received clock.Instant) (stamp.Stamp, bool) {
	if s == nil {
		return stamp.Decode(data, received)
	}
	now := s.member.Clock().Map(received)
	found, ok := stamp.Decode(data, now)
	behind := received.Sub(now)
	found.Sent, found.Intended = found.Sent.Add(behind), found.Intended.Add(behind)
	return found, ok
}

// gaveUp is closed when the run is given up by any shard; nil, and never ready, without others.
func (s *share) gaveUp() <-chan struct{} {
	if s == nil {
		return nil
	}
	return s.member.GaveUp()
}

// giveUp ends the run for the others.
func (s *share) giveUp(reason string, interrupted bool) {
	if s != nil {
		s.member.GiveUp(reason, interrupted)
	}
}

// patience is how much longer than alone a shard waits for the end of the drain, which shard 0 declares.
func (s *share) patience() time.Duration {
	if s == nil {
		return 0
	}
	return 3 * time.Second
}

// gather waits until all that any shard has sent has arrived, or until it is no use waiting any longer: after an interruption too, whoever
// it was that was interrupted.
func (r *run) gather(ctx context.Context) {
	deadline := min(r.start().Add(r.total()), clock.Now()).Add(r.scenario.Drain.Std())
	for r.isUnderWay() && clock.Now() < deadline && !r.share.isLost() {
		time.Sleep(drainEvery)
	}
	limit := max(deadline.Sub(clock.Now()), drainEvery)
	drained, err := r.share.member.Drain(context.WithoutCancel(ctx), r.owedByAll(), r.gotByMine, limit)
	r.share.arrived.Store(drained && err == nil)
}

// who begins to say that the run was interrupted, with the shard that was, if there are several.
func (s *share) who() string {
	failure := (*shard.Failure)(nil)
	if s == nil || !errors.As(s.member.Why(), &failure) {
		return ""
	}
	return failure.Shard.String() + " was "
}

// isLost reports whether the run was given up, but for an interruption.
func (s *share) isLost() bool {
	why := s.member.Why()
	return why != nil && !isInterruption(why)
}

// isInterruption tells that somebody ended the run.
func isInterruption(why error) bool {
	failure := (*shard.Failure)(nil)
	return errors.As(why, &failure) && failure.Cause == shard.Interrupted
}

// isUnderWay reports whether a message of this process's senders is not acknowledged.
func (r *run) isUnderWay() bool {
	for _, s := range r.mine.senders {
		if s.client.InFlight() > 0 {
			return true
		}
	}
	return false
}

// owedByAll is how many messages receivers of any shard are owed by this one's senders.
func (r *run) owedByAll() (n uint64) {
	for _, s := range r.mine.senders {
		for _, l := range s.lanes {
			for i, path := range s.paths.routes {
				n += l.routed[i].delivered() * uint64(path.copies)
			}
		}
	}
	return n
}

func (r *run) gotByMine() (n uint64) {
	for _, v := range r.mine.receivers {
		n += v.inbox.Distinct()
	}
	return n
}

// tell lets the others know how far this shard is.
func (s *share) tell(p Progress, lag time.Duration) {
	s.member.Tell(shard.Progress{Phase: string(p.Phase), Sent: p.Sent, Received: p.Received, P99: p.P99, ScheduleLagP99: lag})
	now, isLead := s.told()
	if !isLead {
		return
	}
	if took := now.at.Sub(s.before.at).Seconds(); s.before.at != 0 && took > 0 {
		s.speeds.sent = uint64(float64(now.sent-min(now.sent, s.before.sent)) / took)
		s.speeds.received = uint64(float64(now.received-min(now.received, s.before.received)) / took)
	}
	s.before = now
}

// told is what all shards have told last, which shard 0 alone knows.
func (s *share) told() (now reading, isLead bool) {
	all := s.member.All()
	now.at = clock.Now()
	for _, one := range all {
		now.sent += one.Sent
		now.received += one.Received
		now.p99 = max(now.p99, one.P99)
	}
	return now, all != nil
}

// sum makes of shard 0's progress that of all.
func (s *share) sum(p *Progress) {
	now, isLead := s.told()
	if !isLead {
		return
	}
	p.Sent, p.Received, p.P99 = now.sent, now.received, max(p.P99, now.p99)
	p.SentPerSecond, p.ReceivedPerSecond = float64(s.speeds.sent), float64(s.speeds.received)
}

// partOfDelivery is what a shard alone knows of the ledger: what its receivers got. What they were owed others know, too.
func (r *run) partOfDelivery() result.Delivery {
	var inboxes []*record.Inbox
	for _, v := range r.mine.receivers {
		inboxes = append(inboxes, v.inbox)
	}
	got, totals := r.gotByMine(), record.TotalsOf(inboxes)
	return result.Delivery{
		Violations: []string{}, Flows: []result.Flow{}, Expected: got, Received: got, Wills: r.wills.Load(),
		Duplicated: totals.Duplicated, DuplicatedFlagged: totals.DuplicatedFlagged, Reordered: totals.Reordered,
		Foreign: totals.Foreign, Late: totals.Late,
	}
}

// describeShare says which share the result is of, and gives what it takes to settle the ledger with the others.
func (r *run) describeShare() (*result.Shard, error) {
	s := r.share
	ledger, err := r.ledgerOf(s)
	if err != nil {
		return nil, err
	}
	return &result.Shard{
		Index: s.index, Of: s.of, Run: s.spec.Run, Host: machine().Host, PID: os.Getpid(), Senders: len(r.mine.senders), Receivers: len(r.mine.receivers),
		Clock: s.member.Figures(r.start()), Ledger: ledger,
	}, nil
}

// send lets shard 0 have this shard's result.
func (s *share) send(ctx context.Context, own *result.Result) error {
	if s.spec.Collect == shard.FromFolder {
		file, ok := s.spec.Keep(own)
		if !ok {
			return nil
		}
		return s.member.SendFile(ctx, file)
	}
	data, err := json.Marshal(own)
	if err != nil {
		return err
	}
	return s.member.Send(ctx, data)
}

// collect brings the results of all shards together in shard 0. If some are missing the merged one says so.
func (r *run) collect(ctx context.Context, own *result.Result) (whole *result.Result, err error) {
	r.report(Collecting, "")
	if r.share.index > 0 {
		if err := r.share.send(ctx, own); err != nil && !errors.Is(err, r.share.member.Why()) { // which the result says itself
			return nil, fmt.Errorf("send the result to shard 0: %w", err)
		}
		return nil, nil
	}
	all := []*result.Result{own}
	sent, missing := r.share.member.Collect(ctx)
	for _, data := range sent {
		if data == nil {
			continue
		}
		other, err := result.Decode(bytes.NewReader(data))
		if err != nil {
			return nil, fmt.Errorf("the result of another shard: %w", err)
		}
		all = append(all, other)
	}
	if missing != nil {
		own.Warnings = append(own.Warnings, result.Warning{About: "run", Text: missing.Error()})
	}
	return Merge(all, missing != nil)
}

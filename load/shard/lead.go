package shard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/paho"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
	"mqttrace/load/stamp"
)

// lead is what shard 0 does for all: it admits the shards, sees what each has reached, and says what follows from it. It has
// connections of its own, so that shard 0 is otherwise a shard like any other.
type lead struct {
	spec     Spec
	topics   topics
	nonce    string
	welcome  welcome
	link     *link
	answerer *answerer
	began    clock.Instant

	ctx    context.Context // ends with close
	cancel context.CancelFunc
	work   sync.WaitGroup
	poke   chan struct{} // holds a token when there is something to look at

	mu      sync.Mutex // guards what follows
	seats   []seat     // by index
	state   state
	unsaid  bool // state has changed
	outbox  []outgoing
	steps   map[string]clock.Instant // when the first shard reached it
	drain   draining
	fetch   bool          // results are wanted
	changed chan struct{} // closed and replaced when a seat's result or its end has come
}

// outgoing is a letter and who gets it.
type outgoing struct {
	to string
	letter
}

// seat is the place of a shard.
type seat struct {
	report report // the latest; its Nonce is empty as long as nobody has arrived
	heard  clock.Instant
	gone   clock.Instant // when the will came
	dead   bool
	// turnedAway says that whoever came for the seat has been told why it cannot have it.
	turnedAway bool

	rival  *report       // somebody else who wants the seat: a duplicate, or its successor
	since  clock.Instant // when the rival came
	result delivery
}

func (s *seat) present() bool { return s.report.Nonce != "" }
func (s *seat) live() bool    { return s.present() && !s.dead && !s.report.Left }

func newLead(ctx context.Context, settings mqtt.Settings, spec Spec, topics topics, self report) (*lead, error) {
	l := &lead{
		spec: spec, topics: topics, nonce: newNonce(), began: clock.Now(),
		welcome: welcome{Agreed: Agreed{ID: uint16(rand.N(stamp.MaxRun + 1)), Label: fmt.Sprintf("%08x", rand.Uint32())}, Epoch: clock.Instant(0).Time()},
		poke:    make(chan struct{}, 1), seats: make([]seat, spec.Of), steps: make(map[string]clock.Instant), changed: make(chan struct{}),
	}
	if boot, monotonic, ok := clock.Monotonic(); ok {
		l.welcome.Boot, l.welcome.Monotonic = boot, monotonic
	}
	l.state = state{Lead: l.nonce, Shard: self.Shard, Seq: 1}
	l.seats[0] = seat{report: self, heard: l.began}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	if err := l.open(ctx, settings); err != nil {
		return nil, errors.Join(err, l.close(ctx))
	}
	return l, nil
}

func (l *lead) open(ctx context.Context, settings mqtt.Settings) (err error) {
	dead := l.state
	dead.Gone = true
	will := message(l.topics.state(), dead)
	l.link, err = open(ctx, settingsOf(settings, l.nonce, &mqtt.Will{Topic: will.Topic, Payload: will.Payload, QoS: 1}), l.receive, l.repeat,
		l.topics.results(l.nonce), l.topics.reports())
	if err != nil {
		return err
	}
	if l.answerer, err = newAnswerer(ctx, settings, l.topics.clock(l.nonce), l.nonce); err != nil {
		return err
	}
	l.mu.Lock() // reports are heard already
	first := message(l.topics.state(), l.state)
	l.mu.Unlock()
	if err := l.link.insist(ctx, l.retain(first)); err != nil {
		return err
	}
	l.work.Go(l.run)
	return nil
}

// wake has run look again.
func (l *lead) wake() {
	select {
	case l.poke <- struct{}{}:
	default:
	}
}

// repeat has the state go out again.
func (l *lead) repeat() {
	l.mu.Lock()
	l.unsaid = true
	l.mu.Unlock()
	l.wake()
}

// run looks at what has come, and says what follows.
func (l *lead) run() {
	tick := time.NewTicker(l.spec.pace.beat / 10)
	defer tick.Stop()
	var said clock.Instant
	for {
		now := clock.Now()
		l.mu.Lock()
		l.check(now)
		s, say, letters := l.state, l.unsaid || now.Sub(said) >= l.spec.pace.beat, l.outbox
		l.unsaid, l.outbox = false, nil
		l.mu.Unlock()
		for _, o := range letters {
			l.say(l.envelope(o))
		}
		if say { // after the letters: whoever has no welcome yet does not listen
			said = now
			l.say(l.retain(message(l.topics.state(), s)))
		}
		select {
		case <-l.poke:
		case <-tick.C:
		case <-l.ctx.Done():
			return
		}
	}
}

func (l *lead) envelope(o outgoing) *paho.Publish {
	o.Lead = l.nonce
	return message(l.topics.letters(o.to), o.letter)
}

// say publishes what is said again later if it gets lost.
func (l *lead) say(p *paho.Publish) {
	if _, lost := l.link.status(); lost == nil {
		_ = l.link.say(l.ctx, l.spec.pace.beat, p)
	}
}

// retain has the broker keep a message, if it does such things, for whoever connects again.
func (l *lead) retain(p *paho.Publish) *paho.Publish {
	p.Retain = l.link.client.Limits().RetainAvailable
	return p
}

// receive takes a message to shard 0.
func (l *lead) receive(d mqtt.Delivery) {
	if d.Topic == l.topics.reports() {
		var r report
		if json.Unmarshal(d.Payload, &r) == nil {
			l.mu.Lock()
			l.hear(r, d.Received)
			l.mu.Unlock()
			l.wake()
		}
		return
	}
	l.mu.Lock()
	l.takePart(d)
	l.mu.Unlock()
	l.wake()
}

// write puts a letter into the outbox. The caller holds mu, as that of all that follows does.
func (l *lead) write(to string, content letter) {
	l.outbox = append(l.outbox, outgoing{to, content})
}

// hear takes a report.
func (l *lead) hear(r report, now clock.Instant) {
	if r.Index < 0 || r.Index >= l.spec.Of {
		l.turnAway(r, unlikeNumber(r.Shard, r.Of, l.state.Shard, l.spec.Of))
		return
	}
	s := &l.seats[r.Index]
	switch {
	case s.report.Nonce == r.Nonce:
		l.update(s, r, now)
	case r.Gone || r.Left:
		if s.rival != nil && s.rival.Nonce == r.Nonce {
			s.rival = nil
		}
	case r.Lead != "" && r.Lead != l.nonce && r.Index > 0:
		// It is of another run, or has not noticed yet that its shard 0 is gone.
	case r.Of != l.spec.Of:
		l.turnAway(r, unlikeNumber(r.Shard, r.Of, l.state.Shard, l.spec.Of))
	case r.Fingerprint != l.spec.Fingerprint:
		l.turnAway(r, unlike(r.Shard, l.state.Shard))
	case r.Collection != l.spec.Collect:
		l.turnAway(r, unlikeCollection(r.Shard, r.Collection, l.state.Shard, l.spec.Collect))
	case l.passed(arrived) || l.state.Failure != nil && s.live():
		l.turnAway(r, taken(s.report.Shard, r.Shard))
	case s.live():
		if s.rival == nil || s.rival.Nonce != r.Nonce {
			s.rival, s.since = &r, now
		}
	default:
		l.admit(s, r, now)
	}
}

// turnAway refuses a newcomer. Before all have arrived that is the end: its index would be waited for in vain.
func (l *lead) turnAway(r report, why *Failure) {
	if l.state.Failure != nil {
		why = l.state.Failure
	} else if !l.passed(arrived) {
		l.fail(why)
	}
	if r.Index >= 0 && r.Index < len(l.seats) {
		l.seats[r.Index].turnedAway = true
	}
	l.write(r.Nonce, letter{Refused: why})
}

func (l *lead) admit(s *seat, r report, now clock.Instant) {
	*s = seat{report: r, heard: now}
	l.greet(r)
}

// greet welcomes a process with the state of things, which it may have missed.
func (l *lead) greet(r report) {
	w := l.welcome
	w.State = l.state
	l.write(r.Nonce, letter{Welcome: &w})
}

// update takes a report of a shard that has been admitted.
func (l *lead) update(s *seat, r report, now clock.Instant) {
	switch {
	case r.Gone:
		s.gone = now
		return
	case r.Seq < s.report.Seq:
		return
	}
	s.report, s.heard = r, now
	if r.Left && r.Result == nil {
		l.news() // there will be none
	}
	if r.Lead == "" && !r.Left {
		l.greet(r) // the first welcome was lost, or is on its way
	}
	if r.Failure != nil {
		l.fail(r.Failure)
	}
	if s.rival != nil && now.Sub(s.since) > l.spec.pace.beat/2 && !r.Left { // that was not on its way when the rival came
		l.fail(twice(r.Shard, s.rival.Shard))
	}
	if r.Result != nil && s.result.taken == r.Result.SHA256 {
		l.write(r.Nonce, letter{Taken: s.result.taken})
	}
}

func (l *lead) passed(step string) bool { return slices.Contains(l.state.Passed, step) }

// fail gives up the run, for the first reason there is. Rivals follow no state, or another's.
func (l *lead) fail(f *Failure) {
	if l.state.Failure != nil {
		return
	}
	l.state.Failure = f
	for i := range l.seats {
		if rival := l.seats[i].rival; rival != nil {
			l.write(rival.Nonce, letter{Refused: f})
		}
	}
	l.change()
}

// change has all hear of a change of the state.
func (l *lead) change() {
	l.state.Seq++
	l.unsaid = true
	l.wake()
}

// check draws the conclusions from what all have reported.
func (l *lead) check(now clock.Instant) {
	connected, away := l.link.status()
	if away != nil {
		return // nothing can have been heard
	}
	for i := range l.seats {
		l.examine(&l.seats[i], now, connected)
	}
	l.fetchResults(now)
	if f := l.state.Failure; f != nil {
		if f.Cause == Interrupted { // what is under way still counts
			l.checkDrain(now)
		}
		return
	}
	l.state.Waiting = ""
	if !l.passed(arrived) {
		l.checkArrivals(now)
		return
	}
	l.checkSteps(now)
	l.checkDrain(now)
}

// examine looks whether a shard has died.
func (l *lead) examine(s *seat, now, connected clock.Instant) {
	if s.live() {
		if how := l.spec.pace.death(now, max(s.heard, connected), s.gone); how != "" {
			l.bury(s, how)
		}
	}
	if s.rival != nil && !s.live() {
		l.admit(s, *s.rival, now)
	}
}

// bury notes the death of a shard. Until all have arrived another process may take its place; once its result is here it is not missed.
func (l *lead) bury(s *seat, how string) {
	s.dead = true
	l.news()
	if l.passed(arrived) && s.result.taken == "" {
		l.fail(lost(s.report.Shard, how))
	}
}

func (l *lead) checkArrivals(now clock.Instant) {
	missing := l.missing(func(s *seat) bool { return s.live() })
	switch {
	case len(missing) == 0:
		l.pass(arrived)
	case now.Sub(l.began) > l.spec.Wait:
		l.fail(notArrived(missing, l.spec.Of, l.spec.Wait))
	default:
		l.state.Waiting = l.waiting("arrived", missing)
	}
}

// checkSteps looks at the steps that some have reached and not all.
func (l *lead) checkSteps(now clock.Instant) {
	for _, step := range l.openSteps() {
		if l.state.Failure == nil {
			l.checkStep(step, now)
		}
	}
}

func (l *lead) openSteps() (steps []string) {
	for i := range l.seats {
		for _, step := range l.seats[i].report.Reached {
			if !l.passed(step) && !slices.Contains(steps, step) {
				steps = append(steps, step)
			}
		}
	}
	return steps
}

func (l *lead) checkStep(step string, now clock.Instant) {
	since, known := l.steps[step]
	if !known {
		l.steps[step], since = now, now
	}
	missing := l.missing(func(s *seat) bool { return slices.Contains(s.report.Reached, step) })
	if len(missing) == 0 {
		l.pass(step)
		return
	}
	l.state.Waiting = l.waiting("reported "+step, missing)
	if gone := l.firstLeft(missing); gone != nil {
		l.fail(left(gone.Shard, "it reported "+step))
	} else if now.Sub(since) > l.spec.Wait {
		l.fail(notReported(missing, step, l.spec.Wait))
	}
}

// pass lets all go on.
func (l *lead) pass(step string) {
	l.state.Passed = append(slices.Clone(l.state.Passed), step)
	if step == starting {
		l.state.Start = clock.Now().Add(l.spec.pace.ahead)
	}
	l.change()
}

// missing are the shards of which something is not so.
func (l *lead) missing(so func(*seat) bool) (indexes []int) {
	for i := range l.seats {
		if !so(&l.seats[i]) {
			indexes = append(indexes, i)
		}
	}
	return indexes
}

// firstLeft is the first of the shards that has left, nil if none has.
func (l *lead) firstLeft(indexes []int) *report {
	for _, i := range indexes {
		if l.seats[i].report.Left {
			return &l.seats[i].report
		}
	}
	return nil
}

func (l *lead) waiting(what string, missing []int) string {
	const most = 10
	rest := ""
	if len(missing) > most {
		rest = fmt.Sprintf(" and %d others", len(missing)-most)
	}
	return fmt.Sprintf("%d of %d shards have %s; waiting for %s%s", l.spec.Of-len(missing), l.spec.Of, what, numbers(missing[:min(len(missing), most)]), rest)
}

// progress is what each shard has told last.
func (l *lead) progress() []Progress {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]Progress, len(l.seats))
	for i := range l.seats {
		all[i].Shard = l.seats[i].report.Shard
		all[i].Index = i
		if p := l.seats[i].report.Progress; p != nil {
			all[i] = *p
		}
	}
	return all
}

// conclude waits until all others have seen the last state, or have left, or until ctx ends. If the run is over before all have arrived
// those that are still to come are waited for, too: nobody else could tell them.
func (l *lead) conclude(ctx context.Context, f *Failure) {
	l.mu.Lock()
	if f != nil {
		l.fail(f)
	}
	l.mu.Unlock()
	again := time.NewTicker(l.spec.pace.beat / 10)
	defer again.Stop()
	for !l.seenByAll() {
		select {
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

func (l *lead) seenByAll() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.seats[1:] {
		s := &l.seats[i+1]
		if s.live() && s.report.Seen < l.state.Seq || !s.present() && !s.turnedAway && l.endedEarly() {
			return false
		}
	}
	return true
}

// endedEarly reports whether the run was given up while shards arrived, and neither by somebody nor after a long wait for the others.
func (l *lead) endedEarly() bool {
	f := l.state.Failure
	return f != nil && f.Cause != Interrupted && f.Cause != Missing && !l.passed(arrived)
}

// last is what is still to be said at the end.
func (l *lead) last() (all []*paho.Publish) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, o := range l.outbox {
		all = append(all, l.envelope(o))
	}
	l.state.Left = true
	l.state.Seq++
	return append(all, message(l.topics.state(), l.state), l.retain(&paho.Publish{Topic: l.topics.state(), QoS: 1}))
}

// close says good-bye, clears what the broker has retained and ends all that newLead started.
func (l *lead) close(ctx context.Context) error {
	l.cancel()
	l.work.Wait()
	var err error
	if l.link != nil {
		for _, p := range l.last() {
			_ = l.link.bid(ctx, p) // the others notice anyway
		}
		err = l.link.client.Close(ctx)
	}
	if l.answerer != nil {
		err = errors.Join(err, l.answerer.close(ctx))
	}
	return err
}

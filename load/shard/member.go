package shard

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
	"mqttrace/load/result"
	"mqttrace/load/shard/offset"
)

// The steps that Member takes itself.
const (
	arrived  = "arrived"
	starting = "starting"
)

// Member is this process's place in a run of several. Its methods are safe for concurrent use.
type Member struct {
	spec   Spec
	topics topics
	link   *link
	lead   *lead // nil but in shard 0
	asker  *asker
	clock  *offset.Clock

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	work   sync.WaitGroup
	poke   chan struct{} // holds a token when there is something to say
	gaveUp chan struct{} // closed with failure

	mu       sync.Mutex // guards what follows
	report   report     // what it says
	welcome  *welcome   // nil until shard 0 has admitted it
	state    state      // the latest of the shard 0 that has
	heard    clock.Instant
	gone     clock.Instant // when that one's will came; 0 if it has come back
	leadless *Failure      // that one is gone for good
	failure  *Failure      // the run is given up
	result   []byte        // being sent
	wanted   *want         // the part of it that is to go next; nil for none
	asked    clock.Instant // when one was last asked for
	taken    string        // hash of the last result that shard 0 has
	changed  chan struct{} // closed and replaced when any of it changes
}

// Join connects to the broker, with the address, TLS and credentials of settings, and returns when all shards have arrived. If they do
// not, or the run is given up meanwhile, the error is a *Failure; if ctx ends first, the run ends for all.
func Join(ctx context.Context, settings mqtt.Settings, spec Spec) (*Member, error) {
	spec, err := spec.withDefaults()
	if err != nil {
		return nil, err
	}
	m := newMember(spec)
	if err := m.join(ctx, settings); err != nil {
		m.GiveUp(fmt.Sprintf("while the shards arrived: %v", err), ctx.Err() != nil) // unless there is a reason already
		_ = m.Close(context.WithoutCancel(ctx))                                      // what went wrong is known
		return nil, err
	}
	return m, nil
}

func (m *Member) join(ctx context.Context, settings mqtt.Settings) error {
	if err := m.open(ctx, settings); err != nil {
		return err
	}
	if err := m.arrive(ctx); err != nil {
		return err
	}
	return m.compareClocks(ctx, settings)
}

func newMember(spec Spec) *Member {
	host, _ := os.Hostname() // an unknown one is empty
	m := &Member{
		spec: spec, topics: topics(spec.Prefix + "/" + spec.Run),
		poke: make(chan struct{}, 1), gaveUp: make(chan struct{}), changed: make(chan struct{}),
		report: report{
			Shard: Shard{Index: spec.Index, Host: host, PID: os.Getpid()},
			Nonce: newNonce(), Of: spec.Of, Fingerprint: spec.Fingerprint, Collection: spec.Collect,
		},
	}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	return m
}

func newNonce() string {
	var b [6]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func (m *Member) open(ctx context.Context, settings mqtt.Settings) (err error) {
	if m.spec.Index == 0 {
		if m.lead, err = newLead(ctx, settings, m.spec, m.topics, m.report); err != nil {
			return err
		}
	}
	dead := m.report
	dead.Gone = true
	will := message(m.topics.reports(), dead)
	m.link, err = open(ctx, settingsOf(settings, m.report.Nonce, &mqtt.Will{Topic: will.Topic, Payload: will.Payload, QoS: 1}),
		m.receive, m.speak, m.topics.letters(m.report.Nonce), m.topics.state())
	if err != nil {
		return err
	}
	if err := m.link.insist(ctx, message(m.topics.reports(), m.next())); err != nil {
		return err
	}
	m.work.Go(m.attend)
	return nil
}

// arrive waits until all have, or shard 0 says that somebody does not. As long as there is no shard 0, nobody says so.
func (m *Member) arrive(ctx context.Context) error {
	patience, cancel := context.WithTimeoutCause(ctx, m.spec.Wait, errNoLead)
	defer cancel()
	m.reach(arrived)
	if err := m.await(patience, func() bool { return m.welcome != nil || m.passed(arrived) }); err != nil {
		return m.blame(err)
	}
	// Shard 0 waits as long from when it began, and may be another by then.
	patience, cancel = context.WithTimeoutCause(ctx, m.spec.Wait+2*m.spec.pace.silence, errNoLead)
	defer cancel()
	return m.blame(m.await(patience, func() bool { return m.passed(arrived) }))
}

// errNoLead is why arrive waits no longer.
var errNoLead = errors.New("shard 0 did not arrive")

func (m *Member) blame(err error) error {
	if errors.Is(err, errNoLead) {
		return notArrived([]int{0}, m.spec.Of, m.spec.Wait)
	}
	return err
}

// await waits until done, which is called with mu held, the run is given up or ctx ends.
func (m *Member) await(ctx context.Context, done func() bool) error {
	return m.awaitDespite(ctx, func() (bool, error) {
		switch {
		case m.failure != nil:
			return false, m.failure
		case done():
			return true, nil
		case m.leadless != nil:
			return false, m.leadless
		}
		return false, nil
	})
}

// awaitDespite is await for what can be done even when the run is given up.
func (m *Member) awaitDespite(ctx context.Context, done func() (bool, error)) error {
	for {
		m.mu.Lock()
		ok, err := done()
		changed := m.changed
		m.mu.Unlock()
		if ok || err != nil {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-m.ctx.Done():
			return mqtt.ErrClosed
		}
	}
}

// passed says whether all have reached a step. The caller holds mu.
func (m *Member) passed(step string) bool {
	return m.welcome != nil && slices.Contains(m.state.Passed, step)
}

// change wakes whoever waits. The caller holds mu.
func (m *Member) change() {
	close(m.changed)
	m.changed = make(chan struct{})
}

// speak has the report go out now.
func (m *Member) speak() {
	select {
	case m.poke <- struct{}{}:
	default:
	}
}

// reach notes a step in what is reported.
func (m *Member) reach(step string) {
	m.mu.Lock()
	if !slices.Contains(m.report.Reached, step) {
		m.report.Reached = append(slices.Clone(m.report.Reached), step)
	}
	m.mu.Unlock()
	m.speak()
}

// Agreed returns what shard 0 has drawn for all.
func (m *Member) Agreed() Agreed {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.welcome.Agreed
}

// Reach is a barrier: it returns when all shards have reached the step, each of which has a name of its own that comes after "have
// reported". If the run is given up the error is a *Failure. It waits for Spec.Wait from when the first shard has reached it.
func (m *Member) Reach(ctx context.Context, step string) error {
	m.reach(step)
	return m.await(ctx, func() bool { return m.passed(step) })
}

// Start returns the instant, by this process's clock, at which all shards begin. It is about a second ahead when shard 0 says it; if
// it has passed when this process hears of it, that is an error.
func (m *Member) Start(ctx context.Context) (clock.Instant, error) {
	if err := m.awaitClock(ctx); err != nil {
		return 0, err
	}
	m.reach(starting)
	var at clock.Instant
	if err := m.await(ctx, func() bool { at = m.state.Start; return m.passed(starting) && at != 0 }); err != nil {
		return 0, err
	}
	if m.asker != nil {
		m.asker.calm()
	}
	at = m.clock.Unmap(at)
	if late := clock.Now().Sub(at); late >= 0 {
		return 0, fmt.Errorf("shard %d heard of the start %v after it", m.spec.Index, late)
	}
	return at, nil
}

// Tell says how far this shard is. It goes out with the next sign of life, of which there is one a second.
func (m *Member) Tell(p Progress) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p.Shard = m.report.Shard
	m.report.Progress = &p
}

// All returns, in shard 0, what each shard has told last, by index; nil in the others.
func (m *Member) All() []Progress {
	if m.lead == nil {
		return nil
	}
	return m.lead.progress()
}

// Drain tells what this shard's senders are owed in all and, again and again, how much its receivers have got. It returns true when
// all that is owed in the whole run has arrived and has stayed so for 200 ms, which lets duplicates come that would hide a loss, and
// false when the limit is over; the same in all shards. It works even when the run has been interrupted, as long as all shards are there.
func (m *Member) Drain(ctx context.Context, owed uint64, got func() uint64, limit time.Duration) (drained bool, err error) {
	for {
		m.drain(drain{Owed: owed, Got: got(), Limit: limit})
		again, cancel := context.WithTimeoutCause(ctx, m.spec.pace.settled/2, errAgain)
		err := m.awaitDespite(again, func() (bool, error) {
			switch {
			case m.state.Drained != nil:
				drained = *m.state.Drained
				return true, nil
			case m.failure != nil && m.failure.Cause != Interrupted:
				return false, m.failure
			case m.leadless != nil:
				return false, m.leadless
			}
			return false, nil
		})
		cancel()
		if !errors.Is(err, errAgain) {
			return drained, err
		}
	}
}

var errAgain = errors.New("time to look again")

func (m *Member) drain(d drain) {
	m.mu.Lock()
	news := m.report.Drain == nil || *m.report.Drain != d
	m.report.Drain = &d
	m.mu.Unlock()
	if news {
		m.speak()
	}
}

// GaveUp returns a channel that is closed when the whole run is given up, by whichever shard.
func (m *Member) GaveUp() <-chan struct{} { return m.gaveUp }

// Why returns why the run was given up, a *Failure, and nil as long as it is not.
func (m *Member) Why() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failure == nil {
		return nil
	}
	return m.failure
}

// GiveUp ends the run for all shards, which then name this one and the reason. Only the first is heard.
func (m *Member) GiveUp(reason string, interrupted bool) {
	m.fail(gaveUp(m.report.Shard, reason, interrupted), true)
}

// fail ends the run in this process, and in all if it is to be told.
func (m *Member) fail(f *Failure, tell bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failure != nil {
		return
	}
	m.failure = f
	if tell {
		m.report.Failure = f
	}
	close(m.gaveUp)
	m.change()
	m.speak()
}

// Clock maps instants of this process to those of shard 0. Comparisons go on from Join to Close.
func (m *Member) Clock() *offset.Clock { return m.clock }

// Figures says how the clock was compared, with its offset at the instant at, which is when the load began.
func (m *Member) Figures(at clock.Instant) result.ShardClock {
	f := m.clock.Figures(at)
	if f.Exchanges > 0 {
		m.mu.Lock()
		lead := m.welcome.Epoch
		m.mu.Unlock()
		f.AheadNS = int64(clock.Instant(0).Time().Sub(lead)) - f.OffsetNS
	}
	return f
}

// Close says good-bye and returns when everything that Join started has ended. Shard 0 waits a little for the others to have heard
// what it said last, and clears what the broker has retained. ctx bounds all of it.
func (m *Member) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*m.spec.pace.beat)
	defer cancel()
	var err error
	if m.lead != nil {
		hearing, done := context.WithTimeout(ctx, 4*m.spec.pace.beat) // the rest takes time, too
		m.lead.conclude(hearing, m.end())
		done()
	}
	m.cancel()
	m.work.Wait()
	if m.link != nil {
		_ = m.link.bid(ctx, message(m.topics.reports(), m.farewell())) // a broker that is away is no error: all is over
		err = m.link.client.Close(ctx)
	}
	if m.asker != nil {
		err = errors.Join(err, m.asker.close(ctx))
	}
	if m.lead != nil {
		err = errors.Join(err, m.lead.close(ctx))
	}
	return err
}

// end is why the run was given up, nil if it was not.
func (m *Member) end() *Failure {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.failure
}

func (m *Member) farewell() report {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.report.Left = true
	m.report.Seq++
	return m.report
}

// attend gives signs of life and watches shard 0 and the broker.
func (m *Member) attend() {
	beat := time.NewTicker(m.spec.pace.beat)
	defer beat.Stop()
	shown := ""
	for {
		m.watch(clock.Now())
		if text := m.waiting(); text != shown && text != "" {
			shown = text
			m.spec.Progress(text)
		}
		if _, lost := m.link.status(); lost == nil {
			_ = m.link.say(m.ctx, m.spec.pace.beat, message(m.topics.reports(), m.next())) // said again in any case
			if p := m.part(); p != nil {
				_ = m.link.say(m.ctx, m.spec.pace.beat, p) // asked for again
			}
		}
		select {
		case <-m.poke:
		case <-beat.C:
			shown = "" // whoever looks seldom is told again
		case <-m.ctx.Done():
			return
		}
	}
}

// next is the report to send now.
func (m *Member) next() report {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.report.Seq++
	return m.report
}

// waiting is what is being waited for.
func (m *Member) waiting() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.welcome == nil {
		return "waiting for shard 0"
	}
	return m.state.Waiting
}

// watch looks whether the broker and shard 0 are there.
func (m *Member) watch(now clock.Instant) {
	since, lost := m.link.status()
	if lost != nil {
		if now.Sub(since) > m.spec.pace.reconnect {
			m.fail(unreachable(m.report.Shard, m.spec.pace.reconnect, lost), false)
		}
		return
	}
	m.mu.Lock()
	how := m.deathOfLead(now, since)
	m.mu.Unlock()
	if how != "" {
		m.loseLead(how)
	}
}

// deathOfLead says how shard 0 died, if it did. The caller holds mu.
func (m *Member) deathOfLead(now, connected clock.Instant) string {
	if m.welcome == nil || m.leadless != nil {
		return ""
	}
	return m.spec.pace.death(now, max(m.heard, connected), m.gone)
}

// death says how a shard died that was last heard then, and whose will came then if gone is not 0; empty if it lives.
func (p pace) death(now, heard, gone clock.Instant) string {
	switch {
	case gone > heard && now.Sub(gone) > p.grace:
		return fmt.Sprintf("its connection ended, and it was not back within %v", p.grace)
	case now.Sub(heard) > p.silence:
		return fmt.Sprintf("nothing was heard of it for %v", p.silence)
	}
	return ""
}

// loseLead looks for another shard 0, if nothing has begun yet; otherwise the run is over.
func (m *Member) loseLead(how string) {
	m.mu.Lock()
	f := lost(m.state.Shard, how)
	begun := m.passed(arrived)
	if begun {
		m.leadless = f
	} else {
		m.welcome, m.state, m.report.Lead, m.report.Seen = nil, state{}, "", 0
	}
	m.change()
	m.mu.Unlock()
	if begun {
		m.fail(f, false)
	}
}

// receive takes a control message.
func (m *Member) receive(d mqtt.Delivery) {
	if d.Topic == m.topics.state() {
		var s state
		if json.Unmarshal(d.Payload, &s) == nil {
			m.hear(s, d.Received, d.Retain)
		}
		return
	}
	var l letter
	if json.Unmarshal(d.Payload, &l) == nil {
		m.read(l, d.Received)
	}
}

// hear takes a state. One that was retained may be of a shard 0 that has died since.
func (m *Member) hear(s state, at clock.Instant, retained bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.welcome == nil || s.Lead != m.report.Lead:
		return
	case s.Gone:
		m.gone = at
		return
	}
	if !retained {
		m.heard = at
	}
	if s.Seq >= m.state.Seq {
		m.follow(s)
	}
}

// follow takes a state that is at least as new as the one known. The caller holds mu.
func (m *Member) follow(s state) {
	if s.Seq > m.report.Seen {
		m.speak() // shard 0 waits for it to be seen
	}
	m.state, m.report.Seen = s, s.Seq
	if s.Left && m.leadless == nil {
		m.leadless = left(s.Shard, "this one was done")
	}
	if s.Failure != nil && m.failure == nil {
		m.failure = s.Failure
		close(m.gaveUp)
	}
	m.change()
}

// read takes a letter.
func (m *Member) read(l letter, at clock.Instant) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case l.Refused != nil && (m.report.Lead == l.Lead || !m.passed(arrived)): // before that, another shard 0 counts as much
		if m.failure == nil {
			m.failure = l.Refused
			close(m.gaveUp)
		}
	case l.Welcome != nil && m.welcome == nil:
		m.welcome, m.report.Lead, m.heard, m.gone = l.Welcome, l.Lead, at, 0
		m.follow(l.Welcome.State)
	case l.Lead != m.report.Lead:
		return
	case l.Want != nil:
		m.wanted, m.asked = l.Want, at
		m.speak()
	case l.Taken != "":
		m.taken = l.Taken
	}
	m.change()
}

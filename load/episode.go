package load

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mqttrace/load/clock"
	"mqttrace/load/record"
	"mqttrace/load/result"
	"mqttrace/scenarios"
)

const (
	// underWay is how long before a fault begins a message may have been sent for its loss to be put down to the fault.
	underWay = time.Second
	// recoveryStep is how finely the time is told until response times are what they were.
	recoveryStep = 100 * time.Millisecond
	// recoverySteps in a row must be well for that: one second.
	recoverySteps = 10
	// recoveryWatched is for how long after a fault began its consequences are looked at.
	recoveryWatched = 10 * time.Minute
	// recoveredWithin is how many times the p99 of before a response time may be and count as well.
	recoveredWithin = 2
	// calmEnough is how many response times of before there must be for a p99.
	calmEnough = 100
)

// episode is one fault of the scenario, or one stall of receivers, and what became of connections and messages because of it.
type episode struct {
	fault    scenarios.Fault // of a stall, only when it is
	stalled  string          // the group of receivers whose stall it is; empty for a fault
	boundary time.Duration   // messages sent from then on count to it, from the start of the measured phase

	// limit is the response time from which a message is late, and before the p99 that it comes from; 0 if that is not known.
	// Both are set when the episode begins.
	limit, before time.Duration
	began         clock.Instant
	ended         atomic.Int64 // clock.Instant; 0 while it lasts

	late, duplicated atomic.Uint64
	messagesLost     uint64 // counted after the run
	steps            []step // by time since it began
	// backlog is of the receivers that it holds back; nil if it does not.
	backlog *backlog

	// What follows is guarded by the mutex of episodes.
	lost     int           // connections
	away     int           // clients that have none and have had one when it began
	noticed  clock.Instant // when the first was lost; 0 if none was
	complete clock.Instant // when the last was made again
}

// step counts the messages that arrived in a tenth of a second, and those of them that were late.
type step struct{ received, late atomic.Uint32 }

// holds reports whether a group of receivers gets less than it is owed while the episode lasts.
func (e *episode) holds(group string) bool {
	if e.stalled != "" {
		return e.stalled == group
	}
	return e.fault.OnReceiver(group)
}

// name is that of the fault.
func (e *episode) name() string {
	if e.stalled != "" {
		return "receivers: stall of " + e.stalled
	}
	return e.fault.Name()
}

// episodes are the faults and stalls of a run in the order in which they begin. Methods are safe for concurrent use.
type episodes struct {
	all     []*episode
	current atomic.Pointer[episode] // the last that has begun

	mu      sync.Mutex // guards what follows, and some of the episodes
	lasting int        // episodes that have begun and not ended
	quiet   clock.Instant
	calm    record.Histogram // response times of seconds in which nothing was wrong
}

func episodesOf(s *scenarios.Scenario) *episodes {
	x := new(episodes)
	add := func(e *episode) {
		e.boundary = e.fault.At.Std() - underWay
		if slices.ContainsFunc(s.Receivers, func(v scenarios.Receiver) bool { return e.holds(v.Name) }) {
			e.backlog = new(backlog)
		}
		x.all = append(x.all, e)
	}
	for _, f := range s.Faults {
		if f.Broker != scenarios.BrokerStart {
			add(&episode{fault: f})
		}
	}
	for _, v := range s.Receivers {
		if v.Stall.For > 0 {
			add(&episode{fault: scenarios.Fault{At: v.Stall.At, For: v.Stall.For}, stalled: v.Name})
		}
	}
	slices.SortStableFunc(x.all, func(a, b *episode) int { return int(a.fault.At - b.fault.At) })
	return x
}

// begin opens an episode: what happens from now on is its doing.
func (x *episodes) begin(e *episode) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.lasting++
	e.began = clock.Now()
	e.steps = make([]step, recoveryWatched/recoveryStep)
	if x.calm.Count() >= calmEnough {
		e.before = x.calm.Quantile(0.99)
		e.limit = recoveredWithin * e.before
	}
	x.current.Store(e)
}

// end notes that the fault is about to be undone.
func (x *episodes) end(e *episode) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.lasting--
	x.quiet = clock.Now()
	e.ended.Store(int64(x.quiet))
}

// settled is since when no fault lasts; ok is false while one does.
func (x *episodes) settled() (since clock.Instant, ok bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.quiet, x.lasting == 0
}

// second takes the response times of a second into what is known of a run in which nothing is wrong.
func (x *episodes) second(in *record.Interval) {
	if len(x.all) == 0 {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.lasting == 0 && x.hasRecovered() {
		x.calm.Merge(&in.Response)
	}
}

// hasRecovered reports whether response times are what they were before the last episode. Where nobody knows what they were, they are
// taken to be so when it has been over for as long as it lasted and a second, and all clients are connected.
func (x *episodes) hasRecovered() bool {
	e := x.current.Load()
	if e == nil {
		return true
	}
	now := clock.Now()
	if e.limit == 0 {
		ended := clock.Instant(e.ended.Load())
		return e.away == 0 && now.Sub(ended) >= ended.Sub(e.began)+time.Second
	}
	_, ok := e.recovery(now)
	return ok
}

// mark notes in a lane's marks that message seq has been sent, at an offset from the start of the measured phase.
func (x *episodes) mark(marks []uint32, sent time.Duration, seq uint32) []uint32 {
	for len(marks) < len(x.all) && sent >= x.all[len(marks)].boundary {
		marks = append(marks, seq)
	}
	return marks
}

// loss counts a message that a subscription lost to the last episode that it may be put down to, and returns that; nil if there is none.
func (x *episodes) loss(sub *subscription, marks []uint32, seq uint32) *episode {
	for i := len(marks) - 1; i >= 0; i-- {
		if seq < marks[i] {
			continue
		}
		e := x.all[i]
		e.messagesLost++
		if e.backlog != nil && sub.isHeld(e.holds) {
			e.backlog.lost++
		}
		return e
	}
	return nil
}

// mayExpire reports whether the episode may have kept a message to a subscription waiting in the broker until it expired (MQTT 5
// section 3.3.2.3.3); interval is its expiry interval, 0 if it has none.
func (e *episode) mayExpire(sub *subscription, interval time.Duration) bool {
	if e == nil || interval == 0 {
		return false
	}
	length := e.fault.For.Std()
	if ended := clock.Instant(e.ended.Load()); length == 0 && ended != 0 {
		length = ended.Sub(e.began)
	}
	return length >= interval && (e.fault.Broker != "" || sub.isHeld(e.holds))
}

// holdBack reports whether any episode holds receivers back.
func (x *episodes) holdBack() bool {
	return slices.ContainsFunc(x.all, func(e *episode) bool { return e.backlog != nil })
}

// down is told that a client lost its connection, and says to which episode that counts; nil before the first.
func (x *episodes) down(at clock.Instant) *episode {
	e := x.current.Load()
	if e == nil || e.fault.Exporter != "" {
		return nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	e.lost++
	e.away++
	if e.noticed == 0 {
		e.noticed = at
	}
	return e
}

// up is told that a client has a connection again that it had lost in an episode.
func (x *episodes) up(e *episode, at clock.Instant) {
	if e == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	e.away--
	e.complete = max(e.complete, at)
}

// received counts a message that arrived.
func (x *episodes) received(at clock.Instant, response time.Duration) {
	e := x.current.Load()
	if e == nil || e.limit == 0 {
		return
	}
	isLate := response > e.limit
	if isLate {
		e.late.Add(1)
	}
	i := int(at.Sub(e.began) / recoveryStep)
	if i < 0 || i >= len(e.steps) {
		return
	}
	e.steps[i].received.Add(1)
	if isLate {
		e.steps[i].late.Add(1)
	}
}

// duplicate counts a copy past the first.
func (x *episodes) duplicate() {
	if e := x.current.Load(); e != nil {
		e.duplicated.Add(1)
	}
}

// recovery is how long after the end of the fault the first second began of which the p99 of the response times is within
// recoveredWithin times that of before, as far as is known at now; ok is false if there was none, or if that of before is not known.
func (e *episode) recovery(now clock.Instant) (after time.Duration, ok bool) {
	ended := clock.Instant(e.ended.Load())
	if ended == 0 || e.limit == 0 {
		return 0, false
	}
	length := ended.Sub(e.began)
	known := min(int(now.Sub(e.began)/recoveryStep), len(e.steps))
	for first := int(length / recoveryStep); first+recoverySteps <= known; first++ {
		if e.well(first) {
			return max(time.Duration(first)*recoveryStep-length, 0), true
		}
	}
	return 0, false
}

// well reports whether at most one in a hundred messages was late in the second from a step on, and there were some.
func (e *episode) well(first int) bool {
	var received, late uint32
	for i := first; i < first+recoverySteps; i++ {
		received += e.steps[i].received.Load()
		late += e.steps[i].late.Load()
	}
	return received > 0 && late*100 <= received
}

// result is the episode as the result has it.
func (x *episodes) result(e *episode, now clock.Instant) result.Fault {
	x.mu.Lock()
	defer x.mu.Unlock()
	f := result.Fault{AtNS: int64(e.fault.At), ForNS: int64(e.fault.For), Name: e.name()}
	ended := clock.Instant(e.ended.Load())
	if e.began == 0 || ended == 0 {
		return f // the run had ended by then
	}
	if e.fault.For == 0 {
		f.ForNS = int64(ended.Sub(e.began))
	}
	f.Lost, f.Duplicated, f.Late = e.messagesLost, e.duplicated.Load(), e.late.Load()
	f.ConnectionsLost, f.NotReconnected = uint64(e.lost), uint64(e.away)
	if e.noticed != 0 {
		f.DetectedNS = new(int64(e.noticed.Sub(e.began)))
	}
	if e.lost > 0 && e.away == 0 {
		f.ReconnectedNS = new(int64(max(e.complete.Sub(ended), 0)))
	}
	f.Backlog = e.backlog.result()
	after, ok := e.recovery(now)
	if ok {
		f.RecoveredNS = new(int64(after))
	}
	if e.before > 0 && (ok || !x.isOvertaken(e)) {
		f.BeforeP99NS = new(int64(e.before))
	}
	return f
}

// isOvertaken reports whether another episode began before there was a second in which e could have been over.
func (x *episodes) isOvertaken(e *episode) bool {
	over := clock.Instant(e.ended.Load()).Add(recoverySteps * recoveryStep)
	return slices.ContainsFunc(x.all, func(other *episode) bool {
		return other != e && other.began >= e.began && other.began != 0 && other.began < over
	})
}

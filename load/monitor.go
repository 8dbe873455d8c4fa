package load

import (
	"context"
	"fmt"
	"time"

	"mqttrace/load/broker"
	"mqttrace/load/clock"
	"mqttrace/load/otlp"
	"mqttrace/load/record"
	"mqttrace/load/result"
)

const (
	progressEvery = 250 * time.Millisecond
	drainEvery    = 20 * time.Millisecond
	// outageLimit is how long a client may be without a connection before the run is given up.
	outageLimit = 10 * time.Second
)

// monitor follows a run from its own goroutine: it takes the seconds of the series and the slices of the arms, reports progress,
// and ends the run when its broker is gone.
type monitor struct {
	*run

	phase        Phase
	deadline     clock.Instant // by which senders must be done, and messages must have arrived
	nextSecond   clock.Instant
	nextProgress clock.Instant

	// slice is the slice that is being counted or comes next; sliceBegan is zero until it counts.
	slice      int
	sliceBegan snapshot
	sliceLate  time.Duration // by which its figures were taken too late
	inSlice    record.Interval

	schedules []*schedule // of all senders with a rate, walked second by second
	second    record.Interval
	taken     record.Interval // scratch
	lastShown clock.Instant   // when the run so far was last told of between two slices
	last      Progress        // rates and p99 of the last full second
	lastUsage snapshot
	owing     *tally        // of all receivers; nil unless a fault holds some back
	sketch    record.Sketch // of what is shown of the run so far
}

func newMonitor(r *run) *monitor {
	m := &monitor{run: r, phase: WarmingUp, nextProgress: r.start()}
	m.deadline = r.start().Add(r.total() + r.scenario.Drain.Std() + r.share.patience())
	for _, s := range r.mine.senders {
		if s.schedule != nil {
			m.schedules = append(m.schedules, s.newSchedule())
		}
	}
	m.nextSecond = m.counting().Add(-r.scenario.Warmup.Std().Truncate(time.Second))
	if m.nextSecond <= r.start() {
		m.nextSecond = m.nextSecond.Add(time.Second)
	}
	if r.episodes.holdBack() {
		m.owing = r.tally(func(string) bool { return true })
	}
	m.lastUsage = r.snapshot()
	m.measured.until = r.loadEnd()
	m.measured.began = m.lastUsage
	return m
}

// counting is when the measured phase begins.
func (r *run) counting() clock.Instant { return r.start().Add(r.timeline.sliceCounts(0)) }

// watch returns when everything that was sent has arrived, or when it is no use waiting any longer.
func (m *monitor) watch(ctx context.Context, sendersDone <-chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	interrupt, gaveUp := ctx.Done(), m.share.gaveUp()
	for {
		select {
		case <-timer.C:
		case <-interrupt:
			interrupt = nil
			m.interrupted()
		case <-m.target.ended():
			if death := m.target.process.death(); death != nil {
				m.giveUp(fmt.Errorf("the broker ended: %w", death))
				return
			}
		case <-gaveUp:
			gaveUp = nil
			if m.forsaken() {
				return
			}
		case <-sendersDone:
			sendersDone = nil
			if interrupt != nil && ctx.Err() != nil {
				interrupt = nil
				m.interrupted() // which is why they are done
			}
			m.measured.sentUntil = clock.Instant(m.sent.Load())
			m.phase, m.nextProgress = Draining, clock.Now()
		}
		if m.tick(clock.Now(), sendersDone == nil) {
			return
		}
		timer.Reset(m.next(sendersDone == nil).Sub(clock.Now()))
	}
}

// interrupted notes that nothing more is due; what is under way still counts.
func (m *monitor) interrupted() {
	m.measured.interrupted = true
	m.share.giveUp("its load was cut short", true)
	m.cut()
	m.deadline = min(m.deadline, clock.Now().Add(m.scenario.Drain.Std()))
}

// giveUp ends a run that cannot go on.
func (m *monitor) giveUp(why error) {
	m.measured.broken = why
	m.share.giveUp(why.Error(), false)
	m.cut()
}

// forsaken is called when the run was given up by any shard, this one included, and reports whether it is over at once.
func (m *monitor) forsaken() bool {
	why := m.share.member.Why()
	if isInterruption(why) {
		if !m.measured.interrupted {
			m.interrupted()
		}
		return false
	}
	m.giveUp(why)
	return true
}

// cut ends the load now.
func (m *monitor) cut() {
	m.measured.until = min(m.measured.until, m.timeline.own(max(clock.Now().Sub(m.start()), 0)))
	m.ending.Store(int64(m.measured.until))
}

// tick does what is due at now and reports whether the run is over.
func (m *monitor) tick(now clock.Instant, sent bool) (over bool) {
	if m.phase == WarmingUp && now >= m.counting() {
		m.phase = Measuring
		m.measured.began = m.snapshot()
		m.measured.started = time.Now()
	}
	if m.comparing() {
		m.tickSlice(now)
	}
	for now >= m.nextSecond {
		m.takeSecond(m.nextSecond, time.Second)
		m.nextSecond = m.nextSecond.Add(time.Second)
		if !m.comparing() {
			m.setAside(m.opts.Partial)
		}
	}
	if now >= m.nextProgress {
		m.progress(now)
		m.nextProgress = now.Add(progressEvery)
	}
	if worst, n := m.health.worst(); worst != nil && m.isTooLong(worst, now) {
		m.giveUp(fmt.Errorf("lost the connection to %s: %d of %d clients have been without one for up to %v: %w",
			m.target.url, n, m.mine.count(), outageLimit, worst.why))
		return true
	}
	if failure := m.failure.Load(); failure != nil {
		m.giveUp(*failure)
		return true
	}
	if sent && !m.inSlices() && m.arrived() {
		m.measured.drained = true
		return true
	}
	return now >= m.deadline
}

// isTooLong reports whether a client has been without a connection for long enough to give up. Time in which a fault lasts
// does not count.
func (m *monitor) isTooLong(o *outage, now clock.Instant) bool {
	since, ok := m.episodes.settled()
	return ok && now.Sub(max(o.since, since)) >= outageLimit
}

// next is when there is something to do again.
func (m *monitor) next(draining bool) clock.Instant {
	at := min(m.nextSecond, m.nextProgress, m.deadline)
	if m.phase == WarmingUp {
		at = min(at, m.counting())
	}
	if m.comparing() {
		at = min(at, m.nextSliceEvent())
	}
	if draining {
		at = min(at, clock.Now().Add(drainEvery))
	}
	return at
}

// arrived reports whether every message has been acknowledged and reached every receiver that it is owed to.
func (m *monitor) arrived() bool {
	if m.isUnderWay() {
		return false
	}
	if m.share != nil {
		return m.share.arrived.Load()
	}
	for _, sub := range m.subscriptions {
		if !m.hasArrived(sub) {
			return false
		}
	}
	return true
}

// takeSecond adds to the series what happened in the second up to the instant at, or in as much of it as has passed. In a
// comparison the slices are the series.
func (m *monitor) takeSecond(at clock.Instant, length time.Duration) {
	m.take(at <= m.counting())
	var backlog *int64
	if m.owing != nil && at > m.counting() {
		now := m.owing.read()
		backlog = new(int64(now.owed - now.received))
	}
	usage := m.snapshot()
	point := m.point(m.lastUsage, usage, &m.second)
	if !m.comparing() {
		point.AtNS, point.LengthNS = int64(at.Sub(m.counting())-time.Second), int64(length)
		point.Scheduled = m.scheduledUntil(m.timeline.own(at.Sub(m.start())))
		point.Backlog = backlog
		m.arms[0].addExports(&point)
		m.arms[0].series = append(m.arms[0].series, point)
		if at > m.counting() {
			m.arms[0].due += point.Scheduled
		}
	}
	if at > m.counting() {
		m.episodes.second(&m.second)
	}
	m.last = Progress{
		SentPerSecond: float64(point.Sent), ReceivedPerSecond: float64(point.Received), P99: time.Duration(point.P99NS),
		Arms: m.armProgress(), GeneratorCPU: point.GeneratorCPU, BrokerCPU: point.BrokerCPU,
	}
	if m.share != nil {
		m.tellShards(time.Duration(point.ScheduleLagP99NS))
	}
	m.second.Reset()
	m.lastUsage = usage
}

// armProgress is what the arms have counted so far.
func (m *monitor) armProgress() []ArmProgress {
	all := make([]ArmProgress, len(m.arms))
	for i, a := range m.arms {
		counts := a.counted.Counts()
		if a.second.Received > 0 {
			a.response, a.transit = quantilesOfSecond(&a.second.Response), quantilesOfSecond(&a.second.Transit)
			a.second.Reset()
		}
		all[i] = ArmProgress{Name: a.setting.Name, Scheduled: a.due, Sent: counts.Sent, Acked: counts.Acked, Received: counts.Received, Response: a.response, Transit: a.transit}
	}
	return all
}

func quantilesOfSecond(h *record.Histogram) Quantiles {
	return Quantiles{P50: h.Quantile(0.5), P90: h.Quantile(0.9), P99: h.Quantile(0.99), Max: h.Max()}
}

// take collects what the arms have recorded since the last call, for the second and for the slice.
func (m *monitor) take(warmingUp bool) {
	for _, a := range m.arms {
		if !warmingUp {
			m.taken.Reset()
			a.counted.Take(&m.taken)
			m.second.Merge(&m.taken)
			a.second.Merge(&m.taken)
			m.inSlice.Merge(&m.taken)
		}
		if warmingUp || m.comparing() {
			a.discarded.Take(&m.second)
		}
	}
}

func (m *monitor) point(from, to snapshot, in *record.Interval) result.Point {
	elapsed := to.at.Sub(from.at).Seconds()
	return result.Point{
		Sent:     in.Sent,
		Received: in.Received,
		P50NS:    int64(in.Response.Quantile(0.5)),
		P99NS:    int64(in.Response.Quantile(0.99)),
		MaxNS:    int64(in.Response.Max()),
		Response: result.NewBins(&in.Sizes),

		ScheduleLagP99NS: int64(in.ScheduleLag.Quantile(0.99)),
		GeneratorCPU:     (to.generator.CPU - from.generator.CPU).Seconds() / elapsed,
		BrokerCPU:        (to.broker.CPU - from.broker.CPU).Seconds() / elapsed,
		GeneratorRSS:     to.generator.RSS,
		BrokerRSS:        to.broker.RSS,
		GCPauseNS:        int64(to.generator.GCPause - from.generator.GCPause),
	}
}

// scheduledUntil counts what was due since the last call, up to an offset of the load's own time.
func (m *monitor) scheduledUntil(at time.Duration) (n uint64) {
	for _, s := range m.schedules {
		n += s.skipTo(min(at, m.measured.until))
	}
	return n
}

func (m *monitor) progress(now clock.Instant) {
	p := m.soFarInBrief(now)
	if m.share != nil {
		m.share.sum(&p)
	}
	if m.again {
		p.Phase = Splitting
	}
	m.opts.Progress(p)
}

// tellShards lets the others know how far this one is.
func (m *monitor) tellShards(lag time.Duration) { m.share.tell(m.soFarInBrief(clock.Now()), lag) }

// soFarInBrief is how far this process is.
func (m *monitor) soFarInBrief(now clock.Instant) Progress {
	p := m.last
	p.Phase, p.Elapsed, p.Total = m.phase, min(max(now.Sub(m.start()), 0), m.total()), m.total()
	for _, a := range m.arms {
		counts := a.recorder(m.phase != WarmingUp).Counts()
		p.Sent += counts.Sent
		p.Received += counts.Received
	}
	return p
}

// finish takes the last figures, after the senders have ended.
func (m *monitor) finish() {
	m.closed.Store(true)
	now := clock.Now()
	if m.measured.sentUntil == 0 {
		m.measured.sentUntil = now
	}
	if now > m.counting() {
		m.takeSecond(m.nextSecond, now.Sub(m.nextSecond.Add(-time.Second)))
	}
	m.measured.ended = m.snapshot()
	m.measured.connections, m.measured.away, m.measured.lossCause = m.health.losses()
	for _, s := range m.mine.senders {
		m.measured.held += s.client.Held()
		if failure := s.failure.Load(); failure != nil && m.measured.senderErr == nil {
			m.measured.senderErr = fmt.Errorf("sender %s: %w", m.clientID("s", s.index), *failure)
		}
	}
}

// snapshot is what processes have used and written up to now.
type snapshot struct {
	at        clock.Instant
	generator record.Usage
	broker    broker.Usage
	sink      otlp.Usage
	far       time.Duration // CPU time of the receiving side, if it is another process
}

func (r *run) snapshot() snapshot {
	s := snapshot{at: clock.Now(), generator: record.ReadUsage()}
	usage, err := r.target.usage()
	if err != nil && !r.usageFailed {
		r.usageFailed = true
		r.warn("process.broker", "the broker's CPU time and memory could not be read: %v", err)
	}
	s.broker = usage
	if r.sink != nil && !r.again {
		s.sink, _ = r.sink.usage() // a sink that a fault has ended has none
	}
	return s
}

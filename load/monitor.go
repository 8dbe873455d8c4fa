package load

import (
	"context"
	"fmt"
	"time"

	"mqttrace/load/broker"
	"mqttrace/load/clock"
	"mqttrace/load/record"
	"mqttrace/load/result"
)

const (
	progressEvery = 250 * time.Millisecond
	drainEvery    = 20 * time.Millisecond
	// outageLimit is how long a client may be without a connection before the run is given up.
	outageLimit = 10 * time.Second
)

// monitor follows a run from its own goroutine: it takes the seconds of the series, reports progress, and ends the run when its
// broker is gone.
type monitor struct {
	*run

	phase        Phase
	deadline     clock.Instant // by which senders must be done, and messages must have arrived
	nextSecond   clock.Instant
	nextProgress clock.Instant

	schedules []*schedule // of all senders with a rate, walked second by second
	second    record.Second
	last      Progress // rates and p99 of the last full second
	lastUsage snapshot
}

func newMonitor(r *run) *monitor {
	m := &monitor{run: r, phase: WarmingUp, deadline: r.end.Add(r.scenario.Drain.Std()), nextProgress: r.start}
	for _, s := range r.senders {
		if s.schedule != nil {
			m.schedules = append(m.schedules, newSchedule(*s.group, s.index, r.scenario.Seed))
		}
	}
	m.nextSecond = r.start.Add(r.scenario.Warmup.Std() % time.Second)
	if m.nextSecond == r.start {
		m.nextSecond = r.start.Add(time.Second)
	}
	m.lastUsage = r.snapshot()
	m.measured.until = r.end
	m.measured.began = m.lastUsage
	return m
}

// watch returns when everything that was sent has arrived, or when it is no use waiting any longer.
func (m *monitor) watch(ctx context.Context, sendersDone <-chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	interrupt := ctx.Done()
	for {
		select {
		case <-timer.C:
		case <-interrupt:
			interrupt = nil
			m.interrupted()
		case <-m.target.ended():
			m.giveUp(fmt.Errorf("the broker ended: %w", m.target.process.Err()))
			return
		case <-sendersDone:
			sendersDone = nil
			m.measured.sentUntil = clock.Now()
			m.phase = Draining
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
	m.measured.until = min(m.measured.until, clock.Now())
	m.deadline = min(m.deadline, clock.Now().Add(m.scenario.Drain.Std()))
}

// giveUp ends a run that cannot go on.
func (m *monitor) giveUp(why error) {
	m.measured.broken = why
	m.measured.until = min(m.measured.until, clock.Now())
}

// tick does what is due at now and reports whether the run is over.
func (m *monitor) tick(now clock.Instant, sent bool) (over bool) {
	if m.phase == WarmingUp && now >= m.counting {
		m.phase = Measuring
		m.measured.began = m.snapshot()
		m.measured.started = time.Now()
	}
	for now >= m.nextSecond {
		m.takeSecond(m.nextSecond)
		m.nextSecond = m.nextSecond.Add(time.Second)
	}
	if now >= m.nextProgress {
		m.progress(now)
		m.nextProgress = now.Add(progressEvery)
	}
	if worst, n := m.health.worst(); worst != nil && now.Sub(worst.since) >= outageLimit {
		m.giveUp(fmt.Errorf("lost the connection to %s: %d of %d clients have been without one for up to %v: %w",
			m.target.url, n, len(m.senders)+len(m.receivers), outageLimit, worst.why))
		return true
	}
	if sent && m.arrived() {
		m.measured.drained = true
		return true
	}
	return now >= m.deadline
}

// next is when there is something to do again.
func (m *monitor) next(draining bool) clock.Instant {
	at := min(m.nextSecond, m.nextProgress, m.deadline)
	if m.phase == WarmingUp {
		at = min(at, m.counting)
	}
	if draining {
		at = min(at, clock.Now().Add(drainEvery))
	}
	return at
}

// arrived reports whether every message has been acknowledged and reached every receiver that it is owed to.
func (m *monitor) arrived() bool {
	for _, s := range m.senders {
		if s.client.InFlight() > 0 {
			return false
		}
	}
	for _, sub := range m.subscriptions {
		if sub.distinct() < m.owed(sub) {
			return false
		}
	}
	return true
}

// takeSecond adds to the series what happened up to the instant at.
func (m *monitor) takeSecond(at clock.Instant) {
	y := m.counted
	if at <= m.counting {
		y = m.warm
	}
	m.second.Reset()
	y.recorder.TakeSecond(&m.second)
	usage := m.snapshot()
	elapsed := usage.at.Sub(m.lastUsage.at).Seconds()
	m.measured.series = append(m.measured.series, result.Point{
		AtNS:         int64(at.Sub(m.counting) - time.Second),
		Scheduled:    m.scheduledUntil(at),
		Sent:         m.second.Sent,
		Received:     m.second.Received,
		P50NS:        int64(m.second.Response.Quantile(0.5)),
		P99NS:        int64(m.second.Response.Quantile(0.99)),
		MaxNS:        int64(m.second.Response.Max()),
		GeneratorCPU: (usage.generator.CPU - m.lastUsage.generator.CPU).Seconds() / elapsed,
		BrokerCPU:    (usage.broker.CPU - m.lastUsage.broker.CPU).Seconds() / elapsed,
	})
	m.last = Progress{
		SentPerSecond: float64(m.second.Sent), ReceivedPerSecond: float64(m.second.Received), P99: m.second.Response.Quantile(0.99),
	}
	m.lastUsage = usage
}

// scheduledUntil counts what was due since the last call.
func (m *monitor) scheduledUntil(at clock.Instant) (n uint64) {
	for _, s := range m.schedules {
		n += s.skipTo(min(at, m.measured.until).Sub(m.start))
	}
	return n
}

func (m *monitor) progress(now clock.Instant) {
	y := m.counted
	if m.phase == WarmingUp {
		y = m.warm
	}
	counts := y.recorder.Counts()
	p := m.last
	p.Phase, p.Elapsed, p.Total = m.phase, min(max(now.Sub(m.start), 0), m.total()), m.total()
	p.Sent, p.Received = counts.Sent, counts.Received
	m.opts.Progress(p)
}

// finish takes the last figures, after the senders have ended.
func (m *monitor) finish() {
	m.closed.Store(true)
	now := clock.Now()
	if m.measured.sentUntil == 0 {
		m.measured.sentUntil = now
	}
	m.second.Reset()
	if now > m.counting {
		m.takeSecond(m.nextSecond)
	}
	m.measured.ended = m.snapshot()
	m.measured.connections, m.measured.lossCause = m.health.losses()
	for _, s := range m.senders {
		m.measured.held += s.client.Held()
		if failure := s.failure.Load(); failure != nil && m.measured.senderErr == nil {
			m.measured.senderErr = fmt.Errorf("sender %s: %w", m.clientID("s", s.index), *failure)
		}
	}
}

// snapshot is what processes have used and written up to now.
type snapshot struct {
	at             clock.Instant
	generator      record.Usage
	broker         broker.Usage
	published      uint64 // PUBLISH packets of all senders
	publishedBytes uint64
}

func (r *run) snapshot() snapshot {
	s := snapshot{at: clock.Now(), generator: record.ReadUsage()}
	usage, err := r.target.usage()
	if err != nil && !r.usageFailed {
		r.usageFailed = true
		r.warn("process.broker", "the broker's CPU time and memory could not be read: %v", err)
	}
	s.broker = usage
	for _, sender := range r.senders {
		packets, bytes := sender.client.Published()
		s.published += packets
		s.publishedBytes += bytes
	}
	return s
}

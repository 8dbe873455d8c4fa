package load

import (
	"container/heap"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"mqttrace/load/clock"
)

// pacer sends for senders, or wakes them, when their next message is due. One alarm serves them all, so that 10,000 slow senders cost no more
// timers than one fast one, and it is as fine as the system has it: Go's own timers are late by up to a millisecond when the
// process is idle. In a busy run it goes off once a quantum. Safe for concurrent use.
type pacer struct {
	alarm alarm
	done  chan struct{} // closed when the goroutine has ended

	mu      sync.Mutex // guards what follows
	waiting waitHeap
	woke    clock.Instant // when senders were last woken
	load    clock.Instant // when each message so far has had its ration of time
	due     []*waiter     // those that are stepping; their memory

	messages atomic.Int64 // that senders have begun since they were last woken
}

// alarm goes off once after it has been set.
type alarm interface {
	// set replaces the instant at which the alarm goes off; one that has passed makes it go off at once.
	set(at clock.Instant)
	// wait blocks until the alarm goes off, perhaps too often but never too late, or until it is closed: then it is false.
	wait() bool
	close()
}

// waiter is a sender that waits. It is reused: a sender waits for one thing at a time.
type waiter struct {
	at    clock.Instant
	index int // in the heap; -1 when it is not there
	// woken holds the time when it is time, for a goroutine that waits; without it, proceed is called in a goroutine of its own.
	woken   chan clock.Instant
	proceed func(now clock.Instant)
	// step, if not nil, does at its time what the sender would do if it were woken, as far as that takes no waiting: waking a
	// goroutine costs more than sending a message does. It returns when to be called next, or false if the sender must be woken
	// after all. It stops after until. The pacer calls it while the sender waits.
	step    func(now, until clock.Instant) (next clock.Instant, ok bool)
	leaving bool // wants to be woken whatever happens
}

// newWaiter makes the waiter of a goroutine that waits.
func newWaiter() *waiter { return &waiter{woken: make(chan clock.Instant, 1), index: -1} }

func (w *waiter) wake(now clock.Instant) {
	if w.woken == nil {
		go w.proceed(now)
		return
	}
	w.woken <- now
}

// newPacer starts a pacer; close ends it.
func newPacer() (*pacer, error) {
	a, err := newAlarm()
	if err != nil {
		return nil, err
	}
	return startPacer(a), nil
}

func startPacer(a alarm) *pacer {
	p := &pacer{alarm: a, done: make(chan struct{}), woke: clock.Now(), load: clock.Now()}
	go p.run()
	return p
}

// wait blocks until the clock reaches at, or ctx ends.
func (p *pacer) wait(ctx context.Context, w *waiter, at clock.Instant) error {
	_, err := p.await(ctx, w, at)
	return err
}

// await is wait, and returns a reading of the clock that is not before at.
func (p *pacer) await(ctx context.Context, w *waiter, at clock.Instant) (clock.Instant, error) {
	if now := clock.Now(); now >= at {
		return now, ctx.Err()
	}
	p.add(w, at)
	select {
	case now := <-w.woken:
		return now, nil
	case <-ctx.Done():
		p.remove(w)
		<-w.woken
		w.leaving = false
		return at, ctx.Err()
	}
}

// add wakes w once, at an instant or when it is removed.
func (p *pacer) add(w *waiter, at clock.Instant) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.leaving {
		w.wake(clock.Now())
		return
	}
	w.at = at
	heap.Push(&p.waiting, w)
	if w.index == 0 {
		p.setAlarm()
	}
}

// remove wakes w before its time: at once, or when the step that is under way has ended. If it does not wait, it will not.
func (p *pacer) remove(w *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.leaving = true
	if w.index >= 0 {
		heap.Remove(&p.waiting, w.index)
		w.wake(clock.Now())
	}
}

func (p *pacer) run() {
	defer close(p.done)
	for p.alarm.wait() {
		p.wakeDue()
	}
}

// wakeDue wakes everyone whose time has come or takes their steps, and sets the alarm for the next.
func (p *pacer) wakeDue() {
	until := p.takeDue().Add(stepsFor)
	for _, w := range p.due {
		var next clock.Instant
		now, ok := clock.Now(), false
		if now < until {
			next, ok = w.step(now, until)
		}
		p.stepped(w, next, ok)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) > 0 {
		p.setAlarm()
	}
}

// takeDue wakes those whose time has come and who take no steps; the others are due.
func (p *pacer) takeDue() (now clock.Instant) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now = clock.Now()
	p.woke, p.due = now, p.due[:0]
	p.load = min(max(p.load, now).Add(time.Duration(p.messages.Swap(0))*ration), now.Add(2*busyFrom))
	for len(p.waiting) > 0 && p.waiting[0].at <= now {
		if w := heap.Pop(&p.waiting).(*waiter); w.step != nil {
			p.due = append(p.due, w)
		} else {
			w.wake(now)
		}
	}
	return now
}

// stepped lets a waiter wait for its next step, or wakes it.
func (p *pacer) stepped(w *waiter, next clock.Instant, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !ok || w.leaving {
		w.wake(clock.Now())
		return
	}
	w.at = next
	heap.Push(&p.waiting, w)
}

// stepsFor is how long the pacer itself sends at a time, which keeps it on time for all: whoever is due after that is woken, so that
// as many cores send as there are when one is not enough.
const stepsFor = 250 * time.Microsecond

// setAlarm sets the alarm for the first that waits; the caller holds mu.
func (p *pacer) setAlarm() {
	at := p.waiting[0].at
	if p.load.Sub(p.woke) > busyFrom {
		at = max(at, p.woke.Add(quantum))
	}
	p.alarm.set(at)
}

// quantum is the least time between two wake-ups of a busy run. One that finds the process idle costs tens of microseconds of CPU
// time, more than sending a message does: at 10,000 messages a second of ten senders, alarms set for each message took half of
// all CPU time. So messages that are due within a quantum leave together, late by a quarter of a millisecond in the mean, which
// schedule_lag shows. A run is busy that has had more than a message in each ration of time, by as many as busyFrom holds; in others
// every message leaves on time.
const (
	quantum  = 500 * time.Microsecond
	ration   = 200 * time.Microsecond
	busyFrom = 20 * ration
)

// close ends the pacer; nobody may be waiting any more.
func (p *pacer) close() {
	p.alarm.close()
	<-p.done
}

// waitHeap is a heap.Interface with the earliest first.
type waitHeap []*waiter

func (h waitHeap) Len() int           { return len(h) }
func (h waitHeap) Less(i, j int) bool { return h[i].at < h[j].at }
func (h waitHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *waitHeap) Push(x any) {
	w := x.(*waiter)
	w.index = len(*h)
	*h = append(*h, w)
}

func (h *waitHeap) Pop() any {
	old := *h
	w := old[len(old)-1]
	w.index = -1
	*h = old[:len(old)-1]
	return w
}

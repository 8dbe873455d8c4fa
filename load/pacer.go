package load

import (
	"container/heap"
	"context"
	"sync"
	"time"

	"mqttrace/load/clock"
)

// pacer wakes senders when their next message is due. One alarm serves them all, so that 10,000 slow senders cost no more
// timers than one fast one, and it is as fine as the system has it: Go's own timers are late by up to a millisecond when the
// process is idle. It does not go off more often than once a quantum. Safe for concurrent use.
type pacer struct {
	alarm alarm
	done  chan struct{} // closed when the goroutine has ended

	mu      sync.Mutex // guards what follows
	waiting waitHeap
	woke    clock.Instant // when senders were last woken
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
	woken chan clock.Instant // holds the time when it is time
	index int                // in the heap; -1 when it is not there
}

func newWaiter() *waiter { return &waiter{woken: make(chan clock.Instant, 1), index: -1} }

// newPacer starts a pacer; close ends it.
func newPacer() (*pacer, error) {
	a, err := newAlarm()
	if err != nil {
		return nil, err
	}
	return startPacer(a), nil
}

func startPacer(a alarm) *pacer {
	p := &pacer{alarm: a, done: make(chan struct{}), woke: clock.Now().Add(-quantum)}
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
		return at, ctx.Err()
	}
}

func (p *pacer) add(w *waiter, at clock.Instant) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.at = at
	heap.Push(&p.waiting, w)
	if w.index == 0 {
		p.setAlarm()
	}
}

func (p *pacer) remove(w *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w.index >= 0 {
		heap.Remove(&p.waiting, w.index)
	}
	select {
	case <-w.woken:
	default:
	}
}

func (p *pacer) run() {
	defer close(p.done)
	for p.alarm.wait() {
		p.wakeDue()
	}
}

// wakeDue wakes everyone whose time has come and sets the alarm for the next.
func (p *pacer) wakeDue() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := clock.Now()
	p.woke = now
	for len(p.waiting) > 0 && p.waiting[0].at <= now {
		w := heap.Pop(&p.waiting).(*waiter)
		w.woken <- now
	}
	if len(p.waiting) > 0 {
		p.setAlarm()
	}
}

// setAlarm sets the alarm for the first that waits; the caller holds mu.
func (p *pacer) setAlarm() {
	p.alarm.set(max(p.waiting[0].at, p.woke.Add(quantum)))
}

// quantum is the least time between two wake-ups of a busy run. One that finds the process idle costs tens of microseconds of CPU
// time, more than sending a message does: at 10,000 messages a second of ten senders, alarms set for each message took half of
// all CPU time. So senders whose messages are due within a quantum leave together, late by a quarter of a millisecond in the mean,
// which schedule_lag shows. A sender that waits for longer is woken on time.
const quantum = 500 * time.Microsecond

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

package mqtt

import (
	"sync"
	"time"

	"mqttrace/load/clock"
)

// lateAcks sends acknowledgements some time after their messages have been handled, in the order of the messages. A nil one
// belongs to a client that acknowledges at once.
type lateAcks struct {
	delay  func() time.Duration
	queue  chan lateAck
	closed <-chan struct{}
	begin  sync.Once     // starts the goroutine, or sees to it that none is started any more
	done   chan struct{} // closed when the goroutine has ended
}

type lateAck struct {
	due clock.Instant
	ack func()
}

// newLateAcks makes a queue for the messages that a broker may have unacknowledged; it ends with the connection.
func newLateAcks(delay func() time.Duration, receiveMaximum uint16, closed <-chan struct{}) *lateAcks {
	return &lateAcks{delay: delay, queue: make(chan lateAck, int(receiveMaximum)+1), closed: closed, done: make(chan struct{})}
}

// add sends an acknowledgement when it is due; what a closed connection still has to send is dropped.
func (a *lateAcks) add(ack func()) {
	a.begin.Do(func() { go a.run() })
	select {
	case a.queue <- lateAck{clock.Now().Add(a.delay()), ack}:
	case <-a.closed:
	}
}

func (a *lateAcks) run() {
	defer close(a.done)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case next := <-a.queue:
			timer.Reset(next.due.Sub(clock.Now()))
			select {
			case <-timer.C:
				next.ack()
			case <-a.closed:
				return
			}
		case <-a.closed:
			return
		}
	}
}

// wait returns when nothing is sent any more, after the connection has been closed.
func (a *lateAcks) wait() {
	if a != nil {
		a.begin.Do(func() { close(a.done) })
		<-a.done
	}
}

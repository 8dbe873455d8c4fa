package mqtt

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.golang/packets"

	"mqttrace/load/clock"
)

// aliveness sends PINGREQ when nothing has been sent, or nothing has been received, for the keep-alive interval, and ends a
// connection on which no PINGRESP comes. It is a timer, so that a silent connection costs no goroutine.
type aliveness struct {
	interval time.Duration // 0: no keep-alive
	// received is the clock.Instant of the last bytes that were read.
	received atomic.Int64
	timer    *time.Timer

	mu      sync.Mutex // guards timer
	stopped bool
	// answered says that PINGRESP has come since the last PINGREQ, or that there was none.
	answered atomic.Bool
}

func (a *aliveness) start(d *leanDriver) {
	if a.interval == 0 {
		return
	}
	a.answered.Store(true)
	a.received.Store(int64(clock.Now()))
	a.mu.Lock()
	defer a.mu.Unlock()
	a.timer = time.AfterFunc(a.interval, func() { a.check(d) })
}

func (a *aliveness) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopped = true
	if a.timer != nil {
		a.timer.Stop()
	}
}

// check runs whenever a PINGREQ may be due.
func (a *aliveness) check(d *leanDriver) {
	if !a.answered.Load() {
		d.fail(fmt.Errorf("no PINGRESP within the keep-alive of %v", a.interval))
		return
	}
	quiet := min(clock.Instant(a.received.Load()), d.out.lastSent())
	due := quiet.Add(a.interval).Sub(clock.Now())
	if due <= 0 {
		a.answered.Store(false)
		due = a.interval
		_ = d.send(&packets.Pingreq{}) // a failure ends the connection
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.stopped {
		a.timer.Reset(due)
	}
}

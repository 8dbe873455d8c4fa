package load

import (
	"time"

	"mqttrace/load/clock"
)

// timerAlarm is an alarm on Go's timers, for systems without a finer one, and for tests on fake time.
type timerAlarm struct {
	timer  *time.Timer
	closed chan struct{}
}

func newTimerAlarm() *timerAlarm {
	return &timerAlarm{timer: time.NewTimer(time.Hour), closed: make(chan struct{})}
}

func (a *timerAlarm) set(at clock.Instant) { a.timer.Reset(max(at.Sub(clock.Now()), 0)) }

func (a *timerAlarm) wait() bool {
	select {
	case <-a.timer.C:
		return true
	case <-a.closed:
		return false
	}
}

func (a *timerAlarm) close() {
	a.timer.Stop()
	close(a.closed)
}

package load

import (
	"errors"
	"fmt"
	"math"
	"os"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"

	"mqttrace/load/clock"
)

// timerfd is an alarm on a timer file descriptor, which wakes Go's network poller at the microsecond: the poller's own timeout,
// on which Go's timers depend in an idle process, is in whole milliseconds.
type timerfd struct {
	fd   int
	file *os.File
	raw  syscall.RawConn
	at   atomic.Int64 // when it goes off, a clock.Instant
	// rang reports whether it has gone off; made once.
	rang  func(fd uintptr) bool
	asked bool // by this wait already
}

func newAlarm() (alarm, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("create timer: %w", err)
	}
	t := &timerfd{fd: fd, file: os.NewFile(uintptr(fd), "timerfd")}
	t.at.Store(math.MaxInt64)
	t.rang = t.hasRung
	if t.raw, err = t.file.SyscallConn(); err != nil {
		return nil, fmt.Errorf("create timer: %w", errors.Join(err, t.file.Close()))
	}
	return t, nil
}

func (t *timerfd) set(at clock.Instant) {
	t.at.Store(int64(at))
	after := max(at.Sub(clock.Now()), 1) // 0 would disarm it
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(after))}
	if err := unix.TimerfdSettime(t.fd, 0, &spec, nil); err != nil {
		panic(fmt.Sprintf("set timer: %v", err)) // the descriptor is ours and the time is valid
	}
}

// wait does not read the timer, which would cost two system calls: each expiration tells the poller anew.
func (t *timerfd) wait() bool {
	t.asked = false
	if err := t.raw.Read(t.rang); err != nil {
		return false
	}
	t.at.Store(math.MaxInt64)
	return true
}

// hasRung goes by the clock when it is asked first, and when it is asked again the poller has seen the timer expire.
func (t *timerfd) hasRung(uintptr) bool {
	asked := t.asked
	t.asked = true
	return asked || int64(clock.Now()) >= t.at.Load()
}

func (t *timerfd) close() { _ = t.file.Close() } // unblocks wait, which is all it is for

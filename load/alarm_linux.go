package load

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"mqttrace/load/clock"
)

// timerfd is an alarm on a timer file descriptor, which wakes Go's network poller at the microsecond: the poller's own timeout,
// on which Go's timers depend in an idle process, is in whole milliseconds.
type timerfd struct {
	fd   int
	file *os.File
}

func newAlarm() (alarm, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("create timer: %w", err)
	}
	return &timerfd{fd: fd, file: os.NewFile(uintptr(fd), "timerfd")}, nil
}

func (t *timerfd) set(at clock.Instant) {
	after := max(at.Sub(clock.Now()), 1) // 0 would disarm it
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(after))}
	if err := unix.TimerfdSettime(t.fd, 0, &spec, nil); err != nil {
		panic(fmt.Sprintf("set timer: %v", err)) // the descriptor is ours and the time is valid
	}
}

func (t *timerfd) wait() bool {
	var expirations [8]byte
	_, err := t.file.Read(expirations[:])
	return err == nil
}

func (t *timerfd) close() { _ = t.file.Close() } // unblocks wait, which is all it is for

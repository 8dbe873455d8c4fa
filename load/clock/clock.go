// Package clock is the one clock that every instant of a message is read from: the monotonic clock of this process. Steps of
// the wall clock do not touch it. Instants of different processes do not compare, unless Monotonic says how.
package clock

import (
	"os"
	"time"
)

// Instant is a reading of the clock in nanoseconds since the process started. The zero Instant is the process's start.
type Instant int64

// ErrorEnv names the variable of the environment that adds an error to every reading of the clock, such as 30ms or -30ms: for trying
// out how well the clocks of several processes are compared. This process's clock is then nobody else's.
const ErrorEnv = "MQTTRACE_CLOCK_ERROR"

// planted is the error of every reading; 0 unless the environment has one.
var planted = func() time.Duration {
	d, _ := time.ParseDuration(os.Getenv(ErrorEnv)) // what is no duration is no error
	return d
}()

// epoch is where every Instant counts from.
var epoch = time.Now().Add(-planted)

// Now reads the clock. It is safe for concurrent use.
func Now() Instant { return Instant(time.Since(epoch)) }

// Sub returns the time from u to i; negative if i is the earlier.
func (i Instant) Sub(u Instant) time.Duration { return time.Duration(i - u) }

// Add returns the instant d after i.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d) }

// Time returns the wall clock at i, as the wall clock was when the process started, and with the error that its readings have.
func (i Instant) Time() time.Time { return epoch.Add(time.Duration(i) + planted) }

package offset

import (
	"time"

	"mqttrace/load/clock"
)

// Exchange is one comparison of two clocks by a request and its reply: T0 sent and T3 received by the asker's clock, T1 received
// and T2 sent by the other's.
type Exchange struct{ T0, T1, T2, T3 clock.Instant }

// Offset is what to add to the asker's instants to get the other's, if the ways there and back took equally long. It is off by at
// most half of Delay.
func (e Exchange) Offset() time.Duration { return e.T2.Sub(e.T3) + e.Delay()/2 } // ((T1-T0)+(T2-T3))/2, without overflow

// Delay is how long the ways there and back took together.
func (e Exchange) Delay() time.Duration { return e.T3.Sub(e.T0) - e.T2.Sub(e.T1) }

// middle is the asker's instant that Offset is of.
func (e Exchange) middle() clock.Instant { return e.T0.Add(e.T3.Sub(e.T0) / 2) }

// farthest is later than any instant, by nine years of uptime: sums of a few such do not overflow.
const farthest = clock.Instant(1 << 58)

// possible says whether the four instants can be of one exchange: neither clock runs backwards, and no way takes less than no time.
func (e Exchange) possible() bool {
	for _, i := range []clock.Instant{e.T0, e.T1, e.T2, e.T3} {
		if i < -farthest || i > farthest {
			return false
		}
	}
	return e.T3 >= e.T0 && e.T2 >= e.T1 && e.Delay() >= 0
}

package load

import (
	"errors"
	"sync"
	"time"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
)

// health knows which clients have lost their connection. The zero value is of a run in which all is well. Safe for concurrent
// use.
type health struct {
	episodes *episodes
	reasons  *reasons // what the broker says when it ends or refuses connections

	mu    sync.Mutex // guards what follows
	down  map[*outage]bool
	lost  int   // connections, so far
	cause error // of the latest loss
}

// outage is the time in which one client has no connection.
type outage struct {
	since clock.Instant
	why   error // why it was lost, then why it cannot be made again
	// episode is the fault that it is put down to; nil if there was none.
	episode *episode
}

// watch returns the handlers that keep h up to date for one client; connected is told how long it took to connect again.
func (h *health) watch(connected func(took time.Duration)) mqtt.Handlers {
	current := new(outage)
	return mqtt.Handlers{
		Connected: connected,
		Down: func(cause error) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.wentDown(current, cause)
			h.reasons.addCause(cause)
		},
		Up: func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			if h.down[current] {
				h.episodes.up(current.episode, clock.Now())
			}
			delete(h.down, current)
		},
	}
}

func (h *health) wentDown(o *outage, cause error) {
	if errors.Is(cause, mqtt.ErrLeft) {
		return // as the scenario has it: it is an outage if the client cannot come back
	}
	o.why = cause
	if h.down[o] {
		return // an attempt to connect again failed
	}
	if h.down == nil {
		h.down = make(map[*outage]bool)
	}
	o.since = clock.Now()
	o.episode = h.episodes.down(o.since)
	h.down[o] = true
	h.lost++
	h.cause = cause
}

// worst is the outage that has lasted longest, nil if there is none, and how many there are.
func (h *health) worst() (worst *outage, n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for o := range h.down {
		if worst == nil || o.since < worst.since {
			worst = &outage{since: o.since, why: o.why}
		}
	}
	return worst, len(h.down)
}

// losses is how many connections have been lost so far, how many of them have not been made again, and why the latest was lost.
func (h *health) losses() (n, away int, cause error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.lost, len(h.down), h.cause
}

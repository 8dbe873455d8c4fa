package scenarios

import (
	"fmt"
	"math"
	"slices"
)

// Connections say how the clients of a group come and go.
type Connections struct {
	// Connect spaces out the connects of the group's clients. Default: as fast as they go, 64 at a time.
	Connect Connect `json:"connect,omitzero"`
	// Lifetime is how long a client stays connected before it says DISCONNECT, waits for pause and connects again. The first time is
	// shorter by a random share, so that the clients do not leave together. Messages that are due meanwhile are sent late. Members of a
	// shared subscription unsubscribe before they leave. Default: to the end.
	Lifetime Spread `json:"lifetime,omitzero"`
	// Pause is how long a client stays away between two lifetimes. Default: 0 s.
	Pause Spread `json:"pause,omitzero"`
}

// Connect is how the connects of a group's clients are spaced: rate or over, one of them.
type Connect struct {
	// Rate is how many connects of the group begin in a time, such as 200/s.
	Rate Rate `json:"rate,omitzero"`
	// Over is the time over which all of them are spread.
	Over Duration `json:"over,omitempty"`
	// Jitter shifts each connect by a random share of the time to the next. Default: false.
	Jitter bool `json:"jitter,omitempty" jsonschema:"default=false"`
}

// IsZero reports whether connects are not spaced.
func (c Connect) IsZero() bool { return c.Rate.idle() && c.Over == 0 }

// Gap is the time from one connect of count clients to the next; 0 where they are not spaced.
func (c Connect) Gap(count int) Duration {
	switch {
	case c.Over > 0:
		return c.Over / Duration(count)
	case c.Rate.Messages > 0:
		return Duration(math.Round(float64(c.Rate.Per) / c.Rate.Messages))
	}
	return 0
}

// Slowness is how the clients of a receiving group deal with messages.
type Slowness struct {
	// Work is how long the handler of each message takes, one message at a time. It is in process; what waits for it is so too, until
	// receive_maximum or the socket's buffer is full, and after that in response and transit. Default: 0 s.
	Work Spread `json:"work,omitzero"`
	// Stall stops the clients' handlers for a while: nothing is handled and nothing acknowledged, until what is not read holds up the
	// broker.
	Stall Stall `json:"stall,omitzero"`
	// AckDelay is how long a client waits with the acknowledgement of a message that it has handled, in order. Meanwhile it handles
	// others, as many as its Receive Maximum lets the broker send: that many in each ack_delay are all it can get. The embedded broker
	// heeds no Receive Maximum, Mosquitto 2.0 not all of the time. Default: 0 s.
	AckDelay Spread `json:"ack_delay,omitzero"`
}

// Stall is a time in which clients do nothing.
type Stall struct {
	// At is when it begins, from the start of the measured phase. Required.
	At Duration `json:"at" jsonschema:"required"`
	// For is how long it lasts; more than 0. Required.
	For Duration `json:"for" jsonschema:"required"`
}

func (d *decoder) connectionFields(c *Connections) []field {
	return []field{
		optional("connect", d.connect(&c.Connect)),
		optional("lifetime", d.spread(&c.Lifetime, aboveZero)),
		optional("pause", d.spread(&c.Pause, mayBeZero)),
	}
}

func (d *decoder) connect(to *Connect) func(*node) {
	return func(n *node) {
		d.mapping(n,
			optional("rate", d.rate(&to.Rate, aboveNone)),
			optional("over", d.duration(&to.Over, aboveZero)),
			optional("jitter", d.boolean(&to.Jitter)),
		)
		rate, over := n.get("rate"), n.get("over")
		switch {
		case n.kind != mapping:
		case rate != nil && over != nil:
			d.report(over, "both rate and over are given", "one of them")
		case n.lacks("rate") && n.lacks("over"):
			d.report(n, "neither rate nor over is given", "rate, such as 200/s, or over, such as 5s")
		}
	}
}

// connections checks the keys of Connections against each other.
func (d *decoder) connections(n *node, c Connections) {
	if n.get("pause") != nil && n.lacks("lifetime") {
		d.useless(n.get("pause"), "nobody leaves who could pause", "pause with a lifetime")
	}
	if lifetime := n.get("lifetime"); lifetime.sound() && c.Lifetime.Expected() < shortestLife {
		d.report(lifetime, "clients would do nothing but connect", fmt.Sprintf("%s or more", shortestLife))
	}
}

// shortestLife is the least mean lifetime.
const shortestLife = 100 * everyMillisecond

// attendance is when a group subscribes and leaves.
func (d *decoder) attendance(r *Receiver) []field {
	return []field{
		optional("start", d.duration(&r.Start, mayBeZero)),
		optional("stop", d.duration(&r.Stop, aboveZero)),
	}
}

// attended is the share of the measured phase in which a client of the group is there.
func (r Receiver) attended(duration Duration) float64 {
	until := duration
	if r.Stop > 0 {
		until = min(until, r.Stop)
	}
	share := float64(until-min(r.Start, until)) / float64(max(duration, 1))
	if life := r.Lifetime.Expected(); life > 0 {
		share *= float64(life) / float64(life+r.Pause.Expected())
	}
	return share
}

func (d *decoder) slownessFields(s *Slowness) []field {
	return []field{
		optional("work", d.spread(&s.Work, mayBeZero)),
		optional("stall", func(n *node) {
			d.mapping(n,
				required("at", "when it begins, from the start of the measured phase, such as 5s", d.duration(&s.Stall.At, mayBeZero)),
				required("for", "how long it lasts, such as 3s", d.duration(&s.Stall.For, aboveZero)),
			)
		}),
		optional("ack_delay", d.spread(&s.AckDelay, mayBeZero)),
	}
}

// patience checks what receivers do against when and how they get messages.
func (d *decoder) patience(n *node, r Receiver, duration Duration) {
	if delay := n.get("ack_delay"); r.QoS == 0 && !r.AckDelay.IsZero() {
		d.useless(delay, "QoS 0 has no acknowledgement", "it with qos: 1")
	}
	if d.during(n, r.Start, r.Stop, duration) && (r.Start > 0 || r.Stop > 0) && !r.Lifetime.IsZero() {
		d.report(n.get("lifetime"), "clients that come and go do so all the time", "lifetime without start and stop")
	}
	if stall := n.get("stall"); stall != nil && r.Stall.At >= duration {
		d.report(stall.get("at"), "the measured phase is over after "+duration.String(), "an earlier instant")
	}
}

// comings tells how the clients of a group come and go, where they do.
func (c Connections) comings(name string, count int) (lines []string) {
	if gap := c.Connect.Gap(count); gap > 0 {
		text := fmt.Sprintf("%s: one connects every %s, all in %s", name, gap, gap*Duration(count))
		if c.Connect.Jitter {
			text += ", with jitter"
		}
		lines = append(lines, text)
	}
	if !c.Lifetime.IsZero() {
		text := fmt.Sprintf("%s: connected for %s", name, c.Lifetime)
		if !c.Pause.IsZero() {
			text += fmt.Sprintf(", then away for %s", c.Pause)
		}
		lines = append(lines, text+", and so on")
	}
	return lines
}

// habits tells how the clients of a group deal with messages, where that is worth a word.
func (s Slowness) habits(name string) (lines []string) {
	for _, habit := range []struct {
		is   bool
		text string
	}{
		{!s.Work.IsZero(), fmt.Sprintf("each message takes %s to handle", s.Work)},
		{s.Stall.For > 0, fmt.Sprintf("stalled from %s to %s", s.Stall.At, s.Stall.At+s.Stall.For)},
		{!s.AckDelay.IsZero(), fmt.Sprintf("acknowledged %s after they were handled", s.AckDelay)},
	} {
		if habit.is {
			lines = append(lines, name+": "+habit.text)
		}
	}
	return slices.Clip(lines)
}

package scenarios

import (
	"cmp"
	"fmt"
)

// shape tells what groups do that do not simply send, or receive, all the time.
func (p Plan) shape() (lines []string) {
	for _, sp := range p.Senders {
		s := sp.Sender
		from, until := s.span(p.Scenario.Duration)
		switch {
		case s.Rate.Max:
			lines = append(lines, s.Name+": closed loop, "+s.closed()+"; response leaves out waiting")
		case s.Idle:
			lines = append(lines, s.Name+": connected and idle")
		case s.Burst != nil:
			lines = append(lines, fmt.Sprintf("%s: %s at once of each sender, every %s%s", s.Name, plural(s.Burst.Messages, "message"), s.Burst.Every, s.spread()))
		case s.Jitter > 0:
			lines = append(lines, fmt.Sprintf("%s: each message up to %s later than its turn", s.Name, s.Jitter))
		}
		if s.Start > 0 || s.Stop > 0 {
			lines = append(lines, fmt.Sprintf("%s: sends from %s to %s", s.Name, from, until))
		}
		for _, stage := range s.Stages {
			lines = append(lines, fmt.Sprintf("%s: from %s to %s %s", s.Name, from, from+stage.For, stage.described(s.Count)))
			from += stage.For
		}
		lines = append(lines, s.comings(s.Name, s.Count)...)
	}
	for _, rp := range p.Receivers {
		r := rp.Receiver
		if r.Start > 0 || r.Stop > 0 {
			lines = append(lines, fmt.Sprintf("%s: subscribed from %s to %s", r.Name, r.Start, cmp.Or(r.Stop, p.Scenario.Duration)))
		}
		lines = append(lines, r.habits(r.Name)...)
		if !r.AckDelay.IsZero() && p.Scenario.Broker.Kind == Embedded {
			lines = append(lines, r.Name+": the embedded broker heeds no Receive Maximum, so late acknowledgements hold up nothing")
		}
		lines = append(lines, r.comings(r.Name, r.Count)...)
	}
	return lines
}

// closed is what holds up the senders of a closed loop.
func (s Sender) closed() string {
	if s.QoS == 0 {
		return "as fast as the socket takes messages"
	}
	return fmt.Sprintf("at most %d unacknowledged messages of each sender", s.Window)
}

func (s Sender) spread() string {
	if s.StartJitter {
		return ", the senders spread over it"
	}
	return ", all senders together"
}

// described is the stage with its rates of count clients together, and its name if it has one.
func (s Stage) described(count int) string {
	name := s.Name
	s.Name = ""
	if name == "" {
		return s.Title(count)
	}
	return s.Title(count) + " (" + name + ")"
}

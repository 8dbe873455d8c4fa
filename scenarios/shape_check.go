package scenarios

import "fmt"

// shapes checks when groups send and receive against the run's own times.
func (d *decoder) shapes(n *node, s *Scenario) {
	if len(s.Tracing.Compare) > 0 {
		d.steadyOnly(n, s)
	}
	if s.Duration == 0 || !n.get("duration").sound() && !n.lacks("duration") {
		return
	}
	groups := n.get("senders")
	for i, sender := range s.Senders {
		if at := groups.items[i]; at.sound() {
			d.spans(at, sender, s.Duration)
		}
	}
	groups = n.get("receivers")
	for i, receiver := range s.Receivers {
		if at := groups.items[i]; at.sound() {
			d.patience(at, receiver, s.Duration)
		}
	}
}

// spans checks one group's start, stop and stages.
func (d *decoder) spans(n *node, s Sender, duration Duration) {
	if !d.during(n, s.Start, s.Stop, duration) {
		return
	}
	from, until := s.span(duration)
	if lasts := s.stagesFor(); lasts > until-from {
		d.report(n.get("stages"), fmt.Sprintf("they last %s, and the group sends for %s", lasts, until-from), fmt.Sprintf("at most %s", until-from))
	}
}

// during checks that a group starts and stops in the measured phase, in that order.
func (d *decoder) during(n *node, start, stop, duration Duration) bool {
	switch {
	case start >= duration:
		d.report(n.get("start"), "the measured phase is over after "+duration.String(), "an earlier instant")
	case stop > duration:
		d.report(n.get("stop"), "the measured phase is over after "+duration.String(), "at most "+duration.String())
	case stop > 0 && stop <= start:
		d.report(n.get("stop"), fmt.Sprintf("the group starts at %s", start), "a later instant")
	default:
		return true
	}
	return false
}

// steadyOnly finds loads that would differ from arm to arm of a comparison.
func (d *decoder) steadyOnly(n *node, s *Scenario) {
	for _, groups := range []string{"senders", "receivers"} {
		if list := n.get(groups); list != nil {
			for _, group := range list.items {
				for _, key := range []string{"stages", "start", "stop", "lifetime", "stall"} {
					d.useless(group.get(key), "arms that are compared run in turns, and each would see another part of it",
						"one arm at a time, such as with sweep: {over: tracing.arm, values: [off, export]}")
				}
			}
		}
	}
	for i, sender := range s.Senders {
		if b := sender.Burst; b != nil && !b.repeatsIn(s.Tracing.Slice) {
			d.useless(n.get("senders").items[i].get("burst"), "arms that are compared need the same bursts in each slice",
				fmt.Sprintf("a tracing.slice of %s or another multiple of %s", 2*b.Every, b.Every))
		}
	}
}

// repeatsIn reports whether each of several slices after each other has the same bursts at the same instants, one at least when it
// has settled.
func (b Burst) repeatsIn(slice Duration) bool {
	return b.Every > 0 && slice >= 2*b.Every && slice%b.Every == 0
}

// lasting gives a run without a duration that of its stages, and reports one that has neither.
func (d *decoder) lasting(n *node, s *Scenario) {
	if n.kind != mapping || !n.lacks("duration") {
		return
	}
	for _, sender := range s.Senders {
		if len(sender.Stages) > 0 {
			s.Duration = max(s.Duration, sender.Start+sender.stagesFor())
		}
	}
	stagesGiven := false
	if senders := n.get("senders"); senders != nil {
		for _, sender := range senders.items {
			stagesGiven = stagesGiven || sender.get("stages") != nil
		}
	}
	if !stagesGiven {
		d.report(n, "duration is missing", "how long load is counted, such as 20s")
	}
}

package scenarios

import "fmt"

// pace is what a sender's file says about when it sends, of which one key stands alone.
type pace struct {
	total  Rate
	stages *node
	burst  Burst
}

// paces are the keys of which a sender has exactly one.
var paces = []string{"rate", "total", "interval", "stages", "burst", "idle"}

const wantPace = "rate, which is each sender's, total, which is the group's, interval, stages, burst or idle"

// paceFields are the keys that say when a sender sends.
func (d *decoder) paceFields(s *Sender, p *pace) []field {
	return []field{
		optional("rate", d.rate(&s.Rate, maxOrIdle)),
		optional("total", d.rate(&p.total, aboveNone)),
		optional("interval", d.duration(&s.Interval, aboveZero)),
		optional("stages", func(n *node) { p.stages = n }),
		optional("burst", d.burst(&p.burst)),
		optional("idle", d.boolean(&s.Idle)),
		optional("window", d.whole(&s.Window, 1, maxWindow)),
		optional("arrival", oneOf(d, &s.Arrival, Uniform, Poisson)),
		optional("jitter", d.duration(&s.Jitter, mayBeZero)),
		optional("start_jitter", d.boolean(&s.StartJitter)),
		optional("start", d.duration(&s.Start, mayBeZero)),
		optional("stop", d.duration(&s.Stop, aboveZero)),
	}
}

// pace makes sure that exactly one key says when the clients of a group send, and that those beside it fit.
func (d *decoder) pace(n *node, s *Sender, p pace) {
	if n.kind != mapping {
		return
	}
	if !d.onePace(n) {
		d.closedLoop(n, s)
		return
	}
	switch {
	case n.get("total") != nil:
		s.Rate = Rate{Messages: p.total.Messages / float64(s.Count), Per: p.total.Per}
	case n.get("interval") != nil:
		s.Rate = Rate{Messages: 1, Per: s.Interval.Std()}
	case p.stages != nil:
		s.Stages = d.stages(p.stages, s.Count)
	case n.get("burst") != nil:
		s.Burst, s.Rate = &p.burst, p.burst.rate()
		s.StartJitter = s.StartJitter && n.get("start_jitter") != nil
	case s.Rate.idle() && n.get("rate").sound():
		s.Rate, s.Idle = Rate{}, true
	}
	d.closedLoop(n, s)
	d.fitsPace(n, s)
}

// onePace reports whether one pace is given, and that without a mistake.
func (d *decoder) onePace(n *node) bool {
	first, given := "", false
	for _, key := range paces {
		at := n.get(key)
		given = given || !n.lacks(key)
		switch {
		case at == nil:
		case first == "":
			first = key
		default:
			d.report(at, "both "+first+" and "+key+" are given", "one of "+wantPace)
			return false
		}
	}
	if !given {
		d.report(n, "nothing says how often it sends", wantPace)
	}
	if idle := n.get("idle"); idle.sound() && first == "idle" && idle.text == "false" {
		d.report(idle, "idle: false does not say how often it sends", "true, or "+wantPace)
	}
	return first != "" && n.get(first).sound()
}

// fitsPace finds keys that have no meaning beside the pace of the group.
func (d *decoder) fitsPace(n *node, s *Sender) {
	if s.Idle {
		for _, key := range []string{"arrival", "jitter", "start_jitter", "start", "stop"} {
			d.useless(n.get(key), "an idle group sends nothing", "it with a rate such as 10/s")
		}
		return
	}
	if s.Burst != nil {
		d.useless(n.get("arrival"), "the messages of a burst are due together", "it with a rate, total or stages")
	}
	if s.Interval > 0 {
		d.useless(n.get("arrival"), "an interval spaces messages evenly", "jitter, or arrival with a rate")
	}
	jitter := n.get("jitter")
	switch {
	case s.Jitter == 0 || !jitter.sound():
	case s.Rate.Max || s.Burst != nil || len(s.Stages) > 0 || s.Arrival == Poisson:
		d.useless(jitter, "it moves messages that are spaced evenly", "it with interval, or with rate or total and arrival: uniform")
	case s.Jitter.Std() > s.Rate.Interval():
		d.report(jitter, "one message could overtake the next", fmt.Sprintf("at most the interval of %s", s.Rate.Interval()))
	}
}

func (d *decoder) useless(n *node, what, want string) {
	if n != nil && !n.bad {
		d.report(n, what, want)
	}
}

func (d *decoder) burst(to *Burst) func(*node) {
	return func(n *node) {
		d.mapping(n,
			required("every", "the time from one burst to the next, such as 5s", d.duration(&to.Every, aboveZero)),
			required("messages", "how many each sender sends at a time, such as 100", d.whole(&to.Messages, 1, maxBurst)),
		)
		if every := n.get("every"); every.sound() && to.Every < everyMillisecond {
			d.report(every, every.text+" is too short", "1ms or more")
		}
	}
}

// maxBurst bounds the messages of one burst of one sender.
const maxBurst = 1_000_000

// stages reads the stages of a group of count clients.
func (d *decoder) stages(n *node, count int) (all []Stage) {
	switch {
	case n.kind != list:
		d.wrongType(n, "a list such as [{to: 100/s, for: 10s}, {rate: 100/s, for: 1m}]")
		return nil
	case len(n.items) == 0:
		d.report(n, "there is no stage", "at least one, such as {rate: 100/s, for: 10s}")
		return nil
	case len(n.items) > maxGroups:
		d.report(n, fmt.Sprintf("%d entries", len(n.items)), fmt.Sprintf("at most %d", maxGroups))
		return nil
	}
	last := Rate{Per: perSecond}
	for _, item := range n.items {
		stage := d.stage(item, last, count)
		all, last = append(all, stage), stage.To
	}
	return all
}

// stage reads one stage; last is the rate at which the one before it ends.
func (d *decoder) stage(n *node, last Rate, count int) Stage {
	var s Stage
	var total, toTotal Rate
	d.mapping(n,
		optional("name", d.stageName(&s.Name)),
		optional("rate", d.rate(&s.Rate, orNone)),
		optional("total", d.rate(&total, orNone)),
		optional("to", d.rate(&s.To, orNone)),
		optional("to_total", d.rate(&toTotal, orNone)),
		required("for", "how long the stage lasts, such as 10s", d.duration(&s.For, aboveZero)),
	)
	if n.kind != mapping {
		return s
	}
	each := func(r Rate) Rate { return Rate{Messages: r.Messages / float64(count), Per: r.Per} }
	begins := d.either(n, "rate", "total", func() { s.Rate = each(total) })
	ends := d.either(n, "to", "to_total", func() { s.To = each(toTotal) })
	switch {
	case !begins && !ends && n.lacks("rate") && n.lacks("to") && n.lacks("total") && n.lacks("to_total"):
		d.report(n, "neither rate nor to is given", "rate, which is held, or to, which is where it moves to")
	case !begins:
		s.Rate = last
	case !ends:
		s.To = s.Rate
	}
	return s
}

// either reports whether one of two keys is given; second is called if it is the other.
func (d *decoder) either(n *node, key, other string, second func()) bool {
	one, two := n.get(key), n.get(other)
	if one != nil && two != nil {
		d.report(two, "both "+key+" and "+other+" are given", "one of them: "+key+" is each sender's, "+other+" the group's")
	}
	if two != nil && one == nil {
		second()
	}
	return one != nil || two != nil
}

func (d *decoder) stageName(to *string) func(*node) {
	return func(n *node) {
		if d.text(to)(n); !n.bad && (n.text == "" || len(n.text) > maxName) {
			d.report(n, quote(n.text)+" is not a name", fmt.Sprintf("1 to %d bytes", maxName))
		}
	}
}

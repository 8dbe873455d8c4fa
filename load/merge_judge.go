package load

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"mqttrace/load/clock"
	"mqttrace/load/result"
	"mqttrace/load/shard"
	"mqttrace/scenarios"
)

// mergeReasons adds up the reason codes, by packet and code.
func (m *merger) mergeReasons() []result.Reason {
	var all reasons
	for _, one := range m.shards {
		for _, r := range one.Reasons {
			all.addAll(r)
		}
	}
	return all.all()
}

// mergeFaults says what became of each fault over all shards, whose series is given.
func (m *merger) mergeFaults(series []result.Point) []result.Fault {
	all := append([]result.Fault{}, m.shards[0].Faults...)
	for i := range all {
		parts := make([]result.Fault, 0, len(m.shards))
		for _, one := range m.shards {
			if i < len(one.Faults) {
				parts = append(parts, one.Faults[i])
			}
		}
		all[i] = faultOf(parts)
		if i < len(m.episodes.all) {
			all[i].Lost = m.episodes.all[i].messagesLost
			if len(parts) > 1 {
				all[i].Backlog = m.backlogOf(m.episodes.all[i], series)
			}
		}
	}
	return all
}

// backlogOf is the backlog of an episode as the seconds of all shards tell it, which is of all receivers: nil if it did not hold all of
// them back.
func (m *merger) backlogOf(e *episode, series []result.Point) *result.Backlog {
	if slices.ContainsFunc(m.scenario.Receivers, func(v scenarios.Receiver) bool { return !e.holds(v.Name) }) {
		return nil
	}
	var received uint64
	for _, p := range series {
		if p.AtNS < 0 {
			continue
		}
		if p.Backlog == nil {
			return nil
		}
		received += p.Received
		end := standing{clock.Instant(p.AtNS + p.LengthNS), received + uint64(max(*p.Backlog, 0)), received}
		e.backlog.add(end, 0, clock.Instant(e.fault.At))
	}
	return e.backlog.result()
}

// faultOf is one fault as all shards saw it. It was over for all when it was for the last of those that it concerned.
func faultOf(parts []result.Fault) result.Fault {
	sum := result.Fault{AtNS: parts[0].AtNS, Name: parts[0].Name}
	if len(parts) == 1 {
		sum.Backlog = parts[0].Backlog // of more, each knows a part
	}
	reconnected, recovered := true, true
	for _, f := range parts {
		sum.ForNS = max(sum.ForNS, f.ForNS)
		sum.ConnectionsLost += f.ConnectionsLost
		sum.NotReconnected += f.NotReconnected
		sum.Duplicated += f.Duplicated
		sum.Late += f.Late
		sum.DetectedNS = choose(sum.DetectedNS, f.DetectedNS, func(a, b int64) bool { return a < b })
		sum.ReconnectedNS = choose(sum.ReconnectedNS, f.ReconnectedNS, later)
		sum.BeforeP99NS = choose(sum.BeforeP99NS, f.BeforeP99NS, later)
		sum.RecoveredNS = choose(sum.RecoveredNS, f.RecoveredNS, later)
		reconnected = reconnected && (f.ConnectionsLost == 0 || f.ReconnectedNS != nil)
		recovered = recovered && (f.BeforeP99NS == nil || f.RecoveredNS != nil)
	}
	if !reconnected {
		sum.ReconnectedNS = nil
	}
	if !recovered {
		sum.RecoveredNS = nil
	}
	return sum
}

func later(a, b int64) bool { return a > b }

// choose is the better of two figures, of which either may be missing.
func choose(a, b *int64, better func(a, b int64) bool) *int64 {
	if a == nil || b != nil && better(*b, *a) {
		return b
	}
	return a
}

// mergeWarnings collects what shards doubt, each doubt once, and what the whole gives reason to. What a shard said of its own part of the
// ledger is said of the whole.
func (m *merger) mergeWarnings(res *result.Result) []result.Warning {
	all := append([]result.Warning{}, m.sayings()...)
	m.run.warnings = nil
	for i := range res.Arms {
		m.doubtFigures(&res.Arms[i])
		m.doubtClocks(&res.Arms[i])
	}
	if len(m.shards) > 1 && slices.ContainsFunc(m.subscriptions, func(sub *subscription) bool { return sub.presence != nil }) {
		m.warn("delivery.lost", "what senders of other shards owed to receivers that come and go cannot be told: of that, what arrived counts as owed")
	}
	if missing := missingOf(m.shards); len(missing) > 0 {
		m.warn("run", "%s: figures and the ledger are of the clients of the others", areMissing(missing, m.shards[0].Shard.Of))
		if m.strays > 0 {
			m.warn("delivery", "%d messages came from the missing %s; they are not in the ledger", m.strays, shard.Named(missing))
		}
	}
	return append(all, m.run.warnings...)
}

// sayings are the shards' warnings but for those that the figures of the whole repeat or do not bear out.
func (m *merger) sayings() []result.Warning {
	var all chorus
	for _, one := range m.shards {
		own := &run{arms: m.arms}
		for i := range one.Arms {
			own.doubtFigures(&one.Arms[i])
		}
		for _, w := range one.Warnings {
			if !slices.Contains(own.warnings, w) {
				all.add(one.Shard.Index, w)
			}
		}
	}
	return all.said(len(m.shards))
}

// chorus is what shards say, in the order in which it was first said. What differs in figures alone is said together: of many shards
// that are late, each is late by another time. The zero value is empty.
type chorus []voice

type voice struct {
	result.Warning // as the first of them said it
	shards         []int
	differ         bool
}

func (c *chorus) add(shard int, w result.Warning) {
	for i := range *c {
		v := &(*c)[i]
		again := v.shards[len(v.shards)-1] == shard
		switch {
		case v.About != w.About || withoutFigures(v.Text) != withoutFigures(w.Text):
			continue
		case !again:
			v.shards = append(v.shards, shard)
		case v.Text != w.Text:
			continue // two things of one shard
		}
		v.differ = v.differ || v.Text != w.Text
		return
	}
	*c = append(*c, voice{Warning: w, shards: []int{shard}})
}

// said is each thing once, with the shards that say so unless it is all of them.
func (c chorus) said(shards int) (all []result.Warning) {
	for _, v := range c {
		switch {
		case v.differ:
			v.Text = fmt.Sprintf("%s, such as shard %d: %s", shard.Named(v.shards), v.shards[0], v.Text)
		case len(v.shards) < shards:
			v.Text = shard.Named(v.shards) + ": " + v.Text
		}
		all = append(all, v.Warning)
	}
	return all
}

// figures are numbers with their units, and not what is in names.
var figures = regexp.MustCompile(`(^|[ (])[0-9][0-9.,]*( ?(ns|µs|ms|s)\b)?`)

func withoutFigures(text string) string { return figures.ReplaceAllString(text, "#") }

// doubtClocks notes which latencies the clocks allow to be told only roughly.
func (m *merger) doubtClocks(a *result.Arm) {
	for _, name := range acrossClocks {
		if l := a.Latency[name]; l.ClockLimited {
			m.warn(name, "%sclock-limited: the clocks of the shards are known to ± %s, more than a tenth of the median; half the round trip of a message between two of them took %s",
				m.inArm(a.Name), brief(time.Duration(l.BoundNS)), m.halfRoundTrips())
		}
	}
}

// halfRoundTrips is the range of what the shards measured with one clock each.
func (m *merger) halfRoundTrips() string {
	var least, most int64
	for _, one := range m.shards {
		if half := one.Shard.Clock.HalfRoundTripNS; half > 0 {
			if least == 0 {
				least = half
			}
			least, most = min(least, half), max(most, half)
		}
	}
	if from, to := brief(time.Duration(least)), brief(time.Duration(most)); from != to {
		return from + " to " + to
	}
	return brief(time.Duration(most))
}

// judgeWhole is what the run comes to, and in one sentence why.
func (m *merger) judgeWhole(res *result.Result) (result.Verdict, string) {
	var broken []string
	if missing := missingOf(m.shards); len(missing) > 0 {
		broken = append(broken, areMissing(missing, m.shards[0].Shard.Of))
	}
	if broken = append(broken, m.reasonsOf(result.Invalid)...); len(broken) > 0 {
		return result.Invalid, strings.Join(broken, "; ")
	}
	if i := slices.IndexFunc(m.shards, func(one *result.Result) bool { return one.Verdict == result.Interrupted }); i >= 0 {
		return result.Interrupted, m.shards[i].Reason // the others were by the same
	}
	if failures := m.failures(res.Arms, res.Thresholds); len(failures) > 0 {
		return result.Fail, strings.Join(failures, "; ")
	}
	return result.Pass, ""
}

// reasonsOf are the reasons of the shards that came to a verdict, each once.
func (m *merger) reasonsOf(v result.Verdict) (all []string) {
	var reasons chorus
	for _, one := range m.shards {
		if one.Verdict == v {
			reasons.add(one.Shard.Index, result.Warning{Text: cmp.Or(one.Reason, string(v))})
		}
	}
	for _, reason := range reasons.said(len(m.shards)) {
		all = append(all, reason.Text)
	}
	return all
}

// areMissing says which shards there is nothing of.
func areMissing(missing []int, of int) string {
	if len(missing) == 1 {
		return fmt.Sprintf("%s of %d is missing", shard.Named(missing), of)
	}
	return fmt.Sprintf("%s of %d are missing", shard.Named(missing), of)
}

package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"mqttrace/load/result"
)

// shareOf says which share of a run a result is, or how many processes did it together; empty if one did all of it.
func shareOf(r *result.Result) string {
	switch {
	case r.Shard != nil:
		return fmt.Sprintf("shard %d of %d, of run %s", r.Shard.Index, r.Shard.Of, r.Shard.Run)
	case len(r.Shards) > 0:
		hosts := map[string]bool{}
		for _, s := range r.Shards {
			hosts[s.Host] = true
		}
		return plural(len(r.Shards), "shard") + " on " + plural(len(hosts), "host")
	default:
		return ""
	}
}

// notSettled says of the delivery ledger of a shard what it is not.
func notSettled(t table, r *result.Result) table {
	if r.Shard != nil && len(t.rows) > 0 {
		text := "what this shard can say alone: whether messages between shards arrived is settled when their results are merged"
		t.foot = append(t.foot, note{text, quiet})
	}
	return t
}

// shardTable is the table of the processes that did a run together, or of the one whose share a result is.
func shardTable(r *result.Result, room room) table {
	t := table{name: "shard", columns: []string{
		"verdict", "host", "senders", "receivers", "sent", "received", "lag p99", "cores", "peak RSS", "offset", "±", "drift",
	}}
	if r.Shard != nil {
		t.columns = []string{"host", "senders", "receivers", "offset", "±", "drift", "round trip / 2"}
		t.rows = []row{ownShard(*r.Shard, r.Warnings)}
		return t.withHosts([]result.Shard{*r.Shard}, 0, room)
	}
	shown := inTrouble(r.Shards)
	more := len(shown) - room.shards
	shown = shown[:min(len(shown), room.shards)]
	slices.SortStableFunc(shown, func(a, b result.Shard) int { return cmp.Compare(a.Index, b.Index) })
	for _, s := range shown {
		t.rows = append(t.rows, shardRow(s, r.Warnings))
	}
	t = t.withHosts(shown, 1, room)
	if more > 0 {
		t.foot = append(t.foot, note{fmt.Sprintf("and %d more in the result file; these are the ones in trouble, and the latest to send", more), quiet})
	}
	return t
}

// inTrouble is the shards, those first that somebody should look at: what did not pass, and then what was the latest to send.
func inTrouble(shards []result.Shard) []result.Shard {
	lag := func(s result.Shard) int64 {
		if s.ScheduleLagP99NS == nil {
			return 0
		}
		return *s.ScheduleLagP99NS
	}
	passed := func(s result.Shard) int {
		if s.Verdict == result.Pass {
			return 1
		}
		return 0
	}
	all := slices.Clone(shards)
	slices.SortStableFunc(all, func(a, b result.Shard) int {
		return cmp.Or(cmp.Compare(passed(a), passed(b)), cmp.Compare(lag(b), lag(a)))
	})
	return all
}

// aboutShard is what warnings call a shard.
func aboutShard(s result.Shard) string { return fmt.Sprintf("shard %d", s.Index) }

func shardRow(s result.Shard, said []result.Warning) row {
	lag := missing
	if s.ScheduleLagP99NS != nil {
		lag = figure(Duration(time.Duration(*s.ScheduleLagP99NS)))
	}
	verdict := missing
	if s.Verdict != "" {
		verdict = cell{string(s.Verdict), tones[s.Verdict]}
	}
	cells := []cell{
		verdict, missing, figure(Count(uint64(s.Senders))), figure(Count(uint64(s.Receivers))), figure(Count(s.Sent)), figure(Count(s.Received)), lag,
	}
	cells = append(append(cells, usage(s.Generator)...), clockCells(s)...)
	return row{about: aboutShard(s), label: fmt.Sprint(s.Index), cells: cells, notes: shardNotes(s, said)}
}

// ownShard is the row of a shard in its own result, which says elsewhere what it did.
func ownShard(s result.Shard, said []result.Warning) row {
	cells := []cell{missing, figure(Count(uint64(s.Senders))), figure(Count(uint64(s.Receivers)))}
	trip := missing
	if s.Clock.Exchanges > 0 {
		trip = figure(Duration(time.Duration(s.Clock.HalfRoundTripNS)))
	}
	return row{about: aboutShard(s), label: fmt.Sprint(s.Index), cells: append(append(cells, clockCells(s)...), trip), notes: shardNotes(s, said)}
}

// withHosts says which hosts the shards of the rows were on, in a column or below the labels.
func (t table) withHosts(shards []result.Shard, column int, room room) table {
	for i, s := range shards {
		host := abridge(clean(s.Host), room.name)
		switch {
		case room.below:
			t.rows[i].where = host
		case host != "":
			t.rows[i].cells[column] = figure(host)
		}
	}
	if room.below && len(t.rows) > 0 {
		return t.without(column)
	}
	return t
}

// clockCells say how a shard's clock was compared with shard 0's: its offset, the bound of that, and its drift.
func clockCells(s result.Shard) []cell {
	c := s.Clock
	switch {
	case s.Index == 0:
		return []cell{{"its own", quiet}, missing, missing}
	case c.Same:
		return []cell{{"same", quiet}, missing, missing}
	case c.Exchanges == 0:
		return []cell{{"unknown", doubt}, missing, missing}
	default:
		return []cell{
			figure(signedDuration(c.AheadNS)), figure(Duration(time.Duration(c.BoundNS))), figure(signed(c.DriftPPM, 1) + " ppm"),
		}
	}
}

func signedDuration(ns int64) string {
	text := Duration(time.Duration(ns))
	if ns > 0 {
		return "+" + text
	}
	return text
}

// shardNotes are why a shard did not pass, and those of its own warnings that the result as a whole does not repeat.
func shardNotes(s result.Shard, said []result.Warning) (notes []note) {
	if s.Reason != "" && s.Verdict != result.Pass {
		notes = append(notes, note{s.Reason, tones[s.Verdict]})
	}
	for _, w := range s.Warnings {
		if slices.ContainsFunc(said, func(of result.Warning) bool { return of.About == w.About && strings.HasSuffix(of.Text, w.Text) }) {
			continue
		}
		text := w.Text
		if w.About != "" && w.About != "run" {
			text = w.About + ": " + text
		}
		notes = append(notes, note{text, doubt})
	}
	return notes
}

// hasBound says whether any latency of arms is as uncertain as the clocks of several shards.
func hasBound(arms []result.Arm) bool {
	return slices.ContainsFunc(arms, func(a result.Arm) bool {
		for _, l := range a.Latency {
			if l.BoundNS > 0 {
				return true
			}
		}
		return false
	})
}

// boundCell is how far off the percentiles of a latency may be.
func boundCell(l result.Latency) cell {
	switch {
	case l.BoundNS == 0:
		return missing
	case l.ClockLimited:
		return cell{Duration(time.Duration(l.BoundNS)), doubt}
	default:
		return figure(Duration(time.Duration(l.BoundNS)))
	}
}

// bounded is a percentile with how far off it may be, where that is known to be something.
func bounded(c cell, l result.Latency) cell {
	if c != missing && l.BoundNS > 0 {
		c.text += " ± " + Duration(time.Duration(l.BoundNS))
	}
	return c
}

// limited says of a latency that the clocks tell it no better, and what half a round trip takes, which one clock told, unless a
// warning does.
func limited(name string, l result.Latency, r *result.Result) []note {
	isWarned := slices.ContainsFunc(r.Warnings, func(w result.Warning) bool { return w.About == name && strings.Contains(w.Text, "clock-limited") })
	if !l.ClockLimited || isWarned {
		return nil
	}
	text := "clock-limited: ± " + together(Duration(time.Duration(l.BoundNS))) + " is more than a tenth of p50"
	if least, most := halfRoundTrips(r); most > 0 {
		text += "; half a round trip over the broker takes " + together(between(Duration(least), Duration(most)))
	}
	return []note{{text, doubt}}
}

// halfRoundTrips is the range of what half a round trip took the shards whose clocks were compared over the network; 0 if there are
// none.
func halfRoundTrips(r *result.Result) (least, most time.Duration) {
	shards := r.Shards
	if r.Shard != nil {
		shards = []result.Shard{*r.Shard}
	}
	for _, s := range shards {
		if half := time.Duration(s.Clock.HalfRoundTripNS); half > 0 && !s.Clock.Same {
			if most = max(most, half); least == 0 || half < least {
				least = half
			}
		}
	}
	return least, most
}

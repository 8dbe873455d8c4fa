package shard

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Cause is what a run was given up for.
type Cause string

const (
	// Missing is a shard that did not arrive, or did not come to a step that others had come to, in time.
	Missing Cause = "missing"
	// Duplicate is an index that two processes have.
	Duplicate Cause = "duplicate"
	// Unlike is a shard of another scenario, version or number of shards, or with another Spec.Collect.
	Unlike Cause = "unlike"
	// Lost is a shard that died.
	Lost Cause = "lost"
	// Stopped is a shard that gave up, with its reason; Interrupted is one that was told to.
	Stopped     Cause = "stopped"
	Interrupted Cause = "interrupted"
	// Unreachable is the broker, which this shard could not reach for too long.
	Unreachable Cause = "unreachable"
)

// Failure is why a run was given up: the same in every shard, unless the shard had lost touch with the others. It is an error.
type Failure struct {
	Cause Cause `json:"cause"`
	// Shard is whose fault it is; of several, the first.
	Shard
	// Text says it all in one sentence.
	Text string `json:"text"`
}

func (f *Failure) Error() string { return f.Text }

// Shard is a process that has a share of a run. Host and PID are unknown of one that never arrived.
type Shard struct {
	Index int    `json:"index"`
	Host  string `json:"host,omitempty"`
	PID   int    `json:"pid,omitempty"`
}

// String is "shard 3 (node-a, pid 17)".
func (s Shard) String() string {
	if s.PID == 0 {
		return fmt.Sprintf("shard %d", s.Index)
	}
	return fmt.Sprintf("shard %d (%s)", s.Index, s.where())
}

func (s Shard) where() string { return fmt.Sprintf("%s, pid %d", s.Host, s.PID) }

func notArrived(indexes []int, of int, wait time.Duration) *Failure {
	return &Failure{Cause: Missing, Shard: Shard{Index: indexes[0]},
		Text: fmt.Sprintf("%s of %d did not arrive within %v", Named(indexes), of, wait)}
}

func notReported(indexes []int, step string, wait time.Duration) *Failure {
	return &Failure{Cause: Missing, Shard: Shard{Index: indexes[0]},
		Text: fmt.Sprintf("%s did not report %s within %v of the first that did", Named(indexes), step, wait)}
}

func twice(a, b Shard) *Failure {
	return &Failure{Cause: Duplicate, Shard: a,
		Text: fmt.Sprintf("shard %d was started twice: on %s, and on %s", a.Index, a.where(), b.where())}
}

func taken(by Shard, newcomer Shard) *Failure {
	return &Failure{Cause: Duplicate, Shard: newcomer,
		Text: fmt.Sprintf("shard %d on %s came too late: the run has begun with shard %d on %s", newcomer.Index, newcomer.where(), by.Index, by.where())}
}

func unlike(s, lead Shard) *Failure {
	return &Failure{Cause: Unlike, Shard: s, Text: fmt.Sprintf("%v has another scenario or version than %v", s, lead)}
}

func unlikeCollection(s Shard, how Collection, lead Shard, leadHow Collection) *Failure {
	return &Failure{Cause: Unlike, Shard: s, Text: fmt.Sprintf("%v and %v disagree how shard 0 collects the results of all: --collect %s and --collect %s", s, lead, how, leadHow)}
}

func unlikeNumber(s Shard, of int, lead Shard, leadOf int) *Failure {
	return &Failure{Cause: Unlike, Shard: s, Text: fmt.Sprintf("%v is one of %d shards, %v one of %d", s, of, lead, leadOf)}
}

func lost(s Shard, how string) *Failure {
	return &Failure{Cause: Lost, Shard: s, Text: fmt.Sprintf("%v died: %s", s, how)}
}

func left(s Shard, what string) *Failure {
	return &Failure{Cause: Stopped, Shard: s, Text: fmt.Sprintf("%v left before %s", s, what)}
}

func gaveUp(s Shard, reason string, interrupted bool) *Failure {
	if interrupted {
		return &Failure{Cause: Interrupted, Shard: s, Text: fmt.Sprintf("%v was interrupted: %s", s, reason)}
	}
	return &Failure{Cause: Stopped, Shard: s, Text: fmt.Sprintf("%v gave up: %s", s, reason)}
}

func unreachable(self Shard, limit time.Duration, err error) *Failure {
	return &Failure{Cause: Unreachable, Shard: self, Text: fmt.Sprintf("%v lost the broker, and did not reach it again within %v: %v", self, limit, err)}
}

// Named names shards by their indexes, in order: "shard 3", "shards 1 and 4", "shards 0 to 5 and 7". Of more than ten such parts it gives
// the first ten, and how many shards are left.
func Named(indexes []int) string {
	if len(indexes) == 1 {
		return fmt.Sprintf("shard %d", indexes[0])
	}
	const most = 10
	var parts []string
	for len(indexes) > 0 && (len(parts) < most || len(indexes) == 1) {
		n := 1
		for n < len(indexes) && indexes[n] == indexes[0]+n {
			n++
		}
		if n < 3 {
			n = 1
			parts = append(parts, fmt.Sprint(indexes[0]))
		} else {
			parts = append(parts, fmt.Sprintf("%d to %d", indexes[0], indexes[n-1]))
		}
		indexes = indexes[n:]
	}
	if len(indexes) > 0 {
		parts = append(parts, fmt.Sprintf("%d others", len(indexes)))
	}
	last := len(parts) - 1
	if last == 0 {
		return "shards " + parts[0]
	}
	return "shards " + strings.Join(parts[:last], ", ") + " and " + parts[last]
}

func numbers(indexes []int) string {
	text := slices.Collect(func(yield func(string) bool) {
		for _, i := range indexes {
			if !yield(strconv.Itoa(i)) {
				return
			}
		}
	})
	return strings.Join(text, ", ")
}

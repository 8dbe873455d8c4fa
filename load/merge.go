package load

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"mqttrace/load/result"
	"mqttrace/scenarios"
)

// Merge makes one result of those of all shards of a run: histograms and counts add up, the delivery ledger is settled over all of them,
// and thresholds are judged on the whole. It refuses, naming all that is wrong, what does not belong together. Shards may be missing only
// if partial says so; the verdict is then Invalid and names them. names are what errors call the results, such as their files; without
// them they are called by their places. The results themselves are not changed.
func Merge(shards []*result.Result, partial bool, names ...string) (*result.Result, error) {
	if err := belongTogether(shards, partial, names); err != nil {
		return nil, err
	}
	shards = slices.Clone(shards)
	slices.SortFunc(shards, func(a, b *result.Result) int { return cmp.Compare(a.Shard.Index, b.Shard.Index) })
	sc, err := recall(shards[0].Scenario)
	if err != nil {
		return nil, err
	}
	if err := haveArms(shards, sc); err != nil {
		return nil, err
	}
	settled, err := settleShards(sc, shards)
	if err != nil {
		return nil, err
	}
	return (&merger{settlement: settled, shards: shards}).merge(sc)
}

// belongTogether says in how far results are not of the shards of one run.
func belongTogether(shards []*result.Result, partial bool, names []string) error {
	name := func(i int) string {
		if i < len(names) {
			return names[i]
		}
		return fmt.Sprintf("result %d", i+1)
	}
	if len(shards) == 0 {
		return errors.New("there is nothing to merge")
	}
	var problems []error
	for i, one := range shards {
		if why := noShare(one); why != "" {
			problems = append(problems, fmt.Errorf("%s: %s", name(i), why))
		}
	}
	if len(problems) > 0 {
		return errors.Join(problems...)
	}
	seen := make(map[int]int)
	for i, one := range shards {
		if i > 0 {
			problems = append(problems, unlike(shards[0], one, name(0), name(i)))
		}
		if before, twice := seen[one.Shard.Index]; twice {
			problems = append(problems, fmt.Errorf("%s: it is of shard %d, as %s is", name(i), one.Shard.Index, name(before)))
			continue
		}
		seen[one.Shard.Index] = i
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	if missing := missingOf(shards); len(missing) > 0 && !partial {
		return errors.New(areMissing(missing, shards[0].Shard.Of))
	}
	return nil
}

// noShare says why a result is not that of a shard; empty if it is.
func noShare(r *result.Result) string {
	switch s := r.Shard; {
	case len(r.Shards) > 0:
		return "it is merged already"
	case s == nil:
		return "it is not of a shard: one process did all of the run"
	case s.Of < 1 || s.Of > maxShards || s.Index < 0 || s.Index >= s.Of:
		return fmt.Sprintf("it is of shard %d of %d", s.Index, s.Of)
	case len(r.Arms) == 0:
		return "nothing was measured"
	}
	return ""
}

// maxShards bounds how many shards a result may speak of: a run has a million clients at most.
const maxShards = 1_000_000

// unlike says what keeps two results from being of one run; nil if nothing does.
func unlike(first, other *result.Result, nameOfFirst, nameOfOther string) error {
	var problems []error
	differ := func(what, theirs, firsts string) {
		if theirs != firsts {
			problems = append(problems, fmt.Errorf("%s: it is of %s %s, %s of %s", nameOfOther, what, theirs, nameOfFirst, firsts))
		}
	}
	differ("run", other.Shard.Run, first.Shard.Run)
	differ("a run of", shardsCounted(other.Shard.Of), shardsCounted(first.Shard.Of))
	differ("mqttrace", other.Environment.Tool, first.Environment.Tool)
	if a, b := shape(first.Scenario), shape(other.Scenario); !bytes.Equal(a, b) {
		problems = append(problems, fmt.Errorf("%s: its scenario is another than that of %s", nameOfOther, nameOfFirst))
	}
	a, b := first.Environment.Broker, other.Environment.Broker
	if a.Limits != b.Limits && a.Limits != (result.Limits{}) && b.Limits != (result.Limits{}) {
		problems = append(problems, fmt.Errorf("%s: its broker, %s, grants other limits than that of %s, %s", nameOfOther, b.URL, nameOfFirst, a.URL))
	}
	return errors.Join(problems...)
}

func shardsCounted(n int) string {
	if n == 1 {
		return "1 shard"
	}
	return fmt.Sprintf("%d shards", n)
}

// shape is what scenarios of all shards have in common: they may reach the broker by different addresses.
func shape(raw json.RawMessage) []byte {
	var keys map[string]any
	if json.Unmarshal(raw, &keys) != nil {
		return raw
	}
	delete(keys, "broker")
	text, _ := json.Marshal(keys) // what was JSON can be
	return text
}

// missingOf lists the indexes that no result has.
func missingOf(shards []*result.Result) (missing []int) {
	there := make([]bool, shards[0].Shard.Of)
	for _, one := range shards {
		there[one.Shard.Index] = true
	}
	for i, is := range there {
		if !is {
			missing = append(missing, i)
		}
	}
	return missing
}

// haveArms makes sure that all have measured the arms of the scenario.
func haveArms(shards []*result.Result, sc *scenarios.Scenario) error {
	var want []string
	for _, a := range sc.Tracing.Arms() {
		want = append(want, a.Name)
	}
	var problems []error
	for _, one := range shards {
		var got []string
		for _, a := range one.Arms {
			got = append(got, a.Name)
		}
		if !slices.Equal(got, want) {
			problems = append(problems, fmt.Errorf("shard %d measured the arms %q, its scenario has %q", one.Shard.Index, got, want))
		}
	}
	return errors.Join(problems...)
}

// merger makes one result of those of the shards, which are in the order of their indexes.
type merger struct {
	*settlement
	shards []*result.Result
}

func (m *merger) merge(sc *scenarios.Scenario) (*result.Result, error) {
	first := m.shards[0]
	res := &result.Result{
		Schema: first.Schema, Started: first.Started, Scenario: first.Scenario, Environment: first.Environment, TraceURL: first.TraceURL,
		Stages: first.Stages, Arms: []result.Arm{}, Overhead: []result.Difference{}, Thresholds: []result.Threshold{},
		BrokerMetrics: first.BrokerMetrics, Reasons: m.mergeReasons(), Shards: m.describe(),
	}
	res.Environment.Clock = m.clockText()
	if len(m.shards) == 1 {
		res.Overhead, res.Reconciled = append(res.Overhead, first.Overhead...), first.Reconciled // of more, nobody has the broker's count and ours
	}
	for i := range first.Arms {
		a, err := m.arm(i)
		if err != nil {
			return nil, err
		}
		for _, t := range sc.Thresholds {
			if judged, has := judgeThreshold(t, a); has {
				res.Thresholds = append(res.Thresholds, judged)
			}
		}
		res.Arms = append(res.Arms, *a)
	}
	res.Faults = m.mergeFaults(res.Arms[0].Series)
	res.Warnings = m.mergeWarnings(res)
	res.Verdict, res.Reason = m.judgeWhole(res)
	return res, nil
}

// describe is what the merged result says of each shard.
func (m *merger) describe() (all []result.Shard) {
	for _, one := range m.shards {
		s := *one.Shard
		s.Ledger, s.Verdict, s.Reason, s.Warnings = "", one.Verdict, one.Reason, one.Warnings
		s.Received = m.copies[s.Index]
		s.Sent = 0
		for _, a := range one.Arms {
			s.Sent += a.Sent
		}
		s.Generator, s.ScheduleLagP99NS = one.Arms[0].Process.Generator, one.Arms[0].Latency[result.ScheduleLag].P99NS
		all = append(all, s)
	}
	return all
}

// bound is how far off, either way, the time between instants of two shards may be.
func (m *merger) bound() int64 {
	var largest, second int64
	for _, one := range m.shards {
		b := one.Shard.Clock.BoundNS
		if one.Shard.Senders+one.Shard.Receivers == 0 {
			continue // it has no instants
		}
		largest, second = max(largest, b), max(second, min(largest, b))
	}
	return largest + second
}

// clockText says how instants of the shards compare.
func (m *merger) clockText() string {
	processes := fmt.Sprintf("%d processes", len(m.shards))
	apart := slices.ContainsFunc(m.shards, func(one *result.Result) bool { return one.Shard.Index > 0 && !one.Shard.Clock.Same })
	switch {
	case len(m.shards) == 1:
		return m.shards[0].Environment.Clock
	case !apart:
		return "monotonic, " + processes + " of one host"
	}
	return fmt.Sprintf("monotonic, %s, corrected to the clock of shard 0, to ± %s between two", processes, brief(time.Duration(m.bound())))
}

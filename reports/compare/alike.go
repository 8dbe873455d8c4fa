package compare

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"mqttrace/load/result"
	"mqttrace/reports"
)

// Kind is what runs can be unlike in.
type Kind string

// Kinds of unlikeness.
const (
	Scenario Kind = "scenario" // what ran: all of it but name, description, repeat, thresholds and the broker
	Broker   Kind = "broker"   // name and version
	Machine  Kind = "machine"  // processor, cores, system and host
	Shards   Kind = "shards"   // how many processes did the run together; results of one of them are left out unless this is allowed
	Invalid  Kind = "invalid"  // runs whose generator did not keep up; these are left out unless they are allowed
)

// Kinds lists what can be allowed.
var Kinds = []Kind{Scenario, Broker, Machine, Shards, Invalid}

// Unlike is something in which runs are not alike.
type Unlike struct {
	Kind Kind   `json:"kind"`
	What string `json:"what"` // such as senders[0].rate
	Base string `json:"base"` // the values of either side, several if its own runs differ
	New  string `json:"new"`
}

// String is the difference on one line: "broker version: 2.0.18 in base, 2.0.21 in new".
func (u Unlike) String() string {
	return fmt.Sprintf("%s: %s in base, %s in new", u.title(), u.Base, u.New)
}

// title says of what kind the difference is, if its name does not.
func (u Unlike) title() string {
	if u.Kind == Scenario {
		return "scenario " + u.What
	}
	return u.What
}

// UnlikeError says in what runs are unlike that must be alike.
type UnlikeError struct{ Unlike []Unlike }

// mostUnlike is how many differences a message lists.
const mostUnlike = 20

// Error lists every difference and how to allow them.
func (e *UnlikeError) Error() string {
	lines := []string{"the runs are not alike:"}
	var kinds []string
	for i, u := range e.Unlike {
		if !slices.Contains(kinds, string(u.Kind)) {
			kinds = append(kinds, string(u.Kind))
		}
		if i < mostUnlike {
			lines = append(lines, "  "+u.String())
		}
	}
	if more := len(e.Unlike) - mostUnlike; more > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more", more))
	}
	return strings.Join(append(lines, "to compare them all the same: --allow "+strings.Join(kinds, ",")), "\n")
}

// unlike lists what runs differ in, by kind and then by name.
func unlike(base, changed []reports.Saved) (all []Unlike) {
	for _, kind := range []struct {
		Kind
		of func(*result.Result) map[string]string
	}{{Scenario, content}, {Broker, brokerOf}, {Machine, machineOf}, {Shards, shardsOf}} {
		sides := [2]map[string]*tally{{}, {}}
		for side, runs := range [2][]reports.Saved{base, changed} {
			for _, r := range runs {
				count(sides[side], kind.of(r.Result))
			}
		}
		for _, what := range slices.Sorted(maps.Keys(join(sides[0], sides[1]))) {
			a, b := sides[0][what].of(len(base)), sides[1][what].of(len(changed))
			if !a.agrees(b) {
				all = append(all, Unlike{kind.Kind, what, a.String(), b.String()})
			}
		}
	}
	return all
}

func join(a, b map[string]*tally) map[string]*tally {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return all
}

// tally counts the values of something over runs, in the order in which they come first.
type tally struct {
	values []string
	counts []int
}

func count(tallies map[string]*tally, facts map[string]string) {
	for what, value := range facts {
		if tallies[what] == nil {
			tallies[what] = &tally{}
		}
		tallies[what].add(value, 1)
	}
}

func (t *tally) add(value string, n int) {
	i := slices.Index(t.values, value)
	if i < 0 {
		t.values, t.counts = append(t.values, value), append(t.counts, n)
		return
	}
	t.counts[i] += n
}

// nothing is the value of what a run does not have.
const nothing = "nothing"

// of fills up to a number of runs with those that have no such value.
func (t *tally) of(runs int) *tally {
	if t == nil {
		t = &tally{}
	}
	for _, n := range t.counts {
		runs -= n
	}
	if runs > 0 {
		t.add(nothing, runs)
	}
	return t
}

// agrees reports whether all runs of both have one value.
func (t *tally) agrees(other *tally) bool {
	return len(t.values) == 1 && len(other.values) == 1 && t.values[0] == other.values[0]
}

// String lists the values, with their runs if they are several.
func (t *tally) String() string {
	if len(t.values) == 1 {
		return t.values[0]
	}
	var parts []string
	for i, v := range t.values {
		parts = append(parts, fmt.Sprintf("%s (%s)", v, reports.Plural(t.counts[i], "run")))
	}
	return strings.Join(parts, " and ")
}

// saysNothing are the keys of a scenario that its figures do not depend on. The broker is compared as it presented itself.
var saysNothing = []string{"name", "description", "repeat", "thresholds", "broker"}

// content is everything that a scenario says, by path.
func content(r *result.Result) map[string]string {
	var keys map[string]any
	if json.Unmarshal(r.Scenario, &keys) != nil {
		return map[string]string{"as a whole": string(r.Scenario)}
	}
	for _, key := range saysNothing {
		delete(keys, key)
	}
	facts := map[string]string{}
	flatten("", keys, facts)
	return facts
}

func flatten(path string, value any, into map[string]string) {
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			flatten(strings.TrimPrefix(path+"."+key, "."), inner, into)
		}
		if len(v) == 0 {
			into[path] = "{}"
		}
	case []any:
		for i, inner := range v {
			flatten(path+"["+strconv.Itoa(i)+"]", inner, into)
		}
		if len(v) == 0 {
			into[path] = "[]"
		}
	case string:
		into[path] = v
	default:
		text, _ := json.Marshal(v) // a number, true, false or null
		into[path] = string(text)
	}
}

func brokerOf(r *result.Result) map[string]string {
	b := r.Environment.Broker
	return map[string]string{"broker": b.Name, "broker version": b.Version}
}

// shardsOf says nothing of a run that one process did.
func shardsOf(r *result.Result) map[string]string {
	switch {
	case r.Shard != nil:
		return map[string]string{"shards": fmt.Sprintf("%d of %d alone", r.Shard.Index, r.Shard.Of)}
	case len(r.Shards) > 0:
		return map[string]string{"shards": strconv.Itoa(len(r.Shards))}
	default:
		return nil
	}
}

func machineOf(r *result.Result) map[string]string {
	e := r.Environment
	return map[string]string{"processor": e.CPU, "cores": strconv.Itoa(e.Cores), "system": e.OS + "/" + e.Arch, "host": e.Host}
}

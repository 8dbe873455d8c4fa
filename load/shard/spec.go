package shard

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Spec says which share of which run this process has. Index and Of are required, and Run.
type Spec struct {
	// Index, from 0, of how many.
	Index, Of int
	// Run is the name under which the shards meet, one level of a topic.
	Run string
	// Prefix is what the topics of control messages begin with. Default: DefaultPrefix.
	Prefix string
	// Wait bounds the wait for the others, to arrive and at every step. Default: 2 min.
	Wait time.Duration
	// Fingerprint is of what all shards must have in common, such as scenario and version. Those that differ are refused.
	Fingerprint string
	// Collect says how shard 0 gets the results of the others. Those that differ are refused. Default: NoCollection.
	Collect Collection
	// Folder is what this process calls the folder that all share. Required for FromFolder, in shard 0.
	Folder string
	// Progress is told what is being waited for, such as "6 of 8 shards have arrived; waiting for 3, 5", when that changes and once a
	// second, one call at a time. It may be nil.
	Progress func(string)

	// pace is for tests that cannot wait.
	pace pace
	// apart says that clocks are to be compared over the broker even between processes of one host: for tests.
	apart bool
}

// Collection is how shard 0 gets the results of the others.
type Collection string

const (
	// NoCollection leaves each shard its own.
	NoCollection Collection = "no"
	// OverBroker has them sent with Member.Send.
	OverBroker Collection = "broker"
	// FromFolder has them read from files of a folder that all share, of which Member.SendFile tells.
	FromFolder Collection = "folder"
)

// DefaultPrefix is what the topics of control messages begin with.
const DefaultPrefix = "mqttrace/ctl"

// pace is how long things take.
type pace struct {
	beat      time.Duration // between two signs of life
	silence   time.Duration // after which a shard is dead
	grace     time.Duration // for one whose connection has ended to come back
	reconnect time.Duration // for the broker to come back
	ahead     time.Duration // from the decision to start to the start
	settled   time.Duration // for which all that is owed must have arrived
	again     time.Duration // after which a part of a result is asked for again
}

var usual = pace{
	beat: time.Second, silence: 10 * time.Second, grace: 2 * time.Second, reconnect: 30 * time.Second,
	ahead: time.Second, settled: 200 * time.Millisecond, again: 2 * time.Second,
}

// withDefaults checks a Spec and fills it in.
func (s Spec) withDefaults() (Spec, error) {
	if s.Prefix == "" {
		s.Prefix = DefaultPrefix
	}
	if s.Wait == 0 {
		s.Wait = 2 * time.Minute
	}
	if s.Collect == "" {
		s.Collect = NoCollection
	}
	if s.Progress == nil {
		s.Progress = func(string) {}
	}
	if s.pace == (pace{}) {
		s.pace = usual
	}
	return s, s.validate()
}

func (s Spec) validate() error {
	var problems []error
	if s.Of < 1 {
		problems = append(problems, fmt.Errorf("%d shards: want at least one", s.Of))
	} else if s.Index < 0 || s.Index >= s.Of {
		problems = append(problems, fmt.Errorf("shard %d of %d: want 0 to %d", s.Index, s.Of, s.Of-1))
	}
	if !IsRun(s.Run) {
		problems = append(problems, fmt.Errorf("run %q: want one level of a topic, without /, + and #", s.Run))
	}
	if !IsPrefix(s.Prefix) {
		problems = append(problems, fmt.Errorf("prefix %q: want a topic, without + and # and not beginning with $", s.Prefix))
	}
	if s.Wait < 0 {
		problems = append(problems, fmt.Errorf("wait %v: want a positive time", s.Wait))
	}
	return errors.Join(problems...)
}

// IsRun reports whether shards can meet under a name: whether it is one level of a topic.
func IsRun(name string) bool { return name != "" && !strings.ContainsAny(name, "/+#\x00") }

// IsPrefix reports whether the topics of control messages can begin with a prefix.
func IsPrefix(prefix string) bool {
	return prefix != "" && !strings.ContainsAny(prefix, "+#\x00") && !strings.HasPrefix(prefix, "$")
}

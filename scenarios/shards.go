package scenarios

import (
	"errors"
	"fmt"
)

// Shardable reports everything that keeps n processes from running s together, joined into one error; nil if nothing does. n is 1 or
// more.
func (s *Scenario) Shardable(n int) error {
	var problems []error
	refuse := func(path, what, want string) {
		problems = append(problems, fmt.Errorf("%s: %s, expected %s", path, what, want))
	}
	if s.Broker.Started() {
		refuse("broker", fmt.Sprintf("%s would be started once by each process", s.Broker.Kind), "one that runs already, such as --broker mqtt://host:1883")
	}
	for _, many := range []struct {
		path  string
		isSet bool
	}{{"sweep", s.Sweep != nil}, {"search", s.Search != nil}, {"repeat", s.Repeat.Runs > 1}, {"tracing.compare", len(s.Tracing.Compare) > 0}} {
		if many.isSet {
			refuse(many.path, "several runs cannot be shared among processes", "one run of one arm")
		}
	}
	problems = append(problems, s.unshardableFaults()...)
	for i, v := range s.Receivers {
		if v.Start > 0 || v.Stop > 0 || !v.Lifetime.IsZero() {
			refuse(fmt.Sprintf("receivers[%d]", i), "receivers that come and go are owed what other processes sent meanwhile, which cannot be told", "no start, stop or lifetime")
		}
	}
	if clients := s.clients(); clients < n {
		problems = append(problems, fmt.Errorf("senders, receivers: %d clients cannot be shared among %d processes, expected at least as many", clients, n))
	}
	return errors.Join(problems...)
}

// unshardableFaults are those of the broker, which is nobody's own.
func (s *Scenario) unshardableFaults() (problems []error) {
	for i, f := range s.Faults {
		if f.Broker != "" {
			problems = append(problems, fmt.Errorf("faults[%d]: no process has started the broker, expected faults of exporter, network, senders or receivers", i))
		}
	}
	return problems
}

// clients is how many there are of either side.
func (s *Scenario) clients() (n int) {
	for _, g := range s.Senders {
		n += g.Count
	}
	for _, g := range s.Receivers {
		n += g.Count
	}
	return n
}

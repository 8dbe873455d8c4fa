package load

import (
	"context"
	"fmt"
	"math"
	"strings"

	"mqttrace/load/result"
	"mqttrace/scenarios"
)

// search looks for the highest value at which the scenario holds, for each of its arms by itself: it doubles the value until it does
// not hold, halves the distance until that is small enough, and confirms what it found over the whole duration.
func search(ctx context.Context, sc *scenarios.Scenario, opts Options) (*result.Result, error) {
	s := &searching{steps: newSteps(sc, sc.Search.Over, opts), search: sc.Search}
	s.try = s.step
	var arms []result.Arm
	var thresholds []result.Threshold
	for i, arm := range sc.Tracing.Arms() {
		s.arm, s.several = arm, len(sc.Tracing.Arms()) > 1
		found, err := s.find(ctx)
		if err != nil {
			return s.ended(ctx, fmt.Sprintf("the search of arm %s", arm.Name), err)
		}
		if s.last.Verdict == result.Interrupted {
			return s.result(result.Interrupted, "interrupted after "+stepCount(len(s.sweep.Steps)))
		}
		s.sweep.Found = append(s.sweep.Found, found)
		for _, a := range s.last.Arms {
			a.Name = sc.Tracing.Arms()[i].Name
			arms = append(arms, a)
		}
		thresholds = append(thresholds, s.last.Thresholds...)
	}
	res, err := s.result(s.verdict())
	if err == nil {
		res.Arms, res.Thresholds = arms, thresholds
	}
	return res, err
}

// searching is a search under way.
type searching struct {
	*steps
	search  *scenarios.Search
	arm     scenarios.TracingArm
	several bool
	// try runs the scenario with one value and one arm.
	try func(ctx context.Context, number float64, length scenarios.Duration, role string) (answer, error)
}

// answer is what a step says of its value.
type answer int

const (
	holds       answer = iota
	misses             // a threshold, a promise, or the pace
	tooSlow            // is the generator, whatever the broker could do
	interrupted        // is the whole search
)

// find searches for one arm.
func (s *searching) find(ctx context.Context) (result.Found, error) {
	found := result.Found{Arm: s.arm.Name}
	low, high, limit, err := s.bracket(ctx)
	if err != nil || low == 0 {
		found.Limit = limit
		return found, err
	}
	for high > low*(1+s.search.Precision) {
		middle := math.Sqrt(low * high)
		a, err := s.probe(ctx, middle)
		switch {
		case err != nil || a == interrupted:
			return found, err
		case a == holds:
			low = middle
		default:
			high, limit = middle, limitOf(a)
		}
	}
	return s.confirm(ctx, low, limit)
}

func limitOf(a answer) string {
	if a == tooSlow {
		return result.LimitGenerator
	}
	return result.LimitThresholds
}

// bracket doubles the value until it does not hold any more. low is 0 if not even the first held; high is low if the last did.
func (s *searching) bracket(ctx context.Context) (low, high float64, limit string, err error) {
	from, to := s.search.Range()
	for at := from; ; at = min(2*at, to) {
		a, err := s.probe(ctx, at)
		switch {
		case err != nil || a == interrupted:
			return 0, 0, "", err
		case a != holds:
			return low, at, limitOf(a), nil
		case at == to:
			return to, to, result.LimitRange, nil
		}
		low = at
	}
}

// probe runs one step on the way. What does not hold is tried a second time, because a machine may hiccup.
func (s *searching) probe(ctx context.Context, number float64) (a answer, err error) {
	for range 2 {
		a, err = s.try(ctx, number, s.search.Step, result.ProbeStep)
		if err != nil || a == holds || a == interrupted {
			return a, err
		}
	}
	return a, nil
}

// mostConfirmations bounds how often a value is lowered because it did not hold for the whole duration.
const mostConfirmations = 8

// confirm runs the value for the whole duration, and lower ones if it does not hold.
func (s *searching) confirm(ctx context.Context, number float64, limit string) (result.Found, error) {
	for range mostConfirmations {
		a, err := s.try(ctx, number, s.scenario.Duration, result.ConfirmStep)
		if err != nil || a == interrupted {
			return result.Found{}, err
		}
		if a == holds {
			return result.Found{Arm: s.arm.Name, Number: s.steps.lastStep().Number, Limit: limit, Confirmed: true}, nil
		}
		limit = limitOf(a)
		number /= 1 + s.search.Precision
	}
	return result.Found{Arm: s.arm.Name, Number: s.steps.lastStep().Number, Limit: limit}, nil
}

func (s *steps) lastStep() *result.Step { return &s.sweep.Steps[len(s.sweep.Steps)-1] }

func (s *searching) step(ctx context.Context, number float64, length scenarios.Duration, role string) (answer, error) {
	value := s.search.Between(number)
	sc, err := s.search.At(value)
	if err != nil {
		return 0, err
	}
	one := *sc
	one.Duration, one.Tracing = length, scenarios.Tracing{TracingArm: s.arm}
	label := fmt.Sprintf("search, step %d: %s", len(s.sweep.Steps)+1, value)
	if s.several {
		label = s.arm.Name + " " + label
	}
	r, step, err := s.run(ctx, &one, value, role, label)
	if err != nil {
		return 0, err
	}
	return judgeStep(r, step, s.last), nil
}

// judgeStep says whether a value holds, and notes in the step why it does not.
func judgeStep(r *run, step *result.Step, res *result.Result) answer {
	switch {
	case res.Verdict == result.Interrupted:
		return interrupted
	case r.generatorLate:
		return tooSlow
	case res.Verdict != result.Pass:
		return misses
	}
	for _, a := range res.Arms {
		if share, allowed := arrivedInTime(a); share < allowed {
			step.Verdict = result.Fail
			step.Reason = fmt.Sprintf("messages fell behind: %.3g %% of those due arrived while load ran", share*100)
			return misses
		}
	}
	return holds
}

// keepsPace is the share of the messages that must arrive while load runs: a broker that takes them more slowly than they are due
// builds up a queue, which no threshold sees if the load ends soon.
const keepsPace = 0.99

// arrivedInTime is the share of the messages that were due in the seconds of the measured phase and arrived in them, and what it has
// to be at least, given that some are always under way at the end.
func arrivedInTime(a result.Arm) (share, allowed float64) {
	if a.Delivery.Expected == 0 || a.Sent == 0 {
		return 1, 0
	}
	var due, received, length float64
	for _, p := range a.Series {
		if p.AtNS < 0 || p.Scheduled == 0 {
			continue
		}
		due += float64(p.Scheduled)
		received += float64(p.Received)
		length += float64(p.LengthNS)
	}
	if due == 0 {
		return 1, 0
	}
	copies := float64(a.Delivery.Expected) / float64(a.Sent)
	return received / (due * copies), keepsPace - float64(a.Latency[result.Response].MinNS)/length
}

// verdict of a search is not that of its steps: that some of them miss is what a search is for.
func (s *searching) verdict() (result.Verdict, string) {
	var invalid, failed []string
	for _, f := range s.sweep.Found {
		in := ""
		if s.several {
			in = "arm " + f.Arm + ": "
		}
		value := s.search.Between(s.inFileUnit(f.Number))
		switch {
		case f.Number == 0 && f.Limit == result.LimitGenerator:
			invalid = append(invalid, fmt.Sprintf("%sgenerator-limited: it could not keep up with %s, the lowest value", in, s.search.From))
		case f.Number == 0:
			failed = append(failed, fmt.Sprintf("%s%s, the lowest value, did not hold", in, s.search.From))
		case f.Limit == result.LimitGenerator:
			invalid = append(invalid, fmt.Sprintf("%sgenerator-limited: %s held, and the generator could not keep up with more; the broker may do better", in, value))
		case !f.Confirmed:
			failed = append(failed, fmt.Sprintf("%s%s held for %s, and neither it nor what is a little below did for %s", in, value, s.search.Step, s.scenario.Duration))
		}
	}
	switch {
	case len(invalid) > 0:
		return result.Invalid, strings.Join(append(invalid, failed...), "; ")
	case len(failed) > 0:
		return result.Fail, strings.Join(failed, "; ")
	}
	return result.Pass, ""
}

// inFileUnit turns the number of a step into the unit that the scenario writes.
func (s *searching) inFileUnit(number float64) float64 {
	from, _ := s.search.Range()
	base, _, _ := scenarios.Quantity(s.search.From)
	return number * from / base
}

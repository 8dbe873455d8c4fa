package load

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"mqttrace/load/result"
	"mqttrace/scenarios"
)

// steps are the runs of a sweep or a search: each is a run by itself, with its own connections and, where the harness starts it, its
// own broker, so that nothing of one is left in the next.
type steps struct {
	scenario *scenarios.Scenario
	opts     Options
	sweep    result.Sweep
	began    time.Time
	last     *result.Result // of the latest run
}

func newSteps(sc *scenarios.Scenario, over string, opts Options) *steps {
	return &steps{scenario: sc, opts: opts, sweep: result.Sweep{Over: over, Steps: []result.Step{}}, began: time.Now()}
}

// run runs one step of a scenario and adds it. label says for progress which it is.
func (s *steps) run(ctx context.Context, sc *scenarios.Scenario, value, role, label string) (*run, *result.Step, error) {
	opts := s.opts
	if opts.Progress != nil {
		opts.Progress = func(p Progress) {
			p.Step = label
			s.opts.Progress(p)
		}
	}
	r := newRun(ctx, sc, opts)
	res, err := r.execute(ctx)
	if err != nil {
		return nil, nil, err
	}
	s.last = res
	step := result.Step{Value: value, Role: role, Verdict: res.Verdict, Reason: res.Reason, Arms: withoutSeries(res.Arms), Thresholds: res.Thresholds}
	step.Number, s.sweep.Unit, _ = scenarios.Quantity(value)
	s.sweep.Steps = append(s.sweep.Steps, step)
	return r, &s.sweep.Steps[len(s.sweep.Steps)-1], nil
}

// withoutSeries leaves out what would make a result of many steps long.
func withoutSeries(arms []result.Arm) []result.Arm {
	short := make([]result.Arm, len(arms))
	for i, a := range arms {
		short[i] = a
		short[i].Series, short[i].Slowest = []result.Point{}, []result.Exemplar{}
	}
	return short
}

// result is that of the latest run, with all steps and the scenario that asked for them.
func (s *steps) result(verdict result.Verdict, reason string) (*result.Result, error) {
	scenario, err := json.Marshal(s.scenario)
	if err != nil {
		return nil, fmt.Errorf("write the scenario into the result: %w", err)
	}
	res := *s.last
	res.Scenario, res.Started, res.Verdict, res.Reason, res.Sweep = scenario, s.began.UTC(), verdict, reason, &s.sweep
	return &res, nil
}

// ended is the result of steps that could not go on; the error itself if there is nothing to show for them.
func (s *steps) ended(ctx context.Context, at string, err error) (*result.Result, error) {
	switch {
	case s.last == nil:
		return nil, fmt.Errorf("%s: %w", at, err)
	case ctx.Err() != nil:
		return s.result(result.Interrupted, "interrupted after "+stepCount(len(s.sweep.Steps)))
	}
	return s.result(result.Invalid, fmt.Sprintf("%s could not run: %v", at, err))
}

func stepCount(n int) string {
	if n == 1 {
		return "1 step"
	}
	return fmt.Sprintf("%d steps", n)
}

// sweep runs the scenario once for each value or combination of values.
func sweep(ctx context.Context, sc *scenarios.Scenario, opts Options) (*result.Result, error) {
	s := newSteps(sc, sc.Sweep.Over, opts)
	for _, d := range sc.Sweep.With {
		s.sweep.With = append(s.sweep.With, d.Over)
	}
	settings := sc.Sweep.Settings()
	for i, setting := range settings {
		at, err := sc.Sweep.At(setting)
		if err != nil {
			return nil, err
		}
		label := fmt.Sprintf("%d of %d: %s", i+1, len(settings), setting)
		_, step, err := s.run(ctx, at, setting.Value, result.SweepStep, label)
		if err != nil {
			return s.ended(ctx, setting.String(), err)
		}
		step.With = setting.With
		if _, _, isNumber := scenarios.Quantity(setting.Value); !isNumber {
			step.Number = float64(i%len(sc.Sweep.Values) + 1)
		}
		if s.last.Verdict == result.Interrupted {
			break
		}
	}
	return s.result(s.verdict())
}

// verdict is the worst of the steps'.
func (s *steps) verdict() (result.Verdict, string) {
	worst, reasons := result.Pass, []string{}
	for _, verdict := range []result.Verdict{result.Fail, result.Invalid, result.Interrupted} {
		var at []string
		for _, step := range s.sweep.Steps {
			if step.Verdict == verdict {
				at = append(at, fmt.Sprintf("at %s: %s", step.Setting(), step.Reason))
			}
		}
		if len(at) > 0 {
			worst, reasons = verdict, at
		}
	}
	if worst == result.Interrupted {
		return worst, "interrupted after " + stepCount(len(s.sweep.Steps))
	}
	return worst, strings.Join(reasons, "; ")
}

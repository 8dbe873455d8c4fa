package load

import (
	"context"
	"fmt"
	"slices"

	"google.golang.org/grpc/codes"

	"mqttrace/load/clock"
	"mqttrace/load/otlp"
	"mqttrace/load/result"
	"mqttrace/scenarios"
)

// faultStep is the beginning or the end of a fault.
type faultStep struct {
	at   clock.Instant
	do   func(context.Context) error
	name string
}

// faultSteps are the steps of all faults in the order of their times.
func (r *run) faultSteps() (steps []faultStep) {
	for _, f := range r.scenario.Faults {
		begin, end := r.sinkFault(f)
		at := r.counting().Add(f.At.Std())
		steps = append(steps,
			faultStep{at, begin, fmt.Sprintf("exporter: %s", f.Exporter)},
			faultStep{at.Add(f.For.Std()), end, fmt.Sprintf("end of exporter: %s", f.Exporter)})
	}
	slices.SortStableFunc(steps, func(a, b faultStep) int { return int(a.at - b.at) })
	return steps
}

// sinkFault is what begins and what ends a fault of the sink.
func (r *run) sinkFault(f scenarios.Fault) (begin, end func(context.Context) error) {
	behave := func(b otlp.Behavior) func(context.Context) error {
		return func(context.Context) error { return r.sink.behave(b) }
	}
	switch f.Exporter {
	case scenarios.ExporterSlow:
		return behave(otlp.Behavior{Delay: f.Delay.Std()}), behave(otlp.Behavior{})
	case scenarios.ExporterStall:
		return behave(otlp.Behavior{Stall: true}), behave(otlp.Behavior{})
	case scenarios.ExporterRefuse:
		return behave(otlp.Behavior{Refuse: codes.Unavailable}), behave(otlp.Behavior{})
	case scenarios.ExporterKill:
		return func(context.Context) error { return r.sink.kill() }, r.sink.revive
	}
	panic(fmt.Sprintf("fault %q: a scenario that passed validation has none of that name", f.Exporter))
}

// fault carries out the faults of the scenario, each at its time. Those that have begun end with ctx at the latest.
func (r *run) fault(ctx context.Context) {
	w := newWaiter()
	running := 0
	for i, step := range r.faultSteps() {
		if r.pacer.wait(ctx, w, step.at) != nil && running == 0 {
			return
		}
		running += 1 - 2*(i%2)
		if err := step.do(context.WithoutCancel(ctx)); err != nil {
			r.warn("run", "%s failed: %v", step.name, err)
		}
	}
}

// faults are the scenario's as the result has them.
func (r *run) faults() []result.Fault {
	all := []result.Fault{}
	for _, f := range r.scenario.Faults {
		all = append(all, result.Fault{AtNS: int64(f.At), ForNS: int64(f.For), Name: fmt.Sprintf("exporter: %s", f.Exporter)})
	}
	return all
}

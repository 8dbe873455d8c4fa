package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"mqttrace/cmd/internal/exitcode"
	"mqttrace/load/result"
	"mqttrace/load/turns"
	"mqttrace/reports"
	"mqttrace/scenarios"
)

// setRepeat lays --repeat over the scenarios.
func (flags *runFlags) setRepeat(cmd *cobra.Command, all []*scenarios.Scenario) error {
	if !cmd.Flags().Changed("repeat") {
		return nil
	}
	if flags.repeat < 1 || flags.repeat > scenarios.MaxRuns {
		return usage(cmd, fmt.Errorf("--repeat %d: want 1 to %d runs", flags.repeat, scenarios.MaxRuns))
	}
	for _, sc := range all {
		sc.Repeat = sc.Repeat.Times(flags.repeat)
	}
	return nil
}

// runRepeatedly runs a scenario as often as it asks for and shows what all runs come to. It returns the worst of their codes. A
// run that could not start is the last: the next one could not either.
func (a *app) runRepeatedly(ctx context.Context, sc *scenarios.Scenario, flags runFlags) (worst int) {
	var all []reports.Saved
	for i, repetition := range repetitions(sc.Repeat.Runs, time.Now().UTC()) {
		if i > 0 && !turns.Wait(ctx, sc.Repeat.Pause.Std()) {
			worst = exitcode.Interrupted
			break
		}
		saved, err := a.runOne(ctx, sc, repetition, flags)
		a.complain(err)
		worst = exitcode.Worst(worst, exitcode.Of(err))
		if saved.Result == nil {
			break
		}
		all = append(all, saved)
	}
	if len(all) > 1 && !flags.json {
		fmt.Fprintln(&a.stdout)
		if err := reports.Repeated(&a.stdout, all, a.textOptions()); err != nil {
			a.complain(fmt.Errorf("showing the results together: %w", err))
			worst = exitcode.Worst(worst, exitcode.CannotRun)
		}
	}
	return worst
}

// repetitions are the places of so many runs among each other; a run by itself has none.
func repetitions(runs int, began time.Time) (all []*result.Repetition) {
	if runs == 1 {
		return []*result.Repetition{nil}
	}
	for i := range runs {
		all = append(all, &result.Repetition{Run: i + 1, Of: runs, Began: began})
	}
	return all
}

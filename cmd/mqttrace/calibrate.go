package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"mqttrace/cmd/internal/exitcode"
	"mqttrace/load"
	"mqttrace/load/floor"
	"mqttrace/load/result"
	"mqttrace/reports"
	"mqttrace/scenarios"
)

const calibrateHelp = `Calibrate measures the floor of this machine: the harness against its own broker at rising rates,
nothing traced, until the generator cannot keep up. The floor is kept for this user; later runs show
it beside what they measured, and doubt medians that are within three times of it.

It takes about half a minute, on a machine that should have nothing else to do.`

// calibration is the sweep that finds the floor: the quick start's shape, at the least that a message can be.
const calibration = `name: calibration
broker: embedded
warmup: 1s
duration: 3s
senders:
  - {name: senders, count: 10, total: 100/s, topic: "mqttrace/calibrate/{sender}", payload: {size: 128}}
receivers:
  - {name: receiver, filter: mqttrace/calibrate/+}
sweep:
  over: senders[0].total
  values: [100/s, 300/s, 1000/s, 3000/s, 10000/s, 30000/s]
`

func (a *app) calibrateCommand() *cobra.Command {
	var quiet bool
	var duration string
	cmd := &cobra.Command{
		Use:               "calibrate",
		Short:             "Measure what this machine does at best, to read later runs beside it",
		Long:              calibrateHelp,
		Example:           "mqttrace calibrate",
		Args:              wants("no arguments", cobra.NoArgs),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "show no progress")
	cmd.Flags().StringVar(&duration, "duration", "3s", "count load for this `TIME` at each rate")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		sc, err := scenarios.Decode("calibration", []byte(calibration), scenarios.Set{Origin: "--duration", Path: "duration", Value: duration})
		if err != nil {
			return exitcode.With(exitcode.Usage, err)
		}
		return a.calibrate(cmd.Context(), sc, quiet)
	}
	return cmd
}

// calibrate measures and keeps the floor, and shows it.
func (a *app) calibrate(ctx context.Context, sc *scenarios.Scenario, quiet bool) error {
	path, err := floor.Path()
	if err != nil {
		return exitcode.With(exitcode.CannotRun, err)
	}
	a.finishFirst("interrupted; once more to leave at once")
	progress := a.progress(quiet)
	res, err := a.engine(ctx, sc, load.Options{Version: toolVersion(), Progress: progress.show})
	progress.end()
	switch {
	case err != nil:
		return exitcode.With(exitcode.CannotRun, fmt.Errorf("calibrate: %w", err))
	case res.Verdict == result.Interrupted:
		return exitcode.With(exitcode.Interrupted, fmt.Errorf("calibrate: %s; nothing is kept", res.Reason))
	}
	f, err := floor.Of(res)
	if err != nil {
		return exitcode.With(exitcode.Invalid, fmt.Errorf("calibrate: %w; nothing is kept", err))
	}
	if err := f.Write(path); err != nil {
		return exitcode.With(exitcode.CannotRun, err)
	}
	a.showFloor(f, path)
	return nil
}

func (a *app) showFloor(f *floor.Floor, path string) {
	fmt.Fprintf(&a.stdout, "%-9s  %12s  %12s  %16s  %8s\n", "floor", "response p50", "response p99", "schedule_lag p99", "CPU/msg")
	for _, p := range f.Points {
		fmt.Fprintf(&a.stdout, "%-9s  %12s  %12s  %16s  %8s\n", reports.Rate(p.RatePerS), reports.Duration(time.Duration(p.ResponseP50NS)),
			reports.Duration(time.Duration(p.ResponseP99NS)), reports.Duration(time.Duration(p.ScheduleLagP99NS)), reports.Duration(time.Duration(p.CPUNSPerMessage)))
	}
	fmt.Fprintf(&a.stdout, "\nkept in %s\n", path)
}

// floor is the one that this user has for this machine. A run goes on without one, and says why where that is a mistake.
func (a *app) floor() *floor.Floor {
	path, err := floor.Path()
	if err != nil {
		return nil // there is no home, and nothing was ever kept
	}
	f, err := floor.Read(path)
	a.complain(err)
	return f
}

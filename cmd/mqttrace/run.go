package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"mqttrace/cmd/internal/exitcode"
	"mqttrace/load"
	"mqttrace/load/result"
	"mqttrace/reports"
	"mqttrace/scenarios"
)

const runHelp = `Run runs scenarios one after another and prints what each comes to. Every result is kept as a
JSON file in the folder --out. All files are checked before the first run starts.

The first Ctrl-C ends the load, waits for messages under way and keeps what was measured; the
second leaves at once. The exit code is the worst of all runs: 0 pass, 1 could not run, 2 bad
usage or scenario, 3 threshold missed or delivery promise broken, 4 run invalid, 130 interrupted.`

// runFlags are the flags of run that say what becomes of a result.
type runFlags struct {
	out         string
	json, quiet bool
	traceURL    traceURL
}

func (a *app) runCommand() *cobra.Command {
	var (
		in    input
		flags runFlags
	)
	cmd := &cobra.Command{
		Use:     "run FILE...",
		Short:   "Run scenarios and show what they measured",
		Long:    runHelp,
		Example: "mqttrace run scenarios/quickstart.yaml",
	}
	in.register(cmd)
	f := cmd.Flags()
	f.StringVarP(&flags.out, "out", "o", "results", "keep result files in `FOLDER`, made if it is missing")
	f.BoolVar(&flags.json, "json", false, "print each result as JSON instead of the summary")
	f.BoolVarP(&flags.quiet, "quiet", "q", false, "show no progress")
	f.Var(&flags.traceURL, "trace-url", "show the traces of the slowest messages at this `URL`, with {trace_id} where the id goes")
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		all, err := in.read(cmd, files, nil)
		if err != nil {
			return err
		}
		if err := checkFolder(flags.out); err != nil {
			return exitcode.With(exitcode.CannotRun, err)
		}
		return a.runAll(cmd.Context(), all, flags)
	}
	return cmd
}

// runAll runs every scenario, those after one that failed too, but none after an interrupt.
func (a *app) runAll(ctx context.Context, all []*scenarios.Scenario, flags runFlags) error {
	a.finishFirst("interrupted: waiting for messages under way; once more to leave at once")
	worst := exitcode.Pass
	for i, sc := range all {
		if ctx.Err() != nil {
			return exitcode.Silent(exitcode.Interrupted)
		}
		if i > 0 && !flags.json {
			fmt.Fprintln(&a.stdout)
		}
		err := a.runOne(ctx, sc, flags)
		a.complain(err)
		worst = exitcode.Worst(worst, exitcode.Of(err))
	}
	return exitcode.Silent(worst)
}

// runOne runs a scenario, keeps its result and shows it. The result is kept first: showing it may fail too.
func (a *app) runOne(ctx context.Context, sc *scenarios.Scenario, flags runFlags) error {
	progress := a.progress(flags.quiet)
	meters, err := startMeters(ctx, sc.Name, toolVersion(), a.getenv)
	if err != nil {
		return exitcode.With(exitcode.CannotRun, err)
	}
	res, err := a.engine(ctx, sc, load.Options{Version: toolVersion(), TraceURL: flags.traceURL.String(), Floor: a.floor(), Progress: func(p load.Progress) {
		progress.show(p)
		meters.show(p)
	}})
	progress.end()
	a.complain(meters.end(res))
	switch {
	case err != nil && ctx.Err() != nil:
		return exitcode.With(exitcode.Interrupted, fmt.Errorf("%s: interrupted before anything was measured", sc.Name))
	case err != nil:
		return exitcode.With(exitcode.CannotRun, fmt.Errorf("%s: %w", sc.Name, err))
	}
	path, lost := a.keep(flags.out, sc.Name, res)
	if err := a.show(res, path, flags.json); err != nil {
		return exitcode.With(exitcode.CannotRun, fmt.Errorf("showing the result: %w", err))
	}
	if lost != nil {
		return exitcode.With(exitcode.CannotRun, lost)
	}
	return exitcode.Silent(exitcode.OfVerdict(res.Verdict))
}

// show prints a result for the one who asked for it.
func (a *app) show(res *result.Result, path string, isJSON bool) error {
	if isJSON {
		return result.Encode(&a.stdout, res)
	}
	return reports.Text(&a.stdout, []reports.Saved{{Result: res, Path: path}}, reports.TextOptions{Color: a.colorful()})
}

// colorful says whether stdout shows colours and nobody objects (no-color.org).
func (a *app) colorful() bool {
	return isTerminal(a.world.stdout) && a.getenv("NO_COLOR") == "" && a.getenv("TERM") != "dumb"
}

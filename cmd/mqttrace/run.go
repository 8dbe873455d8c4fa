package main

import (
	"context"
	"errors"
	"fmt"
	"net"

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
	formats     []reports.Format // of the reports to write beside a result
	repeat      int              // 0: as often as the scenario says
	address     uiAddress        // of the page that shows the run while it goes on; empty for none
	page        *ui              // nil for none
	metrics     string           // host:port that serves the run's metrics; empty for none
	aio         *load.AIO        // the broker of the environment; nil if no scenario wants it
	messages    *messagesFile    // never nil
	sharding    *load.Sharding   // nil if this process does all of each run
}

func (a *app) runCommand() *cobra.Command {
	var (
		in       input
		flags    = runFlags{messages: new(messagesFile)}
		names    []string // of formats
		profiles profiles
		shards   shardFlags
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
	f.IntVar(&flags.repeat, "repeat", 0, "run each scenario this `NUMBER` of times; instead of the scenario's repeat")
	f.StringSliceVar(&names, "report", nil, "write reports in these `FORMATS` beside each result, such as html,markdown")
	_ = cmd.RegisterFlagCompletionFunc("report", cobra.FixedCompletions(reports.Formats.Names(), cobra.ShellCompDirectiveNoFileComp))
	f.Var(&flags.traceURL, "trace-url", "show the traces of the slowest messages at this `URL`, with {trace_id} where the id goes")
	profiles.register(f)
	shards.register(f)
	f.Var(&flags.address, "ui", "show the run on a page while it goes on, at this `ADDRESS` of this machine; any free port if none is given")
	f.Lookup("ui").NoOptDefVal = anyPort
	f.StringVar(&flags.metrics, "metrics", "", "serve the run's metrics to Prometheus while it goes on, under /metrics at this `ADDRESS`, such as :9464")
	flags.messages.register(f)
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		all, err := in.read(cmd, files, nil)
		problems := []error{flags.setRepeat(cmd, all), flags.setFormats(cmd, names, all), flags.checkMetrics(cmd), profiles.check(cmd), flags.messages.check(cmd, all), err}
		flags.sharding, err = shards.sharding(f, all, a.getenv)
		if err := errors.Join(append(problems, err)...); err != nil {
			return err
		}
		if flags.aio, err = a.aio(all); err != nil {
			return err
		}
		if err := checkFolder(flags.out); err != nil {
			return exitcode.With(exitcode.CannotRun, err)
		}
		if err := flags.messages.open(); err != nil {
			return err
		}
		defer func() { a.complain(flags.messages.close(false)) }()
		stop, err := profiles.start()
		if err != nil {
			return exitcode.With(exitcode.CannotRun, err)
		}
		err = a.runAll(cmd.Context(), all, flags)
		a.complain(stop())
		return err
	}
	return cmd
}

// checkMetrics refuses what is no address.
func (f runFlags) checkMetrics(cmd *cobra.Command) error {
	if f.metrics == "" {
		return nil
	}
	if _, _, err := net.SplitHostPort(f.metrics); err != nil {
		return usage(cmd, fmt.Errorf("--metrics wants host:port such as :9464: %w", err))
	}
	return nil
}

// runAll runs every scenario, those after one that failed too, but none after an interrupt.
func (a *app) runAll(ctx context.Context, all []*scenarios.Scenario, flags runFlags) error {
	page, err := a.startUI(flags.address)
	if err != nil {
		return exitcode.With(exitcode.CannotRun, err)
	}
	defer func() { a.complain(page.close()) }()
	flags.page = page
	a.finishFirst("interrupted: waiting for messages under way; once more to leave at once")
	worst := exitcode.Pass
	for i, sc := range all {
		if ctx.Err() != nil {
			return exitcode.Silent(exitcode.Interrupted)
		}
		if i > 0 && !flags.json {
			fmt.Fprintln(&a.stdout)
		}
		worst = exitcode.Worst(worst, a.runRepeatedly(ctx, sc, flags))
	}
	return exitcode.Silent(worst)
}

// runOne runs a scenario, as one of several times if repetition is not nil, keeps its result and shows it. The result is kept
// first: showing it may fail too. Nothing is saved where nothing was measured.
func (a *app) runOne(ctx context.Context, sc *scenarios.Scenario, repetition *result.Repetition, flags runFlags) (saved reports.Saved, err error) {
	progress := a.progress(flags.quiet)
	meters, err := startMeters(ctx, sc.Name, toolVersion(), flags.metrics, a.getenv)
	if err != nil {
		return saved, exitcode.With(exitcode.CannotRun, err)
	}
	meters.ofShard(flags.shard())
	flags.page.begin(sc)
	d, err := a.drive(ctx, sc, load.Options{
		Version: toolVersion(), TraceURL: flags.traceURL.String(), Floor: a.floor(), AIO: flags.aio, Partial: flags.page.partial(),
		Messages: flags.messages.writer(),
		Progress: func(p load.Progress) {
			progress.show(p)
			meters.show(p)
		},
	}, flags)
	progress.end()
	a.complain(meters.end(d.own))
	incomplete := flags.messages.close(d.own != nil)
	switch interrupted := interruption(ctx, err); {
	case interrupted != "":
		return saved, exitcode.With(exitcode.Interrupted, fmt.Errorf("%s: %s before anything was measured", sc.Name, interrupted))
	case err != nil:
		return saved, exitcode.With(exitcode.CannotRun, fmt.Errorf("%s: %w", sc.Name, err))
	}
	res := d.shown
	res.Repetition = repetition
	if d.kept == nil {
		path, lost := a.keep(flags.out, d.called, res)
		d.kept = &kept{path, lost}
	}
	saved = reports.Saved{Result: res, Path: d.kept.path}
	unwritten := writeReports(&saved, flags.formats)
	flags.page.end(saved)
	if err := a.show(saved, flags.json); err != nil {
		return saved, exitcode.With(exitcode.CannotRun, fmt.Errorf("showing the result: %w", err))
	}
	if err := errors.Join(d.kept.lost, unwritten, incomplete); err != nil {
		return saved, exitcode.With(exitcode.CannotRun, err)
	}
	return saved, exitcode.Silent(exitcode.OfVerdict(res.Verdict))
}

// show prints a result for the one who asked for it: in brief if it is one of several.
func (a *app) show(s reports.Saved, isJSON bool) error {
	switch {
	case isJSON:
		return result.Encode(&a.stdout, s.Result)
	case s.Repetition != nil:
		return reports.Brief(&a.stdout, s, a.textOptions())
	default:
		return reports.Text(&a.stdout, []reports.Saved{s}, a.textOptions())
	}
}

func (a *app) textOptions() reports.TextOptions { return reports.TextOptions{Color: a.colorful()} }

// colorful says whether stdout shows colours and nobody objects (no-color.org).
func (a *app) colorful() bool {
	return isTerminal(a.world.stdout) && a.getenv("NO_COLOR") == "" && a.getenv("TERM") != "dumb"
}

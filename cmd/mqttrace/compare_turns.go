package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/kballard/go-shellquote"
	"github.com/spf13/pflag"

	"mqttrace/cmd/internal/exitcode"
	"mqttrace/load/turns"
	"mqttrace/reports"
	"mqttrace/reports/compare"
	"mqttrace/scenarios"
)

// turnFlags are the flags of compare that run commands in turns.
type turnFlags struct {
	scenario      string
	base, changed string // command lines
	runs          int
	pause         time.Duration
	seed          uint64
	results       string
	quiet         bool

	commands [2][]string // program and flags of either side
}

// mostTurns bounds the runs of a side.
const mostTurns = scenarios.MaxRuns

func (flags *turnFlags) register(f *pflag.FlagSet) {
	f.StringVar(&flags.scenario, "run", "", "run this `SCENARIO` under --base and --new in turns, and compare the results")
	f.StringVar(&flags.base, "base", "", "with --run: the base's `COMMAND`, such as './mqttrace-old --broker mosquitto'")
	f.StringVar(&flags.changed, "new", "", "with --run: the `COMMAND` to compare with it; flags alone are for this program")
	f.IntVar(&flags.runs, "runs", 10, "with --run: this `NUMBER` of runs of either side")
	f.DurationVar(&flags.pause, "pause", time.Second, "with --run: pause for this `TIME` between two runs")
	f.Uint64Var(&flags.seed, "seed", 1, "with --run: `NUMBER` that fixes the order of the turns, which is balanced in any case")
	f.StringVar(&flags.results, "results", "", "with --run: keep the results in `FOLDER`/base and FOLDER/new (default results/compare-NAME-TIME)")
	f.BoolVarP(&flags.quiet, "quiet", "q", false, "with --run: show no progress")
}

func (flags *turnFlags) isAsked() bool { return flags.scenario != "" }

// takeFolder takes -o for a folder if it has no extension: results need one.
func (flags *turnFlags) takeFolder(out *string) {
	if flags.isAsked() && *out != "" && *out != stdin && filepath.Ext(*out) == "" && flags.results == "" {
		flags.results, *out = *out, ""
	}
}

// check finds everything that is wrong with the flags and splits the command lines.
func (flags *turnFlags) check(set *pflag.FlagSet) error {
	if !flags.isAsked() {
		return flags.checkUnused(set)
	}
	var problems []error
	for side, line := range [2]string{flags.base, flags.changed} {
		words, err := commandWords(line)
		if err != nil {
			problems = append(problems, fmt.Errorf("--%s %q: %w", turns.Side(side), line, err))
		}
		flags.commands[side] = words
	}
	if flags.runs < 1 || flags.runs > mostTurns {
		problems = append(problems, fmt.Errorf("--runs %d: want 1 to %d", flags.runs, mostTurns))
	}
	if flags.pause < 0 {
		problems = append(problems, fmt.Errorf("--pause %s: want 0s or more", flags.pause))
	}
	if _, err := os.Stat(flags.scenario); err != nil {
		problems = append(problems, fmt.Errorf("--run %s: %w", flags.scenario, bare(err)))
	}
	if flags.results == "" {
		name := strings.TrimSuffix(filepath.Base(flags.scenario), filepath.Ext(flags.scenario))
		flags.results = filepath.Join("results", "compare-"+name+"-"+stamp(time.Now()))
	}
	for _, side := range []turns.Side{turns.Base, turns.New} {
		if files, _ := filepath.Glob(filepath.Join(escapeGlob(flags.folder(side)), "*.json")); len(files) > 0 {
			problems = append(problems, fmt.Errorf("--results %s: there are results in it already, which would be compared too", flags.results))
			break
		}
	}
	return errors.Join(problems...)
}

// checkUnused finds flags that say nothing without --run.
func (flags *turnFlags) checkUnused(set *pflag.FlagSet) error {
	var problems []error
	for _, name := range []string{"base", "new", "runs", "pause", "seed", "results", "quiet"} {
		if set.Changed(name) {
			problems = append(problems, fmt.Errorf("--%s is of no use without --run", name))
		}
	}
	return errors.Join(problems...)
}

// commandWords splits a command line as a shell does. Flags alone are this program's.
func commandWords(line string) ([]string, error) {
	words, err := shellquote.Split(line)
	switch {
	case err != nil:
		return nil, err
	case len(words) == 0:
		return nil, errors.New("want a program and flags of run, such as './mqttrace-old --broker mosquitto'")
	case !strings.HasPrefix(words[0], "-"):
		return words, nil
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	return append([]string{self}, words...), nil
}

func (flags *turnFlags) folder(side turns.Side) string {
	return filepath.Join(flags.results, side.String())
}

// command is that of a turn.
func (flags *turnFlags) command(side turns.Side) []string {
	words := flags.commands[side]
	return slices.Concat(words[:1], []string{"run", flags.scenario}, words[1:], []string{"--quiet", "--out", flags.folder(side)})
}

// line is a side's command line as it was given.
func (flags *turnFlags) line(side turns.Side) string {
	return [2]string{flags.base, flags.changed}[side]
}

// compareTurns runs both command lines in turns and compares what they measured.
func (a *app) compareTurns(ctx context.Context, flags compareFlags) error {
	if err := flags.turns.tryCommands(ctx); err != nil {
		return exitcode.With(exitcode.Usage, err)
	}
	if err := flags.checkFolders(); err != nil {
		return exitcode.With(exitcode.CannotRun, err)
	}
	a.finishFirst("interrupted: waiting for the turn under way; once more to leave at once")
	log := &turnLog{app: a, flags: &flags.turns, began: time.Now()}
	done := turns.Run(ctx, turns.Plan{
		Command: flags.turns.command, Order: turns.Order(flags.turns.runs, flags.turns.seed), Pause: flags.turns.pause,
		Began: log.begins, Ended: log.ended,
	})
	return a.concludeTurns(ctx, done, log, flags)
}

// checkFolders makes sure that the page and the results can be kept, before anything is measured.
func (flags *compareFlags) checkFolders() error {
	folders := []string{flags.turns.folder(turns.Base), flags.turns.folder(turns.New)}
	if flags.out != "" && flags.out != stdin {
		folders = append([]string{filepath.Dir(flags.out)}, folders...)
	}
	for _, folder := range folders {
		if err := checkFolder(folder); err != nil {
			return err
		}
	}
	return nil
}

// tryCommands makes sure that both programs are there and are mqttrace, before anything is measured.
func (flags *turnFlags) tryCommands(ctx context.Context) error {
	var problems []error
	for _, side := range []turns.Side{turns.Base, turns.New} {
		answer, err := turns.Version(ctx, flags.commands[side][0])
		switch {
		case err != nil:
			problems = append(problems, fmt.Errorf("--%s: %w", side, err))
		case !strings.HasPrefix(answer, "mqttrace "):
			problems = append(problems, fmt.Errorf("--%s: %s is not mqttrace: asked for its version it says %.40q", side, flags.commands[side][0], answer))
		}
	}
	return errors.Join(problems...)
}

// turnLog says how far the turns have come and keeps what went wrong.
type turnLog struct {
	*app
	flags  *turnFlags
	began  time.Time
	notes  []string
	failed [2]int
	ran    [2]int // turns that did not fail
}

// mostFailures is how many turns of a side may fail before it is given up.
const mostFailures = 3

// begins says which turn it is and how long all others will take, going by those before it.
func (l *turnLog) begins(t turns.Turn) {
	if l.flags.quiet {
		return
	}
	left := ""
	if before := t.Number - 1; before > 0 {
		each := time.Since(l.began) / time.Duration(before)
		left = "  about " + seconds(each*time.Duration(t.Of-before)) + " left"
	}
	l.say(fmt.Sprintf("turn %d of %d  %-4s%s", t.Number, t.Of, t.Side, left))
}

// ended looks at what became of a turn, and reports whether there is any use in the next one.
func (l *turnLog) ended(t turns.Turn) (goOn bool) {
	reason := failure(t)
	if reason == "" {
		l.ran[t.Side]++
		return true
	}
	l.failed[t.Side]++
	l.notes = append(l.notes, fmt.Sprintf("turn %d of %d (%s) failed: %s", t.Number, t.Of, t.Side, reason))
	fmt.Fprintf(&l.stderr, "turn %d of %d (%s) failed: %s\n", t.Number, t.Of, t.Side, reason)
	for _, line := range t.Log {
		fmt.Fprintf(&l.stderr, "  %s\n", reports.Legible(line))
	}
	return l.ran[t.Side] > 0 && l.failed[t.Side] < mostFailures
}

// failure says why a turn has no result; empty if it has one.
func failure(t turns.Turn) string {
	switch {
	case t.Err != nil:
		return t.Err.Error()
	case slices.Contains([]int{exitcode.Pass, exitcode.Missed, exitcode.Invalid}, t.Code):
		return ""
	default:
		return fmt.Sprintf("exited with status %d", t.Code)
	}
}

// concludeTurns compares the results of the turns that ended. A turn that failed is no regression, and no success either.
func (a *app) concludeTurns(ctx context.Context, done []turns.Turn, log *turnLog, flags compareFlags) error {
	if log.ran[turns.Base] == 0 || log.ran[turns.New] == 0 {
		code := exitcode.CannotRun
		if ctx.Err() != nil {
			code = exitcode.Interrupted
		}
		return exitcode.With(code, fmt.Errorf("nothing to compare: %d turns of base and %d of new have a result", log.ran[turns.Base], log.ran[turns.New]))
	}
	if ctx.Err() != nil {
		log.notes = append(log.notes, fmt.Sprintf("interrupted after %d of %d turns", len(done), 2*flags.turns.runs))
	}
	flags.options = flags.turns.options(flags.options, log.notes)
	base, changed, err := flags.turns.read()
	if err != nil {
		return exitcode.With(exitcode.CannotRun, err)
	}
	c, err := compare.New(base, changed, flags.options)
	if err != nil {
		return exitcode.With(codeOfRefusal(err), err)
	}
	err = a.conclude(c, flags)
	if !flags.turns.quiet {
		fmt.Fprintf(&a.stderr, "results in %s and %s\n", flags.turns.folder(turns.Base), flags.turns.folder(turns.New))
	}
	switch {
	case ctx.Err() != nil:
		return errors.Join(exitcode.Silent(exitcode.Interrupted), err)
	case err == nil && len(log.notes) > 0:
		return exitcode.Silent(exitcode.CannotRun)
	}
	return err
}

// options allow what the commands make differ on purpose: the scenario's file and the machine are the same. It is told all the same.
func (flags *turnFlags) options(o compare.Options, notes []string) compare.Options {
	if !slices.Equal(flags.commands[turns.Base], flags.commands[turns.New]) {
		o.Allow = append(o.Allow, compare.Scenario, compare.Broker)
	}
	o.BaseCommand, o.NewCommand = flags.line(turns.Base), flags.line(turns.New)
	o.Notes = append(o.Notes, notes...)
	return o
}

// read reads the results of both sides.
func (flags *turnFlags) read() (base, changed []reports.Saved, err error) {
	base, err = resultsAt(flags.folder(turns.Base))
	if err != nil {
		return nil, nil, err
	}
	changed, err = resultsAt(flags.folder(turns.New))
	return base, changed, err
}

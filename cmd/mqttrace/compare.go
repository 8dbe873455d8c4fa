package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mqttrace/cmd/internal/exitcode"
	"mqttrace/reports/compare"
)

const compareHelp = `Compare says whether runs differ: regressed, improved, same or inconclusive, of every figure and of
the whole. Each side is a result file or a folder with results; several go on either side of --.
With --run it runs a scenario itself, under two command lines that take turns: two builds, two
brokers, two settings. Each is a program and flags of run; flags alone are for this program.

A figure is regressed if the rank test finds it worse at 5 % (after Holm's correction for all
figures tested), by more than the noise floor, and by as much as matters: latencies 5 % (p99 10 %,
p99.9 15 %, max 25 %), rates 1 %, CPU 5 %, allocations 2 %, bytes of a PUBLISH 1 %, memory 10 %. It
is the same if its whole 95 % interval is within that. Else it is inconclusive, and says about how
many more runs would tell. Broken promises of delivery count however few runs there are.

--gate says what matters instead, as 'response.p99 +10%', 'transit.p50 +2ms', 'rate_per_s -5%', for
figures as thresholds name them; figures without a gate then decide nothing.

Runs must be of the same scenario (apart from name, description, repeat, thresholds), broker,
machine and number of shards, unless --allow says otherwise; invalid runs and those of one shard
alone are left out. Ctrl-C ends --run after the turn under way and compares what there is.

Exit codes: 0 no regression (inconclusive too), 1 nothing to compare or a turn failed, 2 bad usage
or results, 3 regressed, 130 interrupted.`

// compareFlags are the flags of compare.
type compareFlags struct {
	gates, arms, allow []string
	scenario           string // of results in folders that have several
	formatName, out    string
	turns              turnFlags

	options compare.Options // that they come to
	format  compare.Format
}

func (a *app) compareCommand() *cobra.Command {
	var flags compareFlags
	cmd := &cobra.Command{
		Use:                   "compare BASE NEW | BASE... -- NEW... | --run SCENARIO --base COMMAND --new COMMAND",
		DisableFlagsInUseLine: true,
		Short:                 "Say whether runs differ, with statistics",
		Long:                  compareHelp,
		Example:               "mqttrace compare --run scenarios/quickstart.yaml --base '--set tracing.arm=off' --new '--set tracing.arm=record' --runs 5",
	}
	f := cmd.Flags()
	f.StringArrayVar(&flags.gates, "gate", nil, "decide by a figure and how much worse it may get: `'FIGURE +10%'`; may be repeated")
	f.StringSliceVar(&flags.arms, "arm", nil, "compare these `ARMS` alone")
	f.StringSliceVar(&flags.allow, "allow", nil, "compare runs that are unlike in these `KINDS`: "+listing(compare.Kinds))
	f.StringVar(&flags.scenario, "scenario", "", "take the results of the scenario of this `NAME` from folders that have several")
	f.StringVar(&flags.formatName, "format", "", "write this `FORMAT`: "+oneOf(compare.Formats.Names())+"; if not given that of FILE's name, or text")
	f.StringVarP(&flags.out, "out", "o", "", "write to `FILE` instead of stdout; with --run, a name without extension is that of --results")
	flags.turns.register(f)
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(compare.Formats.Names(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("allow", cobra.FixedCompletions(words(compare.Kinds), cobra.ShellCompDirectiveNoFileComp))
	cmd.ValidArgsFunction = cobra.FixedCompletions([]string{"json"}, cobra.ShellCompDirectiveFilterFileExt)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		flags.turns.takeFolder(&flags.out)
		sides, err := sidesOf(cmd, args, flags.turns.isAsked())
		if err := errors.Join(flags.check(), flags.turns.check(cmd.Flags()), err); err != nil {
			return usage(cmd, err)
		}
		if flags.turns.isAsked() {
			return a.compareTurns(cmd.Context(), flags)
		}
		return a.compareResults(sides, flags)
	}
	return cmd
}

// check finds everything that is wrong with the flags and turns them into options.
func (flags *compareFlags) check() error {
	var problems []error
	gates, err := compare.ParseGates(flags.gates)
	problems = append(problems, err)
	flags.options = compare.Options{Gates: gates, Arms: flags.arms}
	for _, word := range flags.allow {
		if !slices.Contains(words(compare.Kinds), word) {
			problems = append(problems, fmt.Errorf("--allow %s: want %s%s", word, listing(compare.Kinds), didYouMean("", closeTo(words(compare.Kinds), word))))
		}
		flags.options.Allow = append(flags.options.Allow, compare.Kind(word))
	}
	return errors.Join(append(problems, flags.choose())...)
}

// choose finds the format, and makes sure that the file may be written.
func (flags *compareFlags) choose() (err error) {
	flags.format, err = chooseFormat(compare.Formats, flags.formatName, flags.out)
	if err != nil || flags.out == "" || flags.out == stdin {
		return err
	}
	return mayReplace(flags.out, flags.format.Name, flags.format.Wrote)
}

// listing is what may be chosen, separated by commas.
func listing[T ~string](all []T) string { return strings.Join(words(all), ", ") }

func words[T ~string](all []T) (words []string) {
	for _, w := range all {
		words = append(words, string(w))
	}
	return words
}

// compareResults compares what files hold.
func (a *app) compareResults(sides [2][]string, flags compareFlags) error {
	base, changed, err := readSides(sides, flags.scenario)
	if err != nil {
		return exitcode.With(exitcode.Usage, err)
	}
	c, err := compare.New(base, changed, flags.options)
	if err != nil {
		return exitcode.With(codeOfRefusal(err), err)
	}
	return a.conclude(c, flags)
}

// codeOfRefusal tells input that ought to be different from runs that say nothing.
func codeOfRefusal(err error) int {
	var unlike *compare.UnlikeError
	var gates *compare.GateError
	if errors.As(err, &unlike) || errors.As(err, &gates) {
		return exitcode.Usage
	}
	return exitcode.CannotRun
}

// conclude shows a comparison and exits by its verdict.
func (a *app) conclude(c *compare.Comparison, flags compareFlags) error {
	if err := a.showComparison(c, flags); err != nil {
		return exitcode.With(exitcode.CannotRun, fmt.Errorf("showing the comparison: %w", err))
	}
	if c.Verdict == compare.Regressed {
		return exitcode.Silent(exitcode.Missed)
	}
	return nil
}

// showComparison writes it where it is wanted. The verdict is said on stderr where nobody would see it otherwise.
func (a *app) showComparison(c *compare.Comparison, flags compareFlags) error {
	isOnStdout := flags.out == "" || flags.out == stdin
	if !isOnStdout || flags.format.Name != "text" {
		fmt.Fprintf(&a.stderr, "%s  %s\n", strings.ToUpper(string(c.Verdict)), c.Reason)
	}
	if isOnStdout {
		return flags.format.Write(&a.stdout, c, compare.TextOptions{Color: a.colorful()})
	}
	var page bytes.Buffer
	if err := flags.format.Write(&page, c, compare.TextOptions{}); err != nil {
		return err
	}
	return reportFile{flags.out, page.Bytes()}.write()
}

// stamp is a point in time as names of files have it.
func stamp(at time.Time) string { return at.UTC().Format("20060102T150405Z") }

package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"mqttrace/cmd/internal/exitcode"
	"mqttrace/load"
	"mqttrace/load/result"
	"mqttrace/reports"
)

const mergeHelp = `Merge makes one result of those of all shards of a run, which run --shard wrote, and prints what
the whole comes to: histograms and counts add up exactly, the delivery ledger is settled over all
shards, and thresholds are judged anew. It needs no broker. A dash is a result on standard input.

The result is kept in --out: a file whose name ends in .json, or else a folder, where it is named
as those of run are. No file is replaced.

Results that cannot be read or do not belong together are all named, nothing is written, and the
exit code is 2. Shards that are missing are such a mistake, unless --partial makes the best of
those that are there: the run is then invalid. Otherwise the exit code is that of the whole:
0 pass, 3 threshold missed or delivery promise broken, 4 run invalid, 130 interrupted.`

// mergeFlags are the flags of merge.
type mergeFlags struct {
	out           string
	json, partial bool
	formats       []reports.Format
}

func (a *app) mergeCommand() *cobra.Command {
	var (
		flags mergeFlags
		names []string // of formats
	)
	cmd := &cobra.Command{
		Use:     "merge RESULT...",
		Short:   "Make one result of those of a run's shards",
		Long:    mergeHelp,
		Example: "mqttrace merge results/*-shard*of3-*.json",
		Args:    wants("at least one result file, or - for standard input", cobra.MinimumNArgs(1)),
	}
	f := cmd.Flags()
	f.StringVarP(&flags.out, "out", "o", "results", "keep the merged result in `FILE`, or in a folder")
	f.BoolVar(&flags.json, "json", false, "print the merged result as JSON instead of the summary")
	f.BoolVar(&flags.partial, "partial", false, "merge although shards are missing")
	f.StringSliceVar(&names, "report", nil, "write reports in these `FORMATS` beside the result, such as html,markdown")
	_ = cmd.RegisterFlagCompletionFunc("report", cobra.FixedCompletions(reports.Formats.Names(), cobra.ShellCompDirectiveNoFileComp))
	cmd.ValidArgsFunction = cobra.FixedCompletions([]string{"json"}, cobra.ShellCompDirectiveFilterFileExt)
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		if err := flags.check(names, files); err != nil {
			return usage(cmd, err)
		}
		all, err := a.readResults(cmd.InOrStdin(), files)
		if err != nil {
			return exitcode.With(exitcode.Usage, err)
		}
		return a.merge(all, flags)
	}
	return cmd
}

// check finds what is wrong with how the verb was called, all of it, and which formats it means.
func (flags *mergeFlags) check(names, files []string) error {
	var problems []error
	formats, err := reportFormats(names, nil)
	flags.formats, problems = formats, append(problems, err)
	if flags.out == "" || flags.out == stdin {
		problems = append(problems, fmt.Errorf("--out %q: want a file or a folder; --json prints the result", flags.out))
	}
	if n := slices.Index(files, stdin); n >= 0 && slices.Contains(files[n+1:], stdin) {
		problems = append(problems, errors.New("standard input can be read once"))
	}
	return errors.Join(problems...)
}

// merge merges results, keeps what comes of it and shows it.
func (a *app) merge(all []reports.Saved, flags mergeFlags) error {
	shards, names := make([]*result.Result, len(all)), make([]string, len(all))
	for i, s := range all {
		shards[i], names[i] = s.Result, s.Path
	}
	whole, err := load.Merge(shards, flags.partial, names...)
	if err != nil {
		return exitcode.With(exitcode.Usage, err)
	}
	saved := reports.Saved{Result: whole}
	var lost error
	saved.Path, lost = a.keepMerged(flags.out, saved)
	unwritten := writeReports(&saved, flags.formats)
	if err := a.show(saved, flags.json); err != nil {
		return exitcode.With(exitcode.CannotRun, fmt.Errorf("showing the result: %w", err))
	}
	if err := errors.Join(lost, unwritten); err != nil {
		return exitcode.With(exitcode.CannotRun, err)
	}
	return exitcode.Silent(exitcode.OfVerdict(whole.Verdict))
}

// keepMerged writes a result to a file, or into a folder, and returns where it is.
func (a *app) keepMerged(out string, whole reports.Saved) (path string, err error) {
	if filepath.Ext(out) != ".json" || isFolder(out) {
		if err := checkFolder(out); err != nil {
			return "", err
		}
		return a.keep(out, scenarioOf(whole), whole.Result)
	}
	if err := checkFolder(filepath.Dir(out)); err != nil {
		return "", err
	}
	return result.Write(out, whole.Result)
}

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mqttrace/cmd/internal/exitcode"
	"mqttrace/load/result"
	"mqttrace/reports"
)

const reportHelp = `Report shows results that are there already in other formats: for people, for CI servers, for
spreadsheets and for other programs. A dash is a result on standard input.

Formats:
%s
Several results make one report, or one each if --out is a folder; hgrm shows one result alone.
Without --format the name of FILE tells it. A file that is there is replaced if it is a report of
the same format, and nothing else is.

A result file is JSON itself, with everything: histograms, every second of the run. The format json
is a summary of it that stays the same from version to version, with figures by the names of
thresholds.

Results that cannot be read are all named, nothing is written, and the exit code is 2. Otherwise it
is 0, whatever the verdicts. Reports among the results are named and left out.`

// reportFlags are the flags of report.
type reportFlags struct {
	format, out string
	percentiles reports.PercentileOptions
}

func (a *app) reportCommand() *cobra.Command {
	var flags reportFlags
	cmd := &cobra.Command{
		Use:     "report RESULT...",
		Short:   "Show results in other formats",
		Long:    fmt.Sprintf(reportHelp, listOfFormats()),
		Example: "mqttrace report results/*.json --format markdown",
		Args:    wants("at least one result file, or - for standard input", cobra.MinimumNArgs(1)),
	}
	f := cmd.Flags()
	f.StringVar(&flags.format, "format", "", "write this `FORMAT`, one of those above")
	f.StringVarP(&flags.out, "out", "o", "", "write to `FILE`, or a file for each result to a folder, instead of stdout")
	f.StringVar(&flags.percentiles.Latency, "latency", result.Response, "show this `LATENCY` as hgrm")
	f.StringVar(&flags.percentiles.Arm, "arm", "", "show this `ARM` as hgrm, where there are several")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(reports.Formats.Names(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("latency", cobra.FixedCompletions(result.LatencyNames, cobra.ShellCompDirectiveNoFileComp))
	cmd.ValidArgsFunction = cobra.FixedCompletions([]string{"json"}, cobra.ShellCompDirectiveFilterFileExt)
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		format, err := flags.check(cmd, files)
		if err != nil {
			return usage(cmd, err)
		}
		all, err := a.readResults(cmd.InOrStdin(), files)
		if err != nil {
			return exitcode.With(exitcode.Usage, err)
		}
		return a.report(all, format, flags)
	}
	return cmd
}

// listOfFormats has a line for each format.
func listOfFormats() string {
	var b strings.Builder
	for _, f := range reports.Formats {
		fmt.Fprintf(&b, "  %-11s %-13s %s\n", f.Name, f.Extension, f.About)
	}
	return b.String()
}

// check finds what is wrong with the flags, all of it, and which format they mean.
func (flags *reportFlags) check(cmd *cobra.Command, files []string) (format reports.Format, err error) {
	var problems []error
	format, err = chooseFormat(reports.Formats, flags.format, flags.out)
	if err != nil {
		problems = append(problems, err)
	}
	for _, name := range []string{"latency", "arm"} {
		if err == nil && cmd.Flags().Changed(name) && !format.IsSingle {
			problems = append(problems, fmt.Errorf("--%s is for the format hgrm, not for %s", name, format.Name))
		}
	}
	if name := flags.percentiles.Latency; !slices.Contains(result.LatencyNames, name) {
		problems = append(problems, fmt.Errorf("--latency %q: want %s%s", name, oneOf(result.LatencyNames), didYouMean("", closeTo(result.LatencyNames, name))))
	}
	if format.IsSingle && len(files) > 1 && !isFolder(flags.out) {
		problems = append(problems, fmt.Errorf("%s shows one result, got %d; with a folder for --out each has a file", format.Name, len(files)))
	}
	if n := slices.Index(files, stdin); n >= 0 && slices.Contains(files[n+1:], stdin) {
		problems = append(problems, errors.New("standard input can be read once"))
	}
	return format, errors.Join(problems...)
}

// isFolder says whether path is a folder, or is to be one: its name ends as one's does.
func isFolder(path string) bool {
	if path != "" && os.IsPathSeparator(path[len(path)-1]) {
		return true
	}
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// readResults decodes every file, or says what is wrong with all of them. Reports among results are left out: where run put them,
// a pattern such as *.json finds both.
func (a *app) readResults(in io.Reader, files []string) (all []reports.Saved, err error) {
	all, others, problems := readEach(in, files)
	if len(all) == 0 || len(problems) > 0 {
		return nil, errors.Join(append(problems, others...)...)
	}
	for _, err := range others {
		fmt.Fprintln(&a.stderr, "left out:", err)
	}
	return all, nil
}

// readEach reads files, and tells what is no result from other files of this program, which are errors too.
func readEach(in io.Reader, files []string) (all []reports.Saved, others, problems []error) {
	for _, file := range files {
		saved, err := readResult(in, file)
		switch other := (*result.SchemaError)(nil); {
		case err == nil:
			all = append(all, saved)
		case errors.As(err, &other) && other.IsOurs() && !other.IsResult():
			others = append(others, err)
		default:
			problems = append(problems, err)
		}
	}
	return all, others, problems
}

func readResult(in io.Reader, file string) (reports.Saved, error) {
	if file == stdin {
		res, err := result.Decode(in)
		if err != nil {
			err = fmt.Errorf("%s: %w", stdinName, err)
		}
		return reports.Saved{Result: res, Path: stdinName}, err
	}
	if isFolder(file) {
		return reports.Saved{}, fmt.Errorf("%s: it is a folder; its results are %s", file, filepath.Join(file, "*.json"))
	}
	res, err := result.Read(file)
	if inPath := (*fs.PathError)(nil); errors.As(err, &inPath) {
		err = fmt.Errorf("%s: %w", file, inPath.Err) // named as all others are
	}
	return reports.Saved{Result: res, Path: file}, err
}

// report renders results and writes them where they are to go: all or nothing.
func (a *app) report(all []reports.Saved, format reports.Format, flags reportFlags) error {
	opts := reports.Options{Percentiles: flags.percentiles}
	if flags.out == "" || flags.out == stdin {
		opts.Text = a.textOptions()
		page, err := render(format, all, opts)
		if err != nil {
			return err
		}
		_, err = a.stdout.Write(page)
		return exitcode.With(exitcode.CannotRun, err)
	}
	pages, err := renderFiles(all, format, flags.out, opts)
	if err != nil {
		return err
	}
	if isFolder(flags.out) {
		if err := os.MkdirAll(flags.out, 0o777); err != nil {
			return exitcode.With(exitcode.CannotRun, err)
		}
	}
	for _, p := range pages {
		if err := p.write(); err != nil {
			return exitcode.With(exitcode.CannotRun, err)
		}
	}
	return nil
}

// render makes a report. That a result does not have what was asked for is an error in how the verb was called.
func render(format reports.Format, all []reports.Saved, opts reports.Options) ([]byte, error) {
	var page bytes.Buffer
	err := format.Write(&page, all, opts)
	switch {
	case err != nil && format.IsSingle:
		return nil, exitcode.With(exitcode.Usage, fmt.Errorf("%s: %w", all[0].Path, err))
	case err != nil:
		return nil, exitcode.With(exitcode.CannotRun, err)
	}
	return page.Bytes(), nil
}

// renderFiles makes a file of all results, or one of each if they go to a folder. It names every file that must not be replaced.
func renderFiles(all []reports.Saved, format reports.Format, out string, opts reports.Options) (pages []reportFile, err error) {
	groups := map[string][]reports.Saved{out: all}
	order := []string{out}
	if isFolder(out) {
		groups, order = map[string][]reports.Saved{}, nil
		for _, s := range all {
			path := filepath.Join(out, stem(s.Path)+format.Extension)
			groups[path] = append(groups[path], s)
			if len(groups[path]) == 1 {
				order = append(order, path)
			}
		}
	}
	var problems []error
	for _, path := range order {
		group := groups[path]
		if isFolder(out) && len(group) > 1 {
			problems = append(problems, exitcode.With(exitcode.Usage, fmt.Errorf("%s and %s would both be %s", group[0].Path, group[1].Path, path)))
			continue
		}
		page, err := render(format, group, opts)
		problems = append(problems, err, mayReplace(path, format.Name, format.Wrote))
		pages = append(pages, reportFile{path, page})
	}
	return pages, errors.Join(problems...)
}

// stem is the name of a result without its extension.
func stem(path string) string {
	name := filepath.Base(path)
	return strings.TrimSuffix(name, filepath.Ext(name))
}

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"mqttrace/cmd/internal/exitcode"
	"mqttrace/reports/history"
)

const historyHelp = `History reads every result in a folder and in those below it and shows the course of the headline
figures: for each scenario, broker and arm the newest value, and the median, lowest and highest of
those before it. ▲ and ▼ mark a value past all of at least five others.

Runs that are invalid or were interrupted are marked and in no median. Runs asked for together are
one point, their median. Files that cannot be read are named and left out. It shows and does not
judge: for that, compare runs that took turns.

As html it is a page with a plot of every figure and links to the reports that lie beside results
(run --report html); as index it is a front page of the newest runs, which leads to history.html if
that lies beside it.`

// historyFlags are the flags of history.
type historyFlags struct {
	formatName, out string
	newest          int

	format history.Format // that they mean
}

func (a *app) historyCommand() *cobra.Command {
	var flags historyFlags
	cmd := &cobra.Command{
		Use:     "history FOLDER",
		Short:   "Show how the figures of past runs went",
		Long:    historyHelp,
		Example: "mqttrace history results -o results/history.html",
		Args:    wants("a folder with results", cobra.ExactArgs(1)),
	}
	f := cmd.Flags()
	f.StringVarP(&flags.out, "out", "o", "", "write to `FILE` instead of stdout; links to reports are from there")
	f.StringVar(&flags.formatName, "format", "", "write this `FORMAT`: "+oneOf(history.Formats.Names())+"; the one that FILE's name tells if not given, or else text")
	f.IntVar(&flags.newest, "newest", history.DefaultNewest, "show this `NUMBER` of runs of each series, the newest")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(history.Formats.Names(), cobra.ShellCompDirectiveNoFileComp))
	cmd.ValidArgsFunction = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := flags.check(); err != nil {
			return usage(cmd, err)
		}
		return a.history(args[0], flags)
	}
	return cmd
}

// historyBeside is the page of the history in the folder that a front page is written to; empty if there is none.
func historyBeside(file string) string {
	const page = "history.html"
	if _, err := os.Stat(filepath.Join(filepath.Dir(file), page)); file == "" || err != nil {
		return ""
	}
	return page
}

// check finds everything that is wrong with the flags, and which format they mean.
func (flags *historyFlags) check() error {
	var problems []error
	var err error
	flags.format, err = chooseFormat(history.Formats, flags.formatName, flags.out)
	problems = append(problems, err)
	if flags.out == stdin { // as the name of a file it stands for stdout
		flags.out = ""
	}
	if flags.newest < 1 {
		problems = append(problems, fmt.Errorf("--newest %d: want 1 or more", flags.newest))
	}
	return errors.Join(problems...)
}

// history reads a folder and shows what is in it.
func (a *app) history(dir string, flags historyFlags) error {
	folder, err := history.Read(dir)
	if err != nil {
		return exitcode.With(exitcode.Usage, err)
	}
	a.sayLeftOut(folder.LeftOut)
	if folder.Results == 0 {
		return exitcode.With(exitcode.Usage, fmt.Errorf("there is no result in %s: mqttrace run --out %s keeps some there", dir, dir))
	}
	h := history.New(folder, history.Options{Newest: flags.newest})
	var text bytes.Buffer
	at := history.Place{Links: history.LinksFrom(flags.out, dir), History: historyBeside(flags.out)}
	if err := flags.format.Write(&text, h, at); err != nil {
		return exitcode.With(exitcode.CannotRun, err)
	}
	if flags.out == "" {
		_, err = a.stdout.Write(text.Bytes())
		return exitcode.With(exitcode.CannotRun, err)
	}
	if err := mayReplace(flags.out, flags.format.Name, flags.format.Wrote); err != nil {
		return err
	}
	return exitcode.With(exitcode.CannotRun, reportFile{flags.out, text.Bytes()}.write())
}

// oneOf lists what may be chosen.
func oneOf(names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// sayLeftOut names files on stderr, where whoever writes a page sees them.
func (a *app) sayLeftOut(files []history.LeftOut) {
	for _, f := range files {
		fmt.Fprintf(&a.stderr, "left out: %s: %s\n", f.File, f.Reason)
	}
}

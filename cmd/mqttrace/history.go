package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"mqttrace/cmd/internal/exitcode"
	"mqttrace/reports"
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
	format, out string
	newest      int
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
	f.StringVar(&flags.format, "format", "", "write this `FORMAT`: "+oneOf(historyFormats())+"; the one that FILE's name tells if not given, or else text")
	f.IntVar(&flags.newest, "newest", history.DefaultNewest, "show this `NUMBER` of runs of each series, the newest")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(historyFormats(), cobra.ShellCompDirectiveNoFileComp))
	cmd.ValidArgsFunction = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := flags.check(); err != nil {
			return usage(cmd, err)
		}
		return a.history(args[0], flags)
	}
	return cmd
}

// renderers write a history to where a file is to be; the file's name is empty for stdout.
var renderers = map[string]func(w io.Writer, h *history.History, folder, file string) error{
	"text": func(w io.Writer, h *history.History, _, _ string) error { return history.Text(w, h) },
	"json": func(w io.Writer, h *history.History, _, _ string) error { return history.JSON(w, h) },
	"html": func(w io.Writer, h *history.History, folder, file string) error {
		return history.HTML(w, h, history.LinksFrom(file, folder))
	},
	"index": func(w io.Writer, h *history.History, folder, file string) error {
		return history.Front(w, h, history.LinksFrom(file, folder), historyBeside(file))
	},
}

// historyBeside is the page of the history in the folder that a front page is written to; empty if there is none.
func historyBeside(file string) string {
	const page = "history.html"
	if _, err := os.Stat(filepath.Join(filepath.Dir(file), page)); file == "" || err != nil {
		return ""
	}
	return page
}

func historyFormats() []string { return slices.Sorted(maps.Keys(renderers)) }

// formatsByExtension says what a file is by its name.
var formatsByExtension = map[string]string{"": "text", ".txt": "text", ".html": "html", ".json": "json"}

// check finds what is wrong with the flags and fills in the format.
func (flags *historyFlags) check() error {
	var problems []error
	if flags.format == "" {
		flags.format = formatsByExtension[filepath.Ext(flags.out)]
		if flags.format == "" {
			problems = append(problems, fmt.Errorf("--out %s: the name does not tell the format; want --format %s", flags.out, oneOf(historyFormats())))
		}
	} else if renderers[flags.format] == nil {
		problems = append(problems, fmt.Errorf("--format %q: want %s%s", flags.format, oneOf(historyFormats()), didYouMean("", closeTo(historyFormats(), flags.format))))
	}
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
	if err := renderers[flags.format](&text, h, dir, flags.out); err != nil {
		return exitcode.With(exitcode.CannotRun, err)
	}
	if flags.out == "" {
		_, err = a.stdout.Write(text.Bytes())
		return exitcode.With(exitcode.CannotRun, err)
	}
	if err := flags.mayReplace(); err != nil {
		return err
	}
	return exitcode.With(exitcode.CannotRun, reportFile{flags.out, text.Bytes()}.write())
}

// mayReplace says why there must be no page where it is to go: a file is there that is none.
func (flags *historyFlags) mayReplace() error {
	if flags.format != "html" && flags.format != "index" {
		return nil // results apart, which replace knows
	}
	page, _ := reports.FormatNamed("html")
	return mayReplace(flags.out, page.Name, page.Wrote)
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

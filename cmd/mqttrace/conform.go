package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"mqttrace/cmd/internal/exitcode"
	"mqttrace/load/conform"
	"mqttrace/scenarios"
)

const conformHelp = `Conform sends messages through a broker in every way that MQTT 5 has and tells whether W3C trace
context comes back as it was sent. Each row is a real round trip over connections of its own;
what rows leave with the broker is removed again.

The exit code is 0 if all rows are as specified or are known deviations, 3 if a context is altered
or lost, 1 if the broker cannot be tried, 2 for bad usage.`

// conformFlags are the flags of conform.
type conformFlags struct {
	broker, username, passwordFile, ca, cert, key string

	options     conform.Options
	json, quiet bool
}

func (a *app) conformCommand() *cobra.Command {
	var flags conformFlags
	cmd := &cobra.Command{
		Use:               "conform",
		Short:             "Tell whether trace context survives a broker",
		Long:              conformHelp,
		Example:           "mqttrace conform --broker embedded",
		Args:              wants("no arguments", cobra.NoArgs),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	f := cmd.Flags()
	f.StringVar(&flags.broker, "broker", "embedded", "embedded, mosquitto, or a `URL`")
	f.StringVar(&flags.username, "username", "", "connect with this user `NAME`")
	f.StringVar(&flags.passwordFile, "password-file", "", "`FILE` with the password")
	f.StringVar(&flags.ca, "ca", "", "PEM `FILE` with the authority that signed the broker's certificate")
	f.StringVar(&flags.cert, "cert", "", "PEM `FILE` with a client certificate; with --key")
	f.StringVar(&flags.key, "key", "", "PEM `FILE` with the certificate's key")
	f.StringVar(&flags.options.TopicPrefix, "topic-prefix", "mqttrace/conform", "begin all topics with this `TOPIC`")
	f.DurationVar(&flags.options.Timeout, "timeout", 5*time.Second, "wait for one row at most this `TIME`")
	f.StringSliceVar(&flags.options.Only, "rows", nil, "try only the rows with these `NAMES`, such as will-crash,expiry")
	f.BoolVar(&flags.json, "json", false, "print the report as JSON")
	f.BoolVarP(&flags.quiet, "quiet", "q", false, "show no progress")
	_ = cmd.RegisterFlagCompletionFunc("rows", cobra.FixedCompletions(conform.Names(), cobra.ShellCompDirectiveNoFileComp))
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		b, err := flags.check(cmd)
		if err != nil {
			return err
		}
		return a.conform(cmd.Context(), b, flags)
	}
	return cmd
}

// check finds what is wrong with the flags; the broker's are checked as those of a scenario are.
func (flags *conformFlags) check(cmd *cobra.Command) (scenarios.Broker, error) {
	if !strings.Contains(flags.broker, "://") {
		for _, name := range []string{"username", "password-file", "ca", "cert", "key"} {
			if cmd.Flags().Changed(name) {
				return scenarios.Broker{}, usage(cmd, fmt.Errorf("--%s is for a broker with a URL, not for %q", name, flags.broker))
			}
		}
	}
	sc, err := scenarios.Decode("conform", []byte(scenarioForBroker), flags.sets(cmd)...)
	if err != nil {
		return scenarios.Broker{}, exitcode.With(exitcode.Usage, err)
	}
	if flags.options.Timeout <= 0 {
		return scenarios.Broker{}, usage(cmd, fmt.Errorf("--timeout %v: want more than nothing", flags.options.Timeout))
	}
	if flags.options.TopicPrefix == "" {
		return scenarios.Broker{}, usage(cmd, errors.New("--topic-prefix is empty"))
	}
	for _, row := range flags.options.Only {
		if names := conform.Names(); !slices.Contains(names, row) {
			return scenarios.Broker{}, usage(cmd, fmt.Errorf("--rows: there is no row %q%s", row, didYouMean("", closeTo(names, row))))
		}
	}
	if err := flags.options.Check(); err != nil {
		return scenarios.Broker{}, usage(cmd, err)
	}
	return sc.Broker, nil
}

// closeTo lists the names that word may have been meant for. Cobra knows how to suggest commands alone, so they stand in.
func closeTo(names []string, word string) []string {
	all := &cobra.Command{SuggestionsMinimumDistance: mostTypos}
	for _, name := range names {
		all.AddCommand(&cobra.Command{Use: name, Run: func(*cobra.Command, []string) {}})
	}
	return all.SuggestionsFor(word)
}

// scenarioForBroker is a scenario to lay a broker over.
const scenarioForBroker = `duration: 1s
senders: [{name: s, rate: 1/s, topic: t}]
receivers: [{name: r, filter: t}]
`

// sets are the broker's flags as values of a scenario.
func (flags *conformFlags) sets(cmd *cobra.Command) []scenarios.Set {
	in := input{broker: flags.broker}
	sets := in.newBroker()
	for _, flag := range []struct{ name, path, value string }{
		{"username", "broker.username", flags.username},
		{"password-file", "broker.password_file", flags.passwordFile},
		{"ca", "broker.tls.ca", flags.ca},
		{"cert", "broker.tls.cert", flags.cert},
		{"key", "broker.tls.key", flags.key},
	} {
		if cmd.Flags().Changed(flag.name) {
			sets = append(sets, scenarios.Set{Origin: "--" + flag.name, Path: flag.path, Value: yamlText(flag.value)})
		}
	}
	return sets
}

// yamlText is s as YAML that is nothing but text.
func yamlText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// conform tries a broker and shows what came of it.
func (a *app) conform(ctx context.Context, b scenarios.Broker, flags conformFlags) error {
	a.finishFirst("interrupted: removing what was left with the broker; once more to leave at once")
	target, err := conform.Open(ctx, b)
	if err != nil {
		return exitcode.With(exitcode.CannotRun, err)
	}
	progress := a.conformProgress(flags.quiet)
	flags.options.Version, flags.options.Progress = toolVersion(), progress.show
	report, err := conform.Run(ctx, target, flags.options)
	progress.end()
	err = errors.Join(err, target.Close())
	if report == nil {
		if ctx.Err() != nil {
			return exitcode.With(exitcode.Interrupted, errors.New("interrupted before anything was tried"))
		}
		return exitcode.With(exitcode.CannotRun, err)
	}
	show := report.Text
	if flags.json {
		show = report.JSON
	}
	if shown := show(&a.stdout); shown != nil {
		err = errors.Join(err, fmt.Errorf("showing the report: %w", shown))
	}
	if err != nil {
		return exitcode.With(exitcode.CannotRun, err)
	}
	return exitcode.Silent(codeOf(report.Verdict))
}

func codeOf(v conform.Verdict) int {
	switch v {
	case conform.Survives:
		return exitcode.Pass
	case conform.Suffers:
		return exitcode.Missed
	case conform.Interrupted:
		return exitcode.Interrupted
	default:
		return exitcode.CannotRun
	}
}

// rowsProgress says on stderr which row a slow broker keeps busy. A timer writes, so that one row that hangs is seen too.
type rowsProgress struct {
	w        io.Writer
	terminal bool // one line is redrawn
	mu       sync.Mutex
	timer    *time.Timer // guarded by mu, as is what follows; nil when there is nothing to show, or nothing more
	at       conform.Progress
	drawn    bool
}

// redrawEvery is how often a terminal's line is drawn anew.
const redrawEvery = 200 * time.Millisecond

func (a *app) conformProgress(quiet bool) *rowsProgress {
	p := &rowsProgress{w: &a.stderr, terminal: isTerminal(a.world.stderr) && a.getenv("TERM") != "dumb"}
	if !quiet {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.timer = time.AfterFunc(firstLineAfter, p.draw)
	}
	return p
}

func (p *rowsProgress) show(at conform.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = at
}

func (p *rowsProgress) draw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer == nil {
		return
	}
	line := fmt.Sprintf("row %d of %d: %s", p.at.Done+1, p.at.Total, p.at.Name)
	if p.at.Total == 0 {
		line = "connecting"
	}
	p.drawn = true
	if p.terminal {
		fmt.Fprint(p.w, "\r\x1b[K"+line)
		p.timer.Reset(redrawEvery)
		return
	}
	fmt.Fprintln(p.w, line)
	p.timer.Reset(nextLineAfter)
}

// end takes a terminal's line away to make room for the report.
func (p *rowsProgress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer == nil {
		return
	}
	p.timer.Stop()
	p.timer = nil
	if p.terminal && p.drawn {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

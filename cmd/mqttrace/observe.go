package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mqttrace/cmd/internal/exitcode"
	"mqttrace/load/observe"
	"mqttrace/load/otlp"
	"mqttrace/load/result"
	"mqttrace/reports"
)

const observeHelp = `Observe looks at services as they are: it receives their spans over OTLP, or reads them from the
files that a collector's file exporter writes, and says how long messages take from one service to
another, which traces are broken and what is missing, whose clocks disagree, where spans are lost,
and where spans depart from OpenTelemetry's conventions. Nothing is corrected.

It goes on until Ctrl-C, for --duration, or to the end of the files, and keeps a result file as run
does. Point OTEL_EXPORTER_OTLP_ENDPOINT of the services, or an exporter of their collector, at it;
with --forward everything goes on to where it went before.`

// observeFlags are the flags of observe.
type observeFlags struct {
	listen   otlp.Config
	observe  observe.Config
	forward  string
	duration time.Duration
	traceURL traceURL
	result   runFlags
}

func (a *app) observeCommand() *cobra.Command {
	var flags observeFlags
	cmd := &cobra.Command{
		Use:     "observe [FILE...]",
		Short:   "Measure services by the spans that they export",
		Long:    observeHelp,
		Example: "mqttrace observe --duration 30s",
	}
	f := cmd.Flags()
	f.StringVar(&flags.listen.GRPC, "grpc", "127.0.0.1:4317", "receive OTLP over gRPC at this `ADDRESS`; empty for not at all")
	f.StringVar(&flags.listen.HTTP, "http", "127.0.0.1:4318", "receive OTLP over HTTP at this `ADDRESS`; empty for not at all")
	f.StringVar(&flags.forward, "forward", "", "pass everything on to this `ENDPOINT`: host:port (gRPC) or http://host:port")
	f.DurationVar(&flags.duration, "duration", 0, "observe for this `TIME`, such as 30s; until Ctrl-C if 0")
	f.DurationVar(&flags.observe.Window, "window", observe.DefaultWindow, "how long a span waits for the others of its message, as a `TIME`")
	f.IntVar(&flags.observe.MaxSpans, "max-spans", observe.DefaultMaxSpans, "how many spans wait at once, as a `NUMBER`")
	f.Var(&flags.traceURL, "trace-url", "show traces at this `URL`, with {trace_id} where the id goes")
	f.StringVarP(&flags.result.out, "out", "o", "results", "keep the result file in `FOLDER`, made if it is missing")
	f.BoolVar(&flags.result.json, "json", false, "print the result as JSON instead of the summary")
	f.BoolVarP(&flags.result.quiet, "quiet", "q", false, "show no progress")
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		if err := flags.check(cmd, files); err != nil {
			return usage(cmd, err)
		}
		if err := checkFolder(flags.result.out); err != nil {
			return exitcode.With(exitcode.CannotRun, err)
		}
		return a.observe(cmd.Context(), flags, files)
	}
	return cmd
}

func (flags *observeFlags) check(cmd *cobra.Command, files []string) error {
	switch {
	case flags.observe.Window <= 0:
		return fmt.Errorf("--window %v is not a time to wait", flags.observe.Window)
	case flags.observe.MaxSpans <= 0:
		return fmt.Errorf("--max-spans %d leaves room for none", flags.observe.MaxSpans)
	case flags.duration < 0:
		return fmt.Errorf("--duration %v is not a time to observe", flags.duration)
	case len(files) == 0 && flags.listen.GRPC == "" && flags.listen.HTTP == "":
		return errors.New("there is nothing to observe: neither an address nor a file")
	}
	if len(files) > 0 {
		for _, name := range []string{"grpc", "http", "forward", "duration"} {
			if cmd.Flags().Changed(name) {
				return fmt.Errorf("--%s is for observing live, not for files", name)
			}
		}
	}
	return nil
}

// observe observes, keeps the result and shows it.
func (a *app) observe(ctx context.Context, flags observeFlags, files []string) error {
	a.finishFirst("ending the observation; once more to leave at once")
	watch := a.observeLive
	if len(files) > 0 {
		watch = func(ctx context.Context, flags observeFlags) (*result.Result, error) {
			return a.observeFiles(ctx, flags, files)
		}
	}
	res, err := watch(ctx, flags)
	if err != nil {
		return exitcode.With(exitcode.CannotRun, err)
	}
	path, lost := a.keep(flags.result.out, observe.Arm, res)
	if err := a.show(reports.Saved{Result: res, Path: path}, flags.result.json); err != nil {
		return exitcode.With(exitcode.CannotRun, fmt.Errorf("showing the result: %w", err))
	}
	if lost != nil {
		return exitcode.With(exitcode.CannotRun, lost)
	}
	return exitcode.Silent(exitcode.OfVerdict(res.Verdict))
}

// observeFiles reads files to their end.
func (a *app) observeFiles(ctx context.Context, flags observeFlags, paths []string) (*result.Result, error) {
	files, err := otlp.OpenFiles(paths...)
	if err != nil {
		return nil, err
	}
	defer files.Close()
	flags.observe.Recorded, flags.observe.CutOff = true, files.AreRotated()
	o := observe.New(flags.observe)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- o.Read(ctx, files) }()
	err = a.watchUntil(done, o, flags.result.quiet)
	isInterrupted := errors.Is(err, context.Canceled)
	if err != nil && !isInterrupted {
		return nil, err
	}
	return o.Finish(observe.About{
		Version: toolVersion(), Sources: files.Names(), TraceURL: flags.traceURL.String(), Notes: files.Notes(),
		Interrupted: isInterrupted, BreaksOff: files.BreakOff(),
	})
}

// observeLive receives until it is told to end. Ctrl-C is how an observation without a duration ends, and interrupts one with.
func (a *app) observeLive(ctx context.Context, flags observeFlags) (*result.Result, error) {
	forwarder, err := flags.forwarder()
	if err != nil {
		return nil, err
	}
	if forwarder != nil {
		defer forwarder.Close()
	}
	o := observe.New(flags.observe)
	flags.listen.Handler = o.Handler(forwarder)
	receiver, err := otlp.Listen(flags.listen)
	if err != nil {
		return nil, err
	}
	defer receiver.Close()
	sources := addresses(receiver)
	fmt.Fprintln(&a.stderr, "listening at", strings.Join(sources, " and "))

	ended, isOver := context.WithCancel(ctx)
	defer isOver()
	if flags.duration > 0 {
		timer := time.AfterFunc(flags.duration, isOver)
		defer timer.Stop()
	}
	done := make(chan error, 1)
	stop := context.AfterFunc(ended, func() { done <- nil })
	defer stop()
	_ = a.watchUntil(done, o, flags.result.quiet) // nil is all that is sent
	if err := receiver.Close(); err != nil {
		return nil, err
	}
	about := observe.About{Version: toolVersion(), Sources: sources, TraceURL: flags.traceURL.String(), Interrupted: flags.duration > 0 && ctx.Err() != nil}
	if n := receiver.Counts().Malformed; n > 0 {
		about.Notes = append(about.Notes, fmt.Sprintf("%d requests could not be read: not OTLP, too long, or cut off", n))
	}
	if forwarder != nil {
		about.ForwardedTo = forwarder.Endpoint()
		about.Notes = append(about.Notes, forwarded(forwarder)...)
	}
	return o.Finish(about)
}

func (flags *observeFlags) forwarder() (*otlp.Forwarder, error) {
	if flags.forward == "" {
		return nil, nil
	}
	f, err := otlp.NewForwarder(flags.forward)
	if err != nil {
		return nil, fmt.Errorf("--forward: %w", err)
	}
	return f, nil
}

// forwarded says what did not get through.
func forwarded(f *otlp.Forwarder) (notes []string) {
	c := f.Counts()
	if c.Failed > 0 {
		notes = append(notes, fmt.Sprintf("%d of %d requests could not be passed on, the exporters were told so: %s", c.Failed, c.Requests, c.LastErr))
	}
	if c.Rejected > 0 {
		notes = append(notes, fmt.Sprintf("%s did not take %d spans, data points and log records: %s", f.Endpoint(), c.Rejected, c.LastErr))
	}
	return notes
}

// addresses are where a receiver listens, as exporters take them.
func addresses(r *otlp.Receiver) (all []string) {
	if addr := r.GRPCAddr(); addr != "" {
		all = append(all, "grpc://"+addr)
	}
	if addr := r.HTTPAddr(); addr != "" {
		all = append(all, "http://"+addr)
	}
	return all
}

// liveEvery is how often an observation is judged while it goes on, so that what has waited long enough makes room.
const liveEvery = time.Second

// watchUntil shows how an observation stands until done has something, and returns that.
func (a *app) watchUntil(done <-chan error, o *observe.Observer, isQuiet bool) error {
	ticks := time.NewTicker(liveEvery)
	defer ticks.Stop()
	shown := &observeLines{w: &a.stderr, due: time.Now().Add(firstLineAfter)}
	for {
		select {
		case err := <-done:
			return err
		case <-ticks.C:
			live := o.Live()
			if !isQuiet {
				shown.show(live, time.Now())
			}
		}
	}
}

// observeLines prints a few lines every few seconds.
type observeLines struct {
	w      io.Writer
	due    time.Time
	recent observe.Live // of the seconds since the last line
}

func (l *observeLines) show(live observe.Live, now time.Time) {
	if live.Recent > 0 {
		l.recent = live
	}
	if now.Before(l.due) {
		return
	}
	l.due = now.Add(nextLineAfter)
	_, _ = io.WriteString(l.w, observeLine(live, l.recent)) // a line that is not printed is no reason to end
	l.recent = observe.Live{}
}

// observeLine says in words how an observation stands: all of it, then its largest pairs.
func observeLine(live, recent observe.Live) string {
	var b strings.Builder
	fmt.Fprintf(&b, "observing %s  spans %s  messages %s", seconds(live.Elapsed), reports.Count(live.Spans), reports.Count(live.Messages))
	if recent.Recent > 0 {
		fmt.Fprintf(&b, "  p50 %s%s", reports.Duration(recent.P50), observedP99(recent.P99))
	}
	if live.Negative > 0 {
		fmt.Fprintf(&b, "  negative %s", reports.Count(live.Negative))
	}
	if live.Late > 0 {
		fmt.Fprintf(&b, "  late %s", reports.Count(live.Late))
	}
	for _, what := range []string{result.ProducerAlone, result.ConsumerAlone, result.NoParent, result.WrongParent} {
		if n := live.BrokenAs[what]; n > 0 {
			fmt.Fprintf(&b, "  %s %s", reports.BrokenName(what), reports.Count(n))
		}
	}
	b.WriteByte('\n')
	for _, p := range live.Pairs {
		fmt.Fprintf(&b, "  %s  %s  p50 %s%s\n", reports.PairName(p.Producer, p.Consumer, p.Topic), reports.Count(p.Messages),
			reports.Duration(p.P50), observedP99(p.P99))
	}
	return b.String()
}

// observedP99 is left out where there are too few messages for it.
func observedP99(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return "  p99 " + reports.Duration(d)
}

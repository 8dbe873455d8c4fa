package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/codes"

	"mqttrace/cmd/internal/exitcode"
	"mqttrace/load/otlp"
	"mqttrace/reports"
)

const sinkHelp = `Sink receives traces, metrics and logs over OTLP until Ctrl-C, keeps none of them, and prints each
second how many came. It is the sink that runs export to, on its own: for trying exporters, and what
becomes of them when nobody answers.`

// sinkFlags are the flags of sink.
type sinkFlags struct {
	listen otlp.Config
	json   bool
	delay  time.Duration
	stall  bool
	refuse bool
}

func (a *app) sinkCommand() *cobra.Command {
	var flags sinkFlags
	cmd := &cobra.Command{
		Use:     "sink",
		Short:   "Run the OTLP sink on its own",
		Long:    sinkHelp,
		Example: "mqttrace sink --grpc 127.0.0.1:4317",
		Args:    wants("no arguments", cobra.NoArgs),
	}
	f := cmd.Flags()
	f.StringVar(&flags.listen.GRPC, "grpc", "127.0.0.1:4317", "receive OTLP over gRPC at this `ADDRESS`; empty for not at all")
	f.StringVar(&flags.listen.HTTP, "http", "127.0.0.1:4318", "receive OTLP over HTTP at this `ADDRESS`; empty for not at all")
	f.BoolVar(&flags.json, "json", false, "print the counts as lines of JSON")
	f.DurationVar(&flags.delay, "delay", 0, "let each request wait for this `TIME`")
	f.BoolVar(&flags.stall, "stall", false, "answer no request")
	f.BoolVar(&flags.refuse, "refuse", false, "refuse every request so that exporters try again")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return exitcode.With(exitcode.CannotRun, a.sink(cmd.Context(), flags))
	}
	return cmd
}

// sink receives until ctx ends.
func (a *app) sink(ctx context.Context, flags sinkFlags) error {
	receiver, err := otlp.Listen(flags.listen)
	if err != nil {
		return err
	}
	defer receiver.Close()
	receiver.Behave(flags.behavior())
	a.finishFirst("stopping; once more to leave at once")
	fmt.Fprintln(&a.stderr, "listening at", strings.Join(addresses(receiver), " and "))

	show := &sinkLines{w: &a.stdout, isJSON: flags.json, began: time.Now()}
	ticks := time.NewTicker(time.Second)
	defer ticks.Stop()
	for {
		select {
		case now := <-ticks.C:
			if err := show.line(receiver.Counts(), now); err != nil {
				return err
			}
		case <-ctx.Done():
			if err := receiver.Close(); err != nil {
				return err
			}
			return show.end(receiver.Counts(), time.Now())
		}
	}
}

func (flags sinkFlags) behavior() otlp.Behavior {
	b := otlp.Behavior{Delay: flags.delay, Stall: flags.stall}
	if flags.refuse {
		b.Refuse = codes.Unavailable
	}
	return b
}

// sinkLines prints counts.
type sinkLines struct {
	w      io.Writer
	isJSON bool
	began  time.Time
	last   otlp.Counts
}

// sinkLine is a line of JSON.
type sinkLine struct {
	At time.Time `json:"at"`
	otlp.Counts
}

func (l *sinkLines) line(c otlp.Counts, now time.Time) error {
	if l.isJSON {
		return json.NewEncoder(l.w).Encode(sinkLine{now.UTC(), c})
	}
	_, err := fmt.Fprintf(l.w, "%s  spans %s (+%s)  metrics %s  logs %s  requests %s  refused %s  malformed %s  %s\n",
		seconds(now.Sub(l.began)), reports.Count(c.Spans), reports.Count(c.Spans-l.last.Spans), reports.Count(c.Metrics), reports.Count(c.Logs),
		reports.Count(c.Requests), reports.Count(c.Refused), reports.Count(c.Malformed), reports.Bytes(float64(c.Bytes)))
	l.last = c
	return err
}

// end prints the last line and what each service has sent, most spans first.
func (l *sinkLines) end(c otlp.Counts, now time.Time) error {
	if err := l.line(c, now); err != nil || l.isJSON {
		return err
	}
	names := slices.SortedFunc(maps.Keys(c.Services), func(a, b string) int {
		return cmp.Or(cmp.Compare(c.Services[b].Spans, c.Services[a].Spans), cmp.Compare(a, b))
	})
	for _, name := range names {
		items := c.Services[name]
		if _, err := fmt.Fprintf(l.w, "%s  spans %s  metrics %s  logs %s\n", printable(name), reports.Count(items.Spans), reports.Count(items.Metrics), reports.Count(items.Logs)); err != nil {
			return err
		}
	}
	return nil
}

// printable takes out of a name that came over the network whatever could steer a terminal.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return '\uFFFD'
		}
		return r
	}, name)
}

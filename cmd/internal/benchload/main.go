// Command benchload measures what the load engine costs from one end to the other, beside the least that a program can spend: make
// bench-load runs it. In each group, which is a broker, a rate and a QoS, it takes turns: the floor, then both clients in each of
// the arms that export nothing, as often as -turns says, so that what the machine does meanwhile falls on all of them alike. It
// prints the medians and their ratios to the floor's. It is a report and no gate: it fails only if something could not be measured.
//
// The floor is a program that does nothing else: a writer of ready-made PUBLISH frames, a write for each message, and a reader that
// reads the fixed headers. What it costs is what the kernel charges anybody. At full speed there are two more: coalescing, whose
// writes take as many messages as may leave, and one whose messages carry a traceparent, which the broker has to deal with.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"mqttrace/load"
	"mqttrace/load/broker"
	"mqttrace/load/otlp"
)

func main() {
	broker.RunIfChild()
	otlp.RunIfChild()
	load.RunIfChild()
	length := flag.Duration("time", 2*time.Second, "how long each measurement takes")
	turns := flag.Int("turns", 2, "how many times each is repeated")
	quick := flag.Bool("quick", false, "Mosquitto alone, the arms off and context alone")
	summary := flag.String("summary", "", "a `file` to keep the tables in as well, as Markdown")
	only := flag.String("only", "", "measure only the groups whose `title` has this in it")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	chosen := slices.DeleteFunc(groups(*quick), func(g group) bool { return !strings.Contains(g.String(), *only) })
	var tables strings.Builder
	err := run(ctx, chosen, *length, *turns, io.MultiWriter(os.Stdout, &tables))
	if *summary != "" {
		err = errors.Join(err, writeSummary(*summary, tables.String()))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchload:", err)
		os.Exit(1)
	}
}

// writeSummary keeps the tables as Markdown.
func writeSummary(path, tables string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte("### What a message costs\n\n```\n"+tables+"```\n"), 0o644)
}

func run(ctx context.Context, groups []group, length time.Duration, turns int, out io.Writer) error {
	for i, g := range groups {
		fmt.Fprintf(os.Stderr, "%d of %d: %s\n", i+1, len(groups), g)
		all := make([][]figures, len(g.contenders))
		for range turns {
			for c, who := range g.contenders {
				f, err := who.measure(ctx, g, length)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", g, who, err)
				}
				all[c] = append(all[c], f)
			}
		}
		if err := show(out, g, all); err != nil {
			return err
		}
	}
	return nil
}

// show prints one group as a table, the floor first.
func show(out io.Writer, g group, all [][]figures) error {
	fmt.Fprintln(out, g)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tCPU-s per million\tto floor\tallocs per message\trate kept\tto floor\tschedule_lag p99\t")
	cpuOf, rateOf := func(f figures) float64 { return f.cpu }, func(f figures) float64 { return f.rate }
	floorCPU, floorRate := median(all[0], cpuOf), median(all[0], rateOf)
	for c, who := range g.contenders {
		cpu, rate := median(all[c], cpuOf), median(all[c], rateOf)
		lag := "-"
		if ms := median(all[c], func(f figures) float64 { return f.lag }); ms > 0 && g.rate > 0 {
			lag = fmt.Sprintf("%.2f ms", ms)
		}
		fmt.Fprintf(w, "%s\t%.2f\t%.2fx\t%.2f\t%.0f/s\t%.2fx\t%s\t\n", who, cpu, cpu/floorCPU,
			median(all[c], func(f figures) float64 { return f.allocs }), rate, rate/floorRate, lag)
	}
	fmt.Fprintln(w)
	return w.Flush()
}

func median(all []figures, of func(figures) float64) float64 {
	values := make([]float64, len(all))
	for i, f := range all {
		values[i] = of(f)
	}
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 1 {
		return values[middle]
	}
	return (values[middle-1] + values[middle]) / 2
}

package main

import (
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"

	"mqttrace/load"
	"mqttrace/reports"
)

// progress shows on stderr how far a run has come. One goroutine calls show, and end once after it.
type progress interface {
	show(load.Progress)
	end()
}

// progress picks the kind of progress that stderr can show.
func (a *app) progress(quiet bool) progress {
	switch {
	case quiet:
		return noProgress{}
	case isTerminal(a.world.stderr) && a.getenv("TERM") != "dumb":
		return newBar(&a.stderr, func() int { return columnsOf(a.world.stderr) })
	default:
		return newLines(&a.stderr, time.Now)
	}
}

type noProgress struct{}

func (noProgress) show(load.Progress) {}
func (noProgress) end()               {}

// Plain lines are for logs: seldom enough to read, often enough to see that the run is alive.
const (
	firstLineAfter = 2 * time.Second
	nextLineAfter  = 5 * time.Second
)

// lines prints a line every few seconds.
type lines struct {
	w   io.Writer
	now func() time.Time
	due time.Time
}

func newLines(w io.Writer, now func() time.Time) *lines {
	return &lines{w: w, now: now, due: now().Add(firstLineAfter)}
}

func (l *lines) show(p load.Progress) {
	now := l.now()
	if now.Before(l.due) {
		return
	}
	l.due = now.Add(nextLineAfter)
	fmt.Fprintln(l.w, line(p))
}

func (*lines) end() {}

// between stands between the figures of a line.
const between = "  "

// line says in words how far a run has come.
func line(p load.Progress) string {
	switch p.Phase {
	case load.Starting:
		return fmt.Sprintf("%s%s  %s", step(p), p.Phase, p.Detail)
	case load.Draining:
		return fmt.Sprintf("%s%s  received %s", step(p), p.Phase, reports.Count(p.Received))
	default:
		return fmt.Sprintf("%s%s %s/%s  sent %s  received %s  p99 %s", step(p), p.Phase, seconds(p.Elapsed), seconds(p.Total),
			reports.Rate(p.SentPerSecond), reports.Rate(p.ReceivedPerSecond), p99(p))
	}
}

// step names the run of several that this is.
func step(p load.Progress) string {
	if p.Step == "" {
		return ""
	}
	return p.Step + between
}

// seconds formats d without fractions: "12s", "1h2m3s".
func seconds(d time.Duration) string { return d.Truncate(time.Second).String() }

// p99 is the response time that 99 of 100 messages kept in the last second.
func p99(p load.Progress) string {
	if p.P99 == 0 {
		return "–"
	}
	return reports.Duration(p.P99)
}

// bar redraws one line of a terminal.
type bar struct {
	bar     *progressbar.ProgressBar
	columns func() int // of the terminal
}

const (
	// barWidth leaves room for the words beside the bar in 80 columns.
	barWidth = 20
	// besideAt is the column in which the words beside the bar begin, behind "  42% " and a space.
	besideAt = 6 + barWidth + 2
)

func newBar(w io.Writer, columns func() int) *bar {
	return &bar{columns: columns, bar: progressbar.NewOptions64(1,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetWidth(barWidth),
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "█", SaucerPadding: "░", BarStart: "", BarEnd: ""}),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionSetPredictTime(false), // of the whole run's, not of the bar's own steps: see beside
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionUseANSICodes(true),
		progressbar.OptionSetRenderBlankState(true),
	)}
}

// show cannot fail in a way that matters: a bar that is not drawn is no reason to end a run.
func (b *bar) show(p load.Progress) {
	total := max(1, p.Total.Milliseconds())
	if total != b.bar.GetMax64() {
		b.bar.ChangeMax64(total)
	}
	b.bar.Describe(cut(beside(p), b.columns()-besideAt-len(between)))
	// The last step is never taken: a full bar is finished and draws nothing more, but messages are still drained.
	_ = b.bar.Set64(min(p.Elapsed.Milliseconds(), total-1))
}

// cut takes the last figures off words until they fit a number of columns: a line that the terminal breaks cannot be taken back.
func cut(words string, columns int) string {
	for words != "" && utf8.RuneCountInString(words) > columns {
		words = words[:max(strings.LastIndex(words, between), 0)]
	}
	return words
}

// end takes the bar away to make room for the summary.
func (b *bar) end() { _ = b.bar.Clear() }

// beside is the text beside the bar.
func beside(p load.Progress) string {
	switch p.Phase {
	case load.Starting, load.Draining:
		return line(p)
	default:
		return fmt.Sprintf("%s%s  %s  p99 %s  %s left", step(p), p.Phase, reports.Rate(p.ReceivedPerSecond), p99(p), seconds(p.Total-p.Elapsed))
	}
}

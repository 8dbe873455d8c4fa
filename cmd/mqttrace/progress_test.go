package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"mqttrace/load"
)

var measuring = load.Progress{
	Phase: load.Measuring, Elapsed: 12*time.Second + 250*time.Millisecond, Total: 22 * time.Second,
	SentPerSecond: 1000, ReceivedPerSecond: 999.7, P99: 412_345,
}

func TestLinesComeEveryFewSeconds(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(0, 0)
	l := newLines(&out, func() time.Time { return now })
	var at []int
	for s := range 15 {
		now = time.Unix(int64(s), 0)
		before := out.Len()
		l.show(measuring)
		if out.Len() > before {
			at = append(at, s)
		}
	}
	l.end()
	assert.Equal(t, []int{2, 7, 12}, at)
}

func TestLine(t *testing.T) {
	for want, p := range map[string]load.Progress{
		"starting  42 of 100 clients connected":                         {Phase: load.Starting, Detail: "42 of 100 clients connected"},
		"warming up 0s/22s  sent 0/s  received 0/s  p99 –":              {Phase: load.WarmingUp, Total: 22 * time.Second},
		"measuring 12s/22s  sent 1,000/s  received 1,000/s  p99 412 µs": measuring,
		"draining  received 1,234":                                      {Phase: load.Draining, Received: 1234},
	} {
		assert.Equal(t, want, line(p))
	}
}

func TestBarShowsPhaseRateP99AndTimeLeft(t *testing.T) {
	var out bytes.Buffer
	b := newBar(&out, func() int { return usualColumns })
	b.show(load.Progress{Phase: load.Starting, Detail: "42 of 100 clients connected"})
	b.show(measuring)
	assert.Contains(t, lastLine(&out), "measuring  1,000/s  p99 412 µs  9s left")

	full := measuring
	full.Phase, full.Elapsed, full.Received = load.Draining, full.Total, 5
	b.show(full)
	assert.Contains(t, lastLine(&out), "draining  received 5")
	b.end()
	assert.True(t, strings.HasSuffix(out.String(), "\x1b[2K\r"), "the line must be free for the summary")
}

func TestBarFitsTheTerminal(t *testing.T) {
	for columns, want := range map[int]string{
		0: "", 40: "measuring", 50: "measuring  1,000/s", 65: "measuring  1,000/s  p99 412 µs", 80: "measuring  1,000/s  p99 412 µs  9s left",
	} {
		var out bytes.Buffer
		b := newBar(&out, func() int { return columns })
		b.show(measuring)
		line := ansi.ReplaceAllString(lastLine(&out), "")
		assert.Equal(t, "  55% ███████████░░░░░░░░░  "+want, strings.TrimSuffix(line, " "), "%d columns", columns)
		assert.LessOrEqual(t, utf8.RuneCountInString(line), max(columns-1, besideAt+1))
	}
}

var ansi = regexp.MustCompile("\x1b\\[[0-9]*[A-Z]")

// lastLine is what a terminal shows after out: the text since the line was last started anew.
func lastLine(out *bytes.Buffer) string {
	drawn := strings.Split(strings.TrimRight(out.String(), "\r"), "\r")
	return drawn[len(drawn)-1]
}

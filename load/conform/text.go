package conform

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"mqttrace/load/internal/lines"
)

// width is where lines end.
const width = 100

// Text writes the report for a person: the verdict, the broker, a line for each row, and below those that are not as specified
// what happened. Lines are at most 100 columns wide.
func (r *Report) Text(w io.Writer) error {
	t := &text{w: bufio.NewWriter(w), required: map[string]bool{}}
	word := strings.ToUpper(string(r.Verdict))
	t.sentence(word+"  ", r.Reason)
	t.line()
	t.sentence("", r.Broker.title())
	t.sentence("", "granted by CONNACK: "+r.Broker.Limits.String())
	t.sentence("", "the broker's own spans: "+r.Spans.sentence())
	group := ""
	for _, row := range r.Rows {
		if row.Group != group {
			group = row.Group
			t.line()
			t.line(group)
		}
		t.row(row)
	}
	for i, warning := range r.Warnings {
		if i == 0 {
			t.line()
		}
		t.sentence("! ", warning)
	}
	return t.w.Flush()
}

func (b Broker) title() string {
	if b.Name == "" {
		return b.URL
	}
	return strings.TrimSpace(b.Name+" "+b.Version) + " · " + b.URL
}

func (s BrokerSpans) sentence() string {
	switch s {
	case ReplacesParent:
		return "it takes part in traces: it puts a parent of its own into them"
	case AddsContext:
		return "it takes part in traces: it adds a context to messages without one"
	default:
		return "none seen; no parent was replaced and no context added"
	}
}

// text writes lines. Errors are the writer's to keep until it is flushed.
type text struct {
	w        *bufio.Writer
	required map[string]bool // requirements that have been told; most rows have the same
}

func (t *text) line(words ...string) { fmt.Fprintln(t.w, strings.Join(words, "")) }

var marks = map[Status]string{Pass: "✓", KnownDeviation: "~", Fail: "✗", Skipped: "-", Broken: "?"}

// Columns of a row: a mark, the name, what is sent, the outcome.
const (
	nameColumn  = 20
	sendsColumn = 49
	indent      = "      "
)

func (t *text) row(r Row) {
	outcome := string(r.Outcome)
	if r.Status == KnownDeviation {
		outcome += ", known"
	}
	t.line(fmt.Sprintf("  %s %-*s  %-*s  %s", marks[r.Status], nameColumn, r.Name, sendsColumn, r.Sends, outcome))
	if r.Detail != "" && r.Status != Pass {
		t.sentence(indent, r.Detail)
	}
	if r.Note != "" {
		t.sentence(indent, "note: "+r.Note)
	}
	switch {
	case r.Status == KnownDeviation:
		t.sentence(indent, "known deviation: "+r.Reason)
	case r.Status == Fail && !t.required[r.Requires]:
		t.required[r.Requires] = true
		t.sentence(indent, r.Requires)
	}
}

// sentence writes words after a lead, in as many lines as they need, each below the first.
func (t *text) sentence(lead, words string) {
	room := width - utf8.RuneCountInString(lead)
	for i, l := range lines.Wrap(words, room) {
		if i > 0 {
			lead = strings.Repeat(" ", utf8.RuneCountInString(lead))
		}
		t.line(lead, l)
	}
}

package scenarios

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// tracing is what the plan says of the arms: the one, or how they take turns and what each of them is.
func (p Plan) tracing() []string {
	t := p.Scenario.Tracing
	if len(t.Compare) == 0 {
		return wrap(string(t.Arm)+": "+t.words(), factWidth)
	}
	lines := wrap(p.alternation(), factWidth)
	width := 0
	for _, arm := range t.Compare {
		width = max(width, utf8.RuneCountInString(arm.Name))
	}
	width = min(width, widestArm)
	for _, arm := range t.Compare {
		label := fmt.Sprintf("%-*s", width, cut(arm.Name, width))
		for _, line := range wrap(arm.words(), factWidth-2-width) {
			lines = append(lines, label+"  "+line)
			label = strings.Repeat(" ", width)
		}
	}
	return lines
}

const (
	factWidth = textWidth - 12
	widestArm = 32
)

// alternation says how the run goes from arm to arm.
func (p Plan) alternation() string {
	if p.Scenario.Search == nil {
		return p.takeTurns()
	}
	arms := p.Scenario.Tracing.Compare
	return fmt.Sprintf("%s, one after another, with a search for each; the report says which share of the capacity of %s each of the others costs",
		plural(len(arms), "arm"), arms[0].Name)
}

// takeTurns says in what slices and in which order the arms run.
func (p Plan) takeTurns() string {
	t, s := p.Scenario.Tracing, p.Scenario
	text := plural(len(t.Compare), "arm") + " in turns over the same connections"
	switch turns := t.turnsOf(s.Duration); {
	case turns == 0:
		text += ", in slices of a length that the run chooses"
	default:
		text += fmt.Sprintf(", %s each time: %s of each arm", t.Slice, plural(turns, "slice"))
	}
	text += ", in balanced order, so that each follows each of the others about as often"
	if p.InPerSecond > 0 {
		messages := p.InPerSecond * s.Duration.Std().Seconds() / float64(len(t.Compare))
		text += fmt.Sprintf("; about %s messages an arm, less what the start of each slice leaves out; "+
			"then once more for half as long, to tell the cost of sending from that of receiving", thousands(messages))
	}
	return text
}

// words is the arm as a person reads it, without its name.
func (a TracingArm) words() string {
	parts := []string{a.doing()}
	add := func(given bool, format string, args ...any) {
		if given {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(a.Arm != ArmOff, "sampler %s", a.Sampler)
	add(a.Relation != "" && a.Relation != ChildAndLink, "%s", a.Relation.words())
	add(a.Attributes > 0, "%d attributes more a span", a.Attributes)
	add(a.Tracestate > 0, "tracestate of %d", a.Tracestate)
	add(a.Baggage > 0, "baggage of %sB", metric(float64(a.Baggage)))
	add(a.Batch != Batch{}, "%s", a.Batch.words())
	add(a.Limits != SpanLimits{}, "%s", a.Limits.words())
	if a.PayloadSize != nil {
		add(true, "payload of %sB", metric(float64(*a.PayloadSize)))
	}
	return strings.Join(parts, "; ")
}

// doing is what the arm does to each message.
func (a TracingArm) doing() string {
	switch a.Arm {
	case ArmOff:
		return "nothing on the wire and no spans"
	case ArmContext:
		return "trace ids travel with the messages, no spans"
	case ArmRecord:
		return "spans on both sides, joined in process"
	}
	return "spans on both sides, exported to " + a.Exporter.words()
}

func (e Exporter) words() string {
	switch {
	case e == Exporter{}:
		return "the embedded sink unless OTEL_EXPORTER_OTLP_ENDPOINT says where"
	case e.Embedded:
		return "the embedded sink, " + e.how()
	}
	return e.Endpoint + ", " + e.how()
}

// how is the protocol, and the compression if there is one.
func (e Exporter) how() string {
	if e.Compression == Uncompressed {
		return e.Protocol
	}
	return e.Protocol + " with " + e.Compression
}

func (r Relation) words() string {
	if r == LinkOnly {
		return "linked, in traces of their own"
	}
	return "children without a link"
}

func (b Batch) words() string {
	var parts []string
	if b.QueueSize > 0 {
		parts = append(parts, "a queue of "+thousands(float64(b.QueueSize)))
	}
	if b.BatchSize > 0 {
		parts = append(parts, "batches of "+thousands(float64(b.BatchSize)))
	}
	if b.Delay > 0 {
		parts = append(parts, "every "+b.Delay.String())
	}
	if b.Timeout > 0 {
		parts = append(parts, "timeout "+b.Timeout.String())
	}
	return strings.Join(parts, ", ")
}

func (l SpanLimits) words() string {
	var parts []string
	for _, limit := range []struct {
		most int
		of   string
	}{{l.Attributes, "attributes"}, {l.Events, "events"}, {l.Links, "links"}, {l.AttributeLength, "characters an attribute"}} {
		if limit.most > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", limit.most, limit.of))
		}
	}
	return "at most " + strings.Join(parts, ", ")
}

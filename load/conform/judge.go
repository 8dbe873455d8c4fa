package conform

import (
	"fmt"
	"slices"
	"strings"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	"go.opentelemetry.io/otel/trace"

	"mqttrace/propagation"
)

// The names that make a context.
const (
	traceparent = "traceparent"
	tracestate  = "tracestate"
	baggage     = "baggage"
)

var contextNames = []string{traceparent, tracestate, baggage}

// finding is what the comparison of a message with what was sent came to.
type finding struct {
	outcome Outcome
	// detail says what the difference is, with both values.
	detail string
	// rank orders the findings of one message; the lowest is reported.
	rank int
	// span is what the finding says about spans of the broker's own.
	span BrokerSpans
}

// judge compares a message's user properties with those that were sent. Properties that the broker adds are no difference as
// long as they are no context.
func judge(sent []packets.User, got *packets.Publish) finding {
	c := comparison{sent: sent, message: got, got: got.Properties.User, placed: map[int]bool{}}
	for _, name := range c.names() {
		c.compare(name)
	}
	c.findAdded()
	if len(c.findings) == 0 {
		c.compareOrder()
	}
	if len(c.findings) == 0 {
		return finding{outcome: Unchanged}
	}
	worst := slices.MinFunc(c.findings, func(a, b finding) int { return a.rank - b.rank })
	worst.detail += c.consequence()
	return worst
}

// comparison is one message under judgement.
type comparison struct {
	sent, got []packets.User
	message   *packets.Publish
	placed    map[int]bool // properties of got that have been explained as the new place of a value
	findings  []finding
}

// Ranks, the worst first.
const (
	rankGone = iota
	rankMore
	rankOther
	rankAdded
	rankOrder
)

func (c *comparison) found(rank int, outcome Outcome, format string, args ...any) {
	c.findings = append(c.findings, finding{outcome: outcome, detail: fmt.Sprintf(format, args...), rank: rank})
}

// names are those that were sent, those of a context first.
func (c *comparison) names() (names []string) {
	for _, name := range contextNames {
		if len(values(c.sent, name)) > 0 {
			names = append(names, name)
		}
	}
	for _, p := range c.sent {
		if !slices.Contains(names, p.Key) {
			names = append(names, p.Key)
		}
	}
	return names
}

func values(props []packets.User, name string) (vs []string) {
	for _, p := range props {
		if p.Key == name {
			vs = append(vs, p.Value)
		}
	}
	return vs
}

// compare looks at all values of a name.
func (c *comparison) compare(name string) {
	sent, got := values(c.sent, name), values(c.got, name)
	joined := strings.Join(sent, ",") == strings.Join(got, ",")
	switch {
	case slices.Equal(sent, got):
	case len(got) == 0:
		c.gone(name, sent[0])
	case len(got) != len(sent) && joined:
		c.found(rankOther, Altered, "%s was sent in %s and came back in %d", show(name), parts(len(sent)), len(got))
	case len(got) < len(sent):
		c.found(rankGone, Dropped, "%s was sent %s and came back %s: %s", show(name), times(len(sent)), times(len(got)), showAll(got))
	case len(got) > len(sent):
		c.found(rankMore, Duplicated, "%s was sent %s and came back %s: %s", show(name), times(len(sent)), times(len(got)), showAll(got))
	case sameInAnyOrder(sent, got):
		c.found(rankOrder, Moved, "the values of %s changed places", show(name))
	default:
		c.changed(name, sent, got)
	}
}

func sameInAnyOrder(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// gone tells a value that stands elsewhere from one that is nowhere.
func (c *comparison) gone(name, value string) {
	if place := c.placeOf(value); place != "" {
		c.found(rankGone, Moved, "%s is gone and its value stands in %s", show(name), place)
		return
	}
	c.found(rankGone, Dropped, "%s %s is gone", show(name), show(value))
}

// placeOf finds where else in the message a value stands.
func (c *comparison) placeOf(value string) string {
	if value == "" {
		return ""
	}
	for i, p := range c.got {
		if strings.Contains(p.Value, value) && !slices.Contains(c.sent, p) {
			c.placed[i] = true
			return "the user property " + show(p.Key)
		}
	}
	for _, place := range []struct{ name, content string }{
		{"the content type", c.message.Properties.ContentType},
		{"the response topic", c.message.Properties.ResponseTopic},
		{"the correlation data", string(c.message.Properties.CorrelationData)},
		{"the payload", string(c.message.Payload)},
	} {
		if strings.Contains(place.content, value) {
			return place.name
		}
	}
	return ""
}

// changed is for as many values as were sent, but others.
func (c *comparison) changed(name string, sent, got []string) {
	i := 0
	for sent[i] == got[i] {
		i++
	}
	both := fmt.Sprintf("sent %s, came back %s", show(sent[i]), show(got[i]))
	if name == traceparent {
		if what, span := rewritten(sent[i], got[i]); what != "" {
			c.found(rankOther, Rewritten, "%s has %s: %s", name, what, both)
			c.findings[len(c.findings)-1].span = span
			return
		}
	}
	c.found(rankOther, Altered, "%s has another value: %s", show(name), both)
}

// rewritten says which part of a traceparent is another; nothing if one of the two is not valid, or if they mean the same.
func rewritten(sent, got string) (what string, span BrokerSpans) {
	before, errBefore := propagation.ParseTraceparent(sent)
	after, errAfter := propagation.ParseTraceparent(got)
	switch {
	case errBefore != nil || errAfter != nil:
		return "", ""
	case before.TraceID() != after.TraceID():
		return "another trace id", ""
	case before.SpanID() != after.SpanID():
		return "another parent id in the same trace: the broker takes part in it", ReplacesParent
	case before.TraceFlags() != after.TraceFlags():
		return "other flags", ""
	default:
		return "", ""
	}
}

// findAdded looks for a context where there was none.
func (c *comparison) findAdded() {
	for i, p := range c.got {
		if c.placed[i] || !slices.Contains(contextNames, p.Key) || len(values(c.sent, p.Key)) > 0 {
			continue
		}
		c.found(rankAdded, Added, "%s %s was not sent", show(p.Key), show(p.Value))
		if p.Key == traceparent {
			c.findings[len(c.findings)-1].span = AddsContext
		}
	}
}

// compareOrder compares properties that are all there, but for those that the broker added.
func (c *comparison) compareOrder() {
	var got []packets.User
	for _, p := range c.got {
		if slices.ContainsFunc(c.sent, func(s packets.User) bool { return s.Key == p.Key }) {
			got = append(got, p)
		}
	}
	for i, p := range c.sent {
		if p != got[i] {
			c.found(rankOrder, Moved, "the order changed: %s stands where %s was", show(got[i].Key), show(p.Key))
			return
		}
	}
}

// consequence says what receivers make of it.
func (c *comparison) consequence() string {
	before, errBefore := extract(c.sent)
	after, errAfter := extract(c.got)
	switch {
	case errBefore == nil && errAfter != nil:
		return "; a receiver starts a new trace"
	case errBefore != nil && errAfter == nil:
		return "; a receiver continues a trace that nobody sent it"
	case errBefore == nil && before.TraceID() == after.TraceID() && before.SpanID() != after.SpanID():
		return "; a receiver takes another span for the parent"
	default:
		return ""
	}
}

func extract(props []packets.User) (trace.SpanContext, error) {
	list := make(paho.UserProperties, 0, len(props))
	for _, p := range props {
		list = append(list, paho.UserProperty{Key: p.Key, Value: p.Value})
	}
	return propagation.Extract(list)
}

func parts(n int) string {
	if n == 1 {
		return "one part"
	}
	return fmt.Sprintf("%d parts", n)
}

func times(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	default:
		return fmt.Sprintf("%d times", n)
	}
}

// shown is how many bytes of a value are shown, a traceparent's and a bit.
const shown = 60

// show is a name or value as a person reads it: what cannot be printed is escaped, what is long is cut.
func show(s string) string {
	cut := s
	if len(s) > shown {
		cut = s[:shown]
	}
	quoted := fmt.Sprintf("%q", cut)
	if quoted == `"`+cut+`"` && cut != "" && !strings.Contains(cut, " ") {
		quoted = cut
	}
	if len(s) > shown {
		quoted += fmt.Sprintf("… (%d bytes)", len(s))
	}
	return quoted
}

func showAll(vs []string) string {
	all := make([]string, len(vs))
	for i, v := range vs {
		all[i] = show(v)
	}
	return strings.Join(all, ", ")
}

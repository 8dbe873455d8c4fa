package observe

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
)

// brokenIn lists what is broken as "what service topic".
func brokenIn(r *result.Result) (all []string) {
	for _, b := range r.Observed.Broken {
		for range b.Count {
			all = append(all, b.What+" "+b.Service+" "+b.Topic)
		}
	}
	return all
}

// TestPairing has every case in both orders of arrival: exporters keep none.
func TestPairing(t *testing.T) {
	retained := attr("messaging.mqtt.retain", true)
	for name, tc := range map[string]struct {
		spans  []made
		want   result.Pairing
		broken []string
	}{
		"child": {
			spans: []made{publish(1, 1), process(1, 2, childOf(1))},
			want:  result.Pairing{Parent: 1},
		},
		"child with a link": {
			spans: []made{publish(1, 1), process(1, 2, childOf(1), linkTo(1, 1))},
			want:  result.Pairing{Parent: 1},
		},
		"link from another trace": {
			spans: []made{publish(1, 1), process(2, 2, linkTo(1, 1))},
			want:  result.Pairing{Link: 1},
		},
		"link from a span with another parent": {
			spans: []made{publish(1, 1), inner(2, 3), process(2, 2, childOf(3), linkTo(1, 1))},
			want:  result.Pairing{Link: 1},
		},
		"batch": {
			spans: []made{publish(1, 1), publish(2, 2), publish(3, 3), process(4, 4, linkTo(1, 1), linkTo(2, 2), linkTo(3, 3))},
			want:  result.Pairing{Link: 3},
		},
		"three receivers": {
			spans: []made{publish(1, 1), process(1, 2, childOf(1)), process(1, 3, childOf(1)), process(1, 4, childOf(1))},
			want:  result.Pairing{Parent: 3},
		},
		"a broker's span between": {
			spans: []made{publish(1, 1), inner(1, 5, childOf(1), from("broker", "h3")), inner(1, 6, childOf(5), from("broker", "h3")), process(1, 2, childOf(6))},
			want:  result.Pairing{Ancestor: 1},
		},
		"a chain of services": {
			spans: []made{publish(1, 1), process(1, 2, childOf(1)), publish(1, 3, childOf(2)), process(1, 4, childOf(3))},
			want:  result.Pairing{Parent: 2},
		},
		"receive and process": {
			spans: []made{publish(1, 1), process(1, 2, childOf(1)), process(1, 3, childOf(2))},
			want:  result.Pairing{Parent: 1},
		},
		"created, sent by a client, received": {
			spans: []made{publish(1, 1), publish(2, 2, kind(kindClient), linkTo(1, 1)), process(1, 3, childOf(1))},
			want:  result.Pairing{Parent: 1},
		},
		"retained, replayed": {
			spans: []made{publish(1, 1), process(1, 2, childOf(1)), process(3, 3, linkTo(1, 1), retained)},
			want:  result.Pairing{Parent: 1, Retained: 1},
		},
		"retained, published before anybody watched": {
			spans: []made{process(3, 3, linkTo(1, 1), retained)},
			want:  result.Pairing{Retained: 1},
		},
		"nothing in common but the trace": {
			spans:  []made{inner(1, 9), publish(1, 1, childOf(9)), process(1, 2, childOf(9))},
			want:   result.Pairing{Trace: 1},
			broken: []string{"wrong_parent receiver a/b"},
		},
		"a parent that never came": {
			spans:  []made{publish(1, 1), process(1, 2, childOf(77))},
			want:   result.Pairing{Trace: 1},
			broken: []string{"wrong_parent receiver a/b"},
		},
		"a topic decides between producers": {
			spans: []made{inner(1, 9),
				publish(1, 1, childOf(9)), publish(1, 2, childOf(9), attr("messaging.destination.name", "c/d")),
				process(1, 3, childOf(9), attr("messaging.destination.name", "c/d")), process(1, 4, childOf(9))},
			want:   result.Pairing{Trace: 2},
			broken: []string{"wrong_parent receiver a/b", "wrong_parent receiver c/d"},
		},
		"nobody received it": {
			spans:  []made{publish(1, 1)},
			broken: []string{"producer_without_consumer sender a/b"},
		},
		"somebody else received it": {
			spans:  []made{publish(1, 1), process(2, 2, childOf(99))},
			broken: []string{"consumer_without_producer receiver a/b", "producer_without_consumer sender a/b"},
		},
		"the context did not cross": {
			spans:  []made{publish(1, 1), process(2, 2)},
			broken: []string{"consumer_without_parent receiver a/b", "producer_without_consumer sender a/b"},
		},
		"a parent that is not a producer": {
			spans:  []made{inner(1, 9), process(1, 2, childOf(9))},
			broken: []string{"consumer_without_producer receiver a/b"},
		},
		"its own parent": {
			spans:  []made{publish(1, 1), process(2, 2, childOf(2))},
			broken: []string{"producer_without_consumer sender a/b"},
		},
		"parents in a circle": {
			spans:  []made{inner(1, 3, childOf(4)), inner(1, 4, childOf(3)), process(1, 2, childOf(3))},
			broken: []string{"consumer_without_producer receiver a/b"},
		},
		"acknowledged": {
			spans: []made{publish(1, 1), process(1, 2, childOf(1)),
				process(1, 3, childOf(2), kind(kindClient), attr("messaging.operation.type", "settle"), attr("messaging.operation.name", "ack"))},
			want: result.Pairing{Parent: 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, spans := range [][]made{tc.spans, reversed(tc.spans)} {
				got := recorded(t, spans...)
				assert.Equal(t, tc.want, got.Observed.Messages)
				broken := brokenIn(got)
				slices.Sort(broken)
				assert.Equal(t, tc.broken, broken)
				assert.Equal(t, uint64(len(tc.broken))+tc.want.Parent+tc.want.Link+tc.want.Ancestor, got.Arms[0].Spans.Messages)
			}
		})
	}
}

func reversed(all []made) []made {
	all = slices.Clone(all)
	slices.Reverse(all)
	return all
}

func TestLatencies(t *testing.T) {
	got := recorded(t,
		publish(1, 1), process(1, 2, childOf(1)), // 2 ms, 3 ms before the acknowledgement
		publish(2, 3), process(2, 4, childOf(3), at(time.Second+20*time.Millisecond)),
		publish(3, 5), process(3, 6, childOf(5), from("other", "h3")),
	).Observed
	require.Len(t, got.Pairs, 2)
	p := got.Pairs[0]
	assert.Equal(t, [3]string{"sender", "receiver", "a/b"}, [3]string{p.Producer, p.Consumer, p.Topic})
	assert.Equal(t, uint64(2), p.Latency.Count)
	assert.Equal(t, int64(2e6), p.Latency.MinNS)
	assert.Equal(t, int64(20e6), p.Latency.MaxNS)
	assert.Equal(t, int64(-3e6), p.AfterProducer.MinNS)
	assert.Equal(t, uint64(1), p.AfterProducer.Negative)
	require.Len(t, p.Slowest, 2)
	assert.Equal(t, result.Example{TraceID: "00000000000000000000000000000002", SpanID: "0000000000000004", Service: "receiver",
		Name: "process a/b", At: began.Add(time.Second), LatencyNS: 20e6}, p.Slowest[0])
	assert.Equal(t, "other", got.Pairs[1].Consumer)
	assert.Equal(t, []result.Service{
		{Name: "other", Hosts: []string{"h3"}, Spans: 1, Consumers: 1},
		{Name: "receiver", Hosts: []string{"h2"}, Spans: 2, Consumers: 2},
		{Name: "sender", Hosts: []string{"h1"}, Spans: 3, Producers: 3},
	}, got.Services)
}

// TestTopics: messages are told apart by patterns, where there are any, for devices have topics of their own.
func TestTopics(t *testing.T) {
	const name, template, subscription = "messaging.destination.name", "messaging.destination.template", "messaging.destination.subscription.name"
	for label, tc := range map[string]struct {
		sent, received map[string]any
		want           string
	}{
		"exact":                         {map[string]any{name: "d/1"}, map[string]any{name: "d/1"}, "d/1"},
		"the sender's template":         {map[string]any{name: "d/1", template: "d/{id}"}, map[string]any{name: "d/1", subscription: "d/+"}, "d/{id}"},
		"the receiver's template":       {map[string]any{name: "d/1"}, map[string]any{name: "d/1", template: "d/{id}"}, "d/{id}"},
		"the receiver's filter":         {map[string]any{name: "d/1"}, map[string]any{name: "d/1", subscription: "d/+"}, "d/+"},
		"shared":                        {map[string]any{name: "d/1"}, map[string]any{name: "d/1", subscription: "$share/g/d/+"}, "d/+"},
		"too much in one":               {map[string]any{name: "d/1"}, map[string]any{name: "d/1", subscription: "#"}, "d/1"},
		"only the receiver knows":       {map[string]any{}, map[string]any{name: "d/1"}, "d/1"},
		"nobody knows":                  {map[string]any{}, map[string]any{}, ""},
		"by the name that it used have": {map[string]any{"messaging.destination": "d/1"}, map[string]any{}, "d/1"},
	} {
		t.Run(label, func(t *testing.T) {
			p, c := publish(1, 1), process(1, 2, childOf(1))
			p.attributes, c.attributes = tc.sent, tc.received
			got := recorded(t, p, c).Observed
			require.Len(t, got.Pairs, 1)
			assert.Equal(t, tc.want, got.Pairs[0].Topic)
		})
	}
}

func TestPairsAreBounded(t *testing.T) {
	var spans []made
	for i := range uint64(3 * mostPairs) {
		topic := attr("messaging.destination.name", string(rune('a'+i)))
		spans = append(spans, publish(i+1, 2*i+1, topic), process(i+1, 2*i+2, childOf(2*i+1), topic))
	}
	got := recorded(t, spans...).Observed
	require.Len(t, got.Pairs, mostPairs+1)
	assert.Equal(t, others, got.Pairs[0].Topic)
	assert.Equal(t, "sender", got.Pairs[0].Producer)
	assert.Equal(t, uint64(2*mostPairs), got.Pairs[0].Latency.Count)
}

// TestSkew: what arrives before it was sent is shown and left as it is.
func TestSkew(t *testing.T) {
	got := recorded(t,
		publish(1, 1), process(1, 2, childOf(1), at(time.Second-40*time.Millisecond)),
		publish(2, 3), process(2, 4, childOf(3)),
		publish(3, 5), process(3, 6, childOf(5), from("receiver", "h1")),
	)
	require.Len(t, got.Observed.Skews, 2)
	assert.Equal(t, result.Skew{From: "h1", To: "h2", Messages: 2, Negative: 1, MinNS: -40e6, Examples: got.Observed.Skews[0].Examples}, got.Observed.Skews[0])
	assert.Len(t, got.Observed.Skews[0].Examples, 1)
	assert.Equal(t, result.Skew{From: "h1", To: "h1", Messages: 1, MinNS: 2e6}, got.Observed.Skews[1])
	assert.Equal(t, int64(-40e6), got.Arms[0].Latency[result.Trace].MinNS)
	assert.Equal(t, uint64(1), got.Arms[0].Latency[result.Trace].Negative)
	require.Len(t, got.Warnings, 1)
	assert.Equal(t, "h1 → h2: 1 of 2 messages seem to arrive before they are sent, by up to 40ms: their clocks disagree by that much at least; nothing was corrected",
		got.Warnings[0].Text)
}

func TestWarnsOfBrokenTraces(t *testing.T) {
	got := recorded(t, publish(1, 1), process(1, 2, childOf(1)), publish(2, 3))
	assert.Equal(t, result.Fail, got.Verdict)
	assert.Equal(t, "1 of 2 messages have broken traces", got.Reason)
	require.Len(t, got.Warnings, 1)
	assert.Equal(t, "1 of 2 messages have broken traces: these latencies know the others, and 0 that are paired by nothing but a shared trace id", got.Warnings[0].Text)
	assert.Equal(t, result.Trace, got.Warnings[0].About)
}

func TestNothingToSee(t *testing.T) {
	got := recorded(t)
	assert.Equal(t, result.Invalid, got.Verdict)
	assert.Equal(t, "no spans were received", got.Reason)
	got = recorded(t, inner(1, 1))
	assert.Equal(t, result.Invalid, got.Verdict)
	assert.Contains(t, got.Reason, "none of 1 is a PRODUCER or CONSUMER")

	o, _ := watching(Config{})
	require.NoError(t, o.Traces(t.Context(), request(publish(1, 1))))
	got = finish(t, o)
	assert.Equal(t, result.Invalid, got.Verdict)
	assert.Contains(t, got.Reason, "no message could be judged")
}

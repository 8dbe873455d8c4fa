package conform_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
	"mqttrace/load/conform"
	"mqttrace/propagation"
)

// traceparents applies a change to each valid traceparent.
func traceparents(change func(string) string) faults {
	return onProperties(func(props []packets.User) []packets.User {
		for i, p := range props {
			if _, err := propagation.ParseTraceparent(p.Value); p.Key == "traceparent" && err == nil && len(p.Value) == 55 {
				props[i].Value = change(p.Value)
			}
		}
		return props
	})
}

// without takes the first traceparent out.
func without(props []packets.User) (rest []packets.User, taken *packets.User) {
	i := indexOf(props, "traceparent")
	if i < 0 {
		return props, nil
	}
	p := props[i]
	return append(append(rest, props[:i]...), props[i+1:]...), &p
}

const otherParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// Every fault is reported under its own name, in every row that it can be seen in, and no row blames another.
func TestRelayIsCaught(t *testing.T) {
	tests := []struct {
		name    string
		faults  faults
		want    conform.Outcome
		rows    []string // must have it
		atLeast int      // rows
		spans   conform.BrokerSpans
		detail  string // of the first of rows
	}{
		{
			name:   "rewrites the parent id",
			faults: traceparents(func(s string) string { return s[:36] + otherParent[36:52] + s[52:] }),
			want:   conform.Rewritten, rows: []string{"qos-0", "qos-1", "qos-2", "will-crash", "retained-replayed", "redelivered", "sampled"}, atLeast: 50,
			spans: conform.ReplacesParent, detail: "the broker takes part in it",
		},
		{
			name:   "rewrites the trace id",
			faults: traceparents(func(s string) string { return s[:3] + otherParent[3:35] + s[35:] }),
			want:   conform.Rewritten, rows: []string{"qos-1", "shared", "session-qos-1"}, atLeast: 50, detail: "another trace id",
		},
		{
			name:   "clears the sampled flag",
			faults: traceparents(func(s string) string { return s[:53] + "00" }),
			want:   conform.Rewritten, rows: []string{"sampled", "random-flag"}, atLeast: 45, detail: "other flags",
		},
		{
			name: "drops traceparent",
			faults: onProperties(func(props []packets.User) []packets.User {
				rest, _ := without(props)
				return rest
			}),
			want: conform.Dropped, rows: []string{"qos-1", "others-0", "two-traceparents", "empty-traceparent"}, atLeast: 50,
			detail: "a receiver starts a new trace",
		},
		{
			name:   "drops every user property",
			faults: onProperties(func([]packets.User) []packets.User { return nil }),
			want:   conform.Dropped, rows: []string{"qos-0", "no-context", "mixed-case"}, atLeast: 60,
		},
		{
			name: "keeps 32 properties at most",
			faults: onProperties(func(props []packets.User) []packets.User {
				return props[:min(len(props), 32)]
			}),
			want: conform.Dropped, rows: []string{"others-64", "others-32"}, atLeast: 2,
		},
		{
			name: "duplicates traceparent",
			faults: onProperties(func(props []packets.User) []packets.User {
				if _, taken := without(props); taken != nil {
					return append(props, *taken)
				}
				return props
			}),
			want: conform.Duplicated, rows: []string{"qos-1", "fan-out", "equal-traceparents"}, atLeast: 50, detail: "a receiver starts a new trace",
		},
		{
			name: "adds a traceparent of its own to one that is there",
			faults: onProperties(func(props []packets.User) []packets.User {
				if _, taken := without(props); taken != nil {
					return append(props, packets.User{Key: "traceparent", Value: otherParent})
				}
				return props
			}),
			want: conform.Duplicated, rows: []string{"qos-1"}, atLeast: 50,
		},
		{
			name: "adds a traceparent where there is none",
			faults: onProperties(func(props []packets.User) []packets.User {
				if indexOf(props, "traceparent") < 0 {
					return append(props, packets.User{Key: "traceparent", Value: otherParent})
				}
				return props
			}),
			want: conform.Added, rows: []string{"no-properties", "no-context", "state-alone", "mixed-case"}, atLeast: 4, spans: conform.AddsContext,
			detail: "a receiver continues a trace that nobody sent it",
		},
		{
			name: "moves traceparent to the end",
			faults: onProperties(func(props []packets.User) []packets.User {
				if rest, taken := without(props); taken != nil {
					return append(rest, *taken)
				}
				return props
			}),
			want: conform.Moved, rows: []string{"qos-1", "interleaved", "others-64"}, atLeast: 45, detail: "the order changed",
		},
		{
			name: "moves traceparent to the content type",
			faults: onDelivery(func(m *packets.Publish) {
				for rest, taken := without(m.Properties.User); taken != nil && taken.Value != ""; rest, taken = without(rest) {
					m.Properties.User, m.Properties.ContentType = rest, m.Properties.ContentType+taken.Value
				}
			}),
			want: conform.Moved, rows: []string{"qos-1", "will-asked-for"}, atLeast: 50, detail: "its value stands in the content type",
		},
		{
			name: "moves traceparent into the payload",
			faults: onDelivery(func(m *packets.Publish) {
				for rest, taken := without(m.Properties.User); taken != nil && taken.Value != ""; rest, taken = without(rest) {
					m.Properties.User, m.Payload = rest, append(m.Payload, taken.Value...)
				}
			}),
			want: conform.Moved, rows: []string{"qos-1", "session-qos-1"}, atLeast: 50, detail: "its value stands in the payload",
		},
		{
			name: "writes names in lower case",
			faults: onProperties(func(props []packets.User) []packets.User {
				for i := range props {
					props[i].Key = strings.ToLower(props[i].Key)
				}
				return props
			}),
			want: conform.Moved, rows: []string{"mixed-case", "mixed-case-beside"}, atLeast: 2, detail: "the user property traceparent",
		},
		{
			name: "sorts properties by name",
			faults: onProperties(func(props []packets.User) []packets.User {
				sorted := append([]packets.User{}, props...)
				for i := range sorted {
					for j := i; j > 0 && sorted[j].Key < sorted[j-1].Key; j-- {
						sorted[j], sorted[j-1] = sorted[j-1], sorted[j]
					}
				}
				return sorted
			}),
			want: conform.Moved, rows: []string{"qos-1", "interleaved", "repeated-name"}, atLeast: 20,
		},
		{
			name: "keeps the last of each name, as a map does",
			faults: onProperties(func(props []packets.User) []packets.User {
				var kept []packets.User
				for i, p := range props {
					if indexOf(props[i+1:], p.Key) < 0 {
						kept = append(kept, p)
					}
				}
				return kept
			}),
			want: conform.Dropped, rows: []string{"repeated-name", "two-traceparents", "equal-traceparents", "state-in-parts", "baggage-in-parts"}, atLeast: 5,
		},
		{
			name: "joins tracestate into one",
			faults: onProperties(func(props []packets.User) []packets.User {
				var joined []packets.User
				for _, p := range props {
					if i := indexOf(joined, "tracestate"); p.Key == "tracestate" && i >= 0 {
						joined[i].Value += "," + p.Value
						continue
					}
					joined = append(joined, p)
				}
				return joined
			}),
			want: conform.Altered, rows: []string{"state-in-parts"}, atLeast: 1, detail: "in 3 parts and came back in 1",
		},
		{
			name: "cuts values at 256 bytes",
			faults: onProperties(func(props []packets.User) []packets.User {
				for i := range props {
					props[i].Value = props[i].Value[:min(len(props[i].Value), 256)]
				}
				return props
			}),
			want: conform.Altered, rows: []string{"tracestate-512", "baggage-8k", "longest-value", "longest-state"}, atLeast: 4,
		},
		{
			name:   "garbles traceparent",
			faults: traceparents(func(s string) string { return "zz" + s[2:] }),
			want:   conform.Altered, rows: []string{"qos-1"}, atLeast: 50, detail: "a receiver starts a new trace",
		},
		{
			name:   "trims spaces",
			faults: onProperties(trimmed),
			want:   conform.Altered, rows: []string{"spaces-around"}, atLeast: 1,
		},
		{
			name:   "cuts the connection of senders that trace",
			faults: faults{ToBroker: func(p *packets.ControlPacket) bool { return !isTraced(p) }},
			want:   conform.Refused, rows: []string{"qos-0", "qos-1", "retained-live", "session-qos-1"}, atLeast: 45, detail: "the sender's connection ended without a DISCONNECT",
		},
		{
			name: "refuses messages with a traceparent",
			faults: faults{Answer: func(p *packets.ControlPacket) *packets.ControlPacket {
				if !isTraced(p) || p.Content.(*packets.Publish).QoS != 1 {
					return nil
				}
				ack := packets.NewControlPacket(packets.PUBACK)
				*ack.Content.(*packets.Puback) = packets.Puback{
					PacketID: p.PacketID(), ReasonCode: 0x99, Properties: &packets.Properties{ReasonString: "no tracing here"},
				}
				return ack
			}},
			want: conform.Refused, rows: []string{"qos-1"}, atLeast: 45, detail: "0x99 payload format invalid (no tracing here)",
		},
	}
	b, err := broker.StartMosquitto(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, b.Stop(context.Background())) })
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			report, err := conform.Run(t.Context(), targetOf(startRelay(t, b.Addr(), test.faults)), conform.Options{Timeout: patience})
			require.NoError(t, err)
			assert.Equal(t, conform.Suffers, report.Verdict)
			failed := 0
			for _, row := range report.Rows {
				if row.Status == conform.Fail {
					failed++
					assert.Equal(t, test.want, row.Outcome, "%s: %s", row.Name, row.Detail)
				}
			}
			assert.GreaterOrEqual(t, failed, test.atLeast)
			for _, name := range test.rows {
				assert.Equal(t, conform.Fail, rowOf(t, report, name).Status, name)
			}
			assert.Contains(t, rowOf(t, report, test.rows[0]).Detail, test.detail)
			assert.Contains(t, report.Reason, string(test.want))
			if test.spans == "" {
				test.spans = conform.NoneSeen
			}
			assert.Equal(t, test.spans, report.Spans)
			assert.Empty(t, report.Warnings)
		})
	}
}

func trimmed(props []packets.User) []packets.User {
	for i := range props {
		props[i].Value = strings.Trim(props[i].Value, " ")
	}
	return props
}

// patience is a timeout that nothing should come near.
const patience = 20 * time.Second

func rowOf(t *testing.T, report *conform.Report, name string) conform.Row {
	t.Helper()
	for _, row := range report.Rows {
		if row.Name == name {
			return row
		}
	}
	require.Fail(t, "no row "+name)
	return conform.Row{}
}

// A message that is lost is told from one that is changed; waiting for it is bounded.
func TestLostMessage(t *testing.T) {
	b, err := broker.Listen(broker.EmbeddedConfig{})
	require.NoError(t, err)
	defer b.Close()
	r := startRelay(t, b.Addr(), faults{Swallow: isTraced})
	report, err := conform.Run(t.Context(), targetOf(r), conform.Options{Timeout: 2 * time.Second, Only: []string{"qos-1", "no-context"}})
	require.NoError(t, err)
	lost := rowOf(t, report, "qos-1")
	assert.Equal(t, conform.NotDelivered, lost.Outcome)
	assert.Contains(t, lost.Detail, "no message within")
	assert.Empty(t, lost.Received)
	assert.NotEmpty(t, lost.Sent)
	assert.Equal(t, conform.Pass, rowOf(t, report, "no-context").Status)
	assert.Equal(t, conform.Suffers, report.Verdict)
}

// A connection that is lost once says nothing about trace context: the row is tried again.
func TestConnectionLostOnce(t *testing.T) {
	b, err := broker.Listen(broker.EmbeddedConfig{})
	require.NoError(t, err)
	defer b.Close()
	for name, f := range map[string]func(fail func(*packets.ControlPacket) bool) faults{
		"sender":   func(fail func(*packets.ControlPacket) bool) faults { return faults{ToBroker: fail} },
		"receiver": func(fail func(*packets.ControlPacket) bool) faults { return faults{ToReceiver: fail} },
	} {
		t.Run(name, func(t *testing.T) {
			cut := false
			r := startRelay(t, b.Addr(), f(func(p *packets.ControlPacket) bool {
				now := isTraced(p) && !cut
				cut = cut || now
				return !now
			}))
			report, err := conform.Run(t.Context(), targetOf(r), conform.Options{Timeout: patience, Only: []string{"qos-1", "qos-2"}})
			require.NoError(t, err)
			assert.Equal(t, conform.Survives, report.Verdict, report.Reason)
		})
	}
}

// A broker that goes away leaves a report of what was learned before.
func TestBrokerGoesAway(t *testing.T) {
	b, err := broker.Listen(broker.EmbeddedConfig{})
	require.NoError(t, err)
	defer b.Close()
	r := startRelay(t, b.Addr(), faults{})
	report, err := conform.Run(t.Context(), targetOf(r), conform.Options{Timeout: patience, Progress: func(p conform.Progress) {
		if p.Done == 3 {
			r.Vanish()
		}
	}})
	require.NoError(t, err)
	assert.Equal(t, conform.Incomplete, report.Verdict)
	assert.Equal(t, 3, report.Counts[conform.Pass])
	assert.Equal(t, len(conform.Cases())-3, report.Counts[conform.Broken])
	assert.Contains(t, report.Rows[3].Detail, "connect to 127.0.0.1:")
	assert.Contains(t, report.Rows[len(report.Rows)-1].Detail, "could not be reached for the rows before")
}

// When the caller has had enough, what was learned is kept and the rest is said to be missing.
func TestInterrupted(t *testing.T) {
	b, err := broker.Listen(broker.EmbeddedConfig{})
	require.NoError(t, err)
	defer b.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := startRelay(t, b.Addr(), faults{Swallow: func(p *packets.ControlPacket) bool {
		if isTraced(p) {
			cancel() // the row waits for this message and for nothing else
		}
		return isTraced(p)
	}})
	report, err := conform.Run(ctx, targetOf(r), conform.Options{Timeout: patience, Only: []string{"qos-1", "no-context", "qos-2"}})
	require.NoError(t, err)
	assert.Equal(t, conform.Interrupted, report.Verdict)
	assert.Equal(t, "interrupted after 0 of 3 rows", report.Reason)
	assert.Equal(t, "interrupted", report.Rows[0].Detail)
}

// CONNACK and reason codes say what a broker does not have: that is no fault.
func TestUnsupported(t *testing.T) {
	b, err := broker.Listen(broker.EmbeddedConfig{})
	require.NoError(t, err)
	defer b.Close()
	zero, small := byte(0), uint32(1000)
	r := startRelay(t, b.Addr(), faults{ToReceiver: func(p *packets.ControlPacket) bool {
		if c, ok := p.Content.(*packets.Connack); ok {
			c.Properties.SharedSubAvailable, c.Properties.MaximumPacketSize = &zero, &small
		}
		return true
	}})
	report, err := conform.Run(t.Context(), targetOf(r), conform.Options{Timeout: patience})
	require.NoError(t, err)
	assert.Equal(t, conform.Survives, report.Verdict, report.Reason)
	assert.Contains(t, report.Broker.Limits.String(), "no shared subscriptions")
	assert.Contains(t, report.Broker.Limits.String(), "packets up to 1000 bytes")
	for name, why := range map[string]string{
		"shared":         "CONNACK says that shared subscriptions are not available",
		"baggage-8k":     "bytes, and CONNACK allows 1000",
		"longest-value":  "bytes, and CONNACK allows 1000",
		"others-64":      "bytes, and CONNACK allows 1000",
		"baggage-64":     "",
		"tracestate-512": "",
	} {
		row := rowOf(t, report, name)
		if why == "" {
			assert.Equal(t, conform.Pass, row.Status, name)
			continue
		}
		assert.Equal(t, conform.Skipped, row.Status, name)
		assert.Contains(t, row.Detail, why, name)
	}
}

// A subscription that is refused says nothing about trace context either.
func TestSubscriptionRefused(t *testing.T) {
	b, err := broker.Listen(broker.EmbeddedConfig{})
	require.NoError(t, err)
	defer b.Close()
	r := startRelay(t, b.Addr(), faults{Answer: func(p *packets.ControlPacket) *packets.ControlPacket {
		s, ok := p.Content.(*packets.Subscribe)
		if !ok || !strings.HasPrefix(s.Subscriptions[0].Topic, "$share/") {
			return nil
		}
		ack := packets.NewControlPacket(packets.SUBACK)
		*ack.Content.(*packets.Suback) = packets.Suback{PacketID: s.PacketID, Reasons: []byte{0x87}, Properties: &packets.Properties{}}
		return ack
	}})
	report, err := conform.Run(t.Context(), targetOf(r), conform.Options{Timeout: patience, Only: []string{"shared", "qos-1"}})
	require.NoError(t, err)
	assert.Equal(t, "trace context survives this broker: 1 row as specified, 1 unsupported", report.Reason)
	assert.Contains(t, rowOf(t, report, "shared").Detail, "refused with 0x87 not authorized")
}

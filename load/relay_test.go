package load

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/eclipse/paho.golang/packets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
	"mqttrace/load/clock"
	"mqttrace/load/internal/relay"
	"mqttrace/load/result"
	"mqttrace/load/stamp"
)

// everyTenth is true for each tenth delivery of a message of the run.
func everyTenth(do func(*packets.Publish) bool) func(*packets.ControlPacket) bool {
	var n atomic.Int64
	return func(p *packets.ControlPacket) bool {
		m, ok := p.Content.(*packets.Publish)
		if !ok || len(m.Properties.User) == 0 { // a probe
			return false
		}
		return n.Add(1)%10 == 0 && do(m)
	}
}

// change makes a fault of what is done to each tenth delivery's user properties.
func change(f func([]packets.User) []packets.User) relay.Faults {
	tenth := everyTenth(func(m *packets.Publish) bool { m.Properties.User = f(m.Properties.User); return true })
	return relay.Faults{ToReceiver: func(p *packets.ControlPacket) bool { tenth(p); return true }}
}

// passing notes the messages that a relay does something to, in the words of a ledger.
type passing struct {
	n    atomic.Int64
	seen []result.Message
}

// hundredth notes every hundredth delivery of a message of the run, beginning with the fiftieth.
func (p *passing) hundredth() func(*packets.ControlPacket) bool {
	return func(c *packets.ControlPacket) bool {
		m, ok := c.Content.(*packets.Publish)
		if !ok {
			return false
		}
		s, ok := stamp.Decode(m.Properties.CorrelationData, clock.Now())
		if !ok || s.Kind != stamp.Measured || p.n.Add(1)%100 != 50 {
			return false
		}
		p.seen = append(p.seen, result.Message{Sender: fmt.Sprintf("s%d", s.Sender), Seq: s.Seq})
		return true
	}
}

// named takes the run's label off examples.
func named(examples []result.Message) (all []result.Message) {
	for _, m := range examples {
		all = append(all, result.Message{Sender: m.Sender[strings.LastIndex(m.Sender, "-")+1:], Seq: m.Seq})
	}
	return all
}

// A relay that drops, repeats or swaps one in a hundred messages is caught to the message.
func TestLedgersNameTheMessages(t *testing.T) {
	t.Parallel()
	var dropped, repeated, swapped passing
	cases := []struct {
		name     string
		senders  string
		faults   relay.Faults
		done     *passing
		examples func(result.Delivery) []result.Message
		count    func(result.Delivery) uint64
	}{
		{"dropped", "count: 5, rate: 100/s", relay.Faults{Swallow: dropped.hundredth()}, &dropped, func(d result.Delivery) []result.Message { return d.LostExamples }, func(d result.Delivery) uint64 { return d.Lost }},
		{"repeated", "count: 5, rate: 100/s", relay.Faults{Repeat: repeated.hundredth()}, &repeated, func(d result.Delivery) []result.Message { return d.DuplicatedExamples }, func(d result.Delivery) uint64 { return d.Duplicated }},
		// A message of another sender in between would be no change of order, so there is one sender.
		{"swapped", "rate: 500/s", relay.Faults{Swap: swapped.hundredth()}, &swapped, func(d result.Delivery) []result.Message { return d.ReorderedExamples }, func(d result.Delivery) uint64 { return d.Reordered }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := startMosquitto(t, broker.MosquittoConfig{})
			r, err := relay.Start(b.Addr(), c.faults)
			require.NoError(t, err)
			defer r.Close()
			res := runScenario(t, `
broker: mqtt://`+r.Addr()+`
warmup: 0s
duration: 2s
drain: 3s
senders: [{name: sensors, `+c.senders+`, topic: "bench/{sender}"}]
receivers: [{name: backend, filter: bench/#}]
`)
			r.Close()
			assert.EqualValues(t, 1000, res.Arms[0].Sent)
			d := res.Arms[0].Delivery
			assert.EqualValues(t, 10, c.count(d))
			assert.ElementsMatch(t, c.done.seen, named(c.examples(d)))
			assert.EqualValues(t, 10, d.Lost+d.Duplicated+d.Reordered, "and nothing else")
		})
	}
}

// A broker or a bridge that does something to messages or to their trace context is caught, each fault under its own name.
func TestLedgersTellTheFaultsOfARelay(t *testing.T) {
	t.Parallel()
	const other = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"
	value := func(v string) func([]packets.User) []packets.User {
		return func([]packets.User) []packets.User { return []packets.User{{Key: "traceparent", Value: v}} }
	}
	cases := []struct {
		name   string
		faults relay.Faults
		check  func(t *testing.T, a result.Arm)
	}{
		{"nothing", relay.Faults{}, func(t *testing.T, a result.Arm) {
			assert.EqualValues(t, 100, a.Spans.Whole)
		}},
		{"traceparent rewritten", change(func(u []packets.User) []packets.User {
			u[0].Value = u[0].Value[:36] + "0123456789abcdef" + u[0].Value[52:]
			return u
		}), func(t *testing.T, a result.Arm) {
			assert.EqualValues(t, 90, a.Spans.Whole)
			assert.EqualValues(t, 10, a.Spans.WrongParent)
			assert.NotEmpty(t, a.Latency[result.Trace].Withheld, "a tenth is not whole")
		}},
		{"another trace", change(value(other)), func(t *testing.T, a result.Arm) {
			assert.EqualValues(t, 10, a.Spans.WrongTrace)
		}},
		{"traceparent dropped", change(func([]packets.User) []packets.User { return nil }), func(t *testing.T, a result.Arm) {
			assert.EqualValues(t, 10, a.Spans.MissingProducer)
		}},
		{"traceparent duplicated", change(func(u []packets.User) []packets.User { return append(u, u[0]) }), func(t *testing.T, a result.Arm) {
			assert.EqualValues(t, 10, a.Spans.MissingProducer, "two are as good as none")
		}},
		{"traceparent moved to another name", change(func(u []packets.User) []packets.User { u[0].Key = "Traceparent"; return u }), func(t *testing.T, a result.Arm) {
			assert.EqualValues(t, 10, a.Spans.MissingProducer)
		}},
		{"messages dropped", relay.Faults{Swallow: everyTenth(func(*packets.Publish) bool { return true })}, func(t *testing.T, a result.Arm) {
			assert.EqualValues(t, 10, a.Delivery.Lost)
			assert.EqualValues(t, 90, a.Spans.Whole)
			assert.Equal(t, a.Spans.Messages, a.Spans.Whole, "a message that did not arrive has no broken trace")
		}},
		{"messages duplicated", relay.Faults{Repeat: everyTenth(func(*packets.Publish) bool { return true })}, func(t *testing.T, a result.Arm) {
			assert.EqualValues(t, 10, a.Delivery.Duplicated)
			assert.EqualValues(t, 100, a.Spans.Whole)
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := startMosquitto(t, broker.MosquittoConfig{})
			r, err := relay.Start(b.Addr(), c.faults)
			require.NoError(t, err)
			defer r.Close()
			res := runScenario(t, `
broker: mqtt://`+r.Addr()+`
warmup: 0s
duration: 1s
drain: 3s
senders: [{name: sensors, count: 2, rate: 50/s, topic: "bench/{sender}"}]
receivers: [{name: backend, filter: bench/#}]
tracing: {arm: record}
`)
			a := res.Arms[0]
			assert.EqualValues(t, 100, a.Sent)
			c.check(t, a)
			s := a.Spans
			assert.Equal(t, s.Messages, s.Whole+s.MissingProducer+s.MissingConsumer+s.WrongParent+s.WrongTrace, "each message under one name")
			traced := slices.IndexFunc(a.Slowest, func(e result.Exemplar) bool { return len(e.TraceID) == 32 })
			assert.GreaterOrEqual(t, traced, 0, "some of the slowest messages came with their context")
		})
	}
}

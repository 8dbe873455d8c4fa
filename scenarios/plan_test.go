package scenarios

import (
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFlows(t *testing.T) {
	levels := []string{
		"t", "{sender}", "1", "x{sender}", "{sender}1", "{sender}-{sender}", "{group}", "s", "",
	}
	filters := []string{
		"t", "+", "#", "{receiver}", "1", "x{receiver}", "x1", "{receiver}1", "1{receiver}", "{receiver}-{receiver}", "2-2", "{group}", "s", "",
	}
	for _, topic := range topicsOf(levels) {
		for _, filter := range topicsOf(filters) {
			if what, _ := badWildcard(filter); what != "" || topic == "" || filter == "" {
				continue
			}
			s := Sender{Name: "s", Count: 11, Topic: OneTopic(topic)}
			r := Receiver{Name: "s", Count: 12, Filter: Filters{filter}}
			require.EqualValues(t, flowsOneByOne(s, r, r.Count), meanFlows(s, r), "%s to %s", topic, filter)
			if !strings.Contains(filter, receiverPlaceholder) {
				r.Filter = Filters{"$share/g/" + filter}
				require.EqualValues(t, flowsOneByOne(s, r, 1), meanFlows(s, r), "%s to %s", topic, r.Filter)
			}
		}
	}
}

// topicsOf joins every level with every other.
func topicsOf(levels []string) []string {
	out := append([]string{}, levels...)
	for _, a := range levels {
		for _, b := range levels {
			out = append(out, a+"/"+b)
		}
	}
	return out
}

// flowsOneByOne counts as a broker would find out.
func flowsOneByOne(s Sender, r Receiver, subscriptions int) int {
	n := 0
	for j := range subscriptions {
		filter := r.FilterOf(j)
		for i := range s.Count {
			if Match(filter, s.TopicOf(i)) {
				n++
			}
		}
	}
	return n
}

func TestFlowsOfManyClients(t *testing.T) {
	s := Sender{Name: "s", Count: 400_000, Topic: OneTopic("a/{sender}/b")}
	assert.EqualValues(t, 300_000, meanFlows(s, Receiver{Name: "r", Count: 300_000, Filter: Filters{"a/{receiver}/b"}}))
	assert.EqualValues(t, 400_000*300_000, meanFlows(s, Receiver{Name: "r", Count: 300_000, Filter: Filters{"a/+/b"}}))
	assert.EqualValues(t, 300_000, meanFlows(s, Receiver{Name: "r", Count: 300_000, Filter: Filters{"a/399999/b"}}))
	assert.EqualValues(t, 29_999, meanFlows(s, Receiver{Name: "r", Count: 30_000, Filter: Filters{"a/{receiver}1/b"}}), "01 is no number of a sender")
}

// plan decodes a scenario of 20 s and plans it.
func plan(t *testing.T, rest string) Plan {
	t.Helper()
	s, err := Decode("x.yaml", []byte("duration: 20s\nwarmup: 1s\n"+rest))
	require.NoError(t, err)
	return s.Plan()
}

func TestPlanAddsUp(t *testing.T) {
	p := plan(t, `
senders:
  - {name: a, count: 10, rate: 5/s, qos: 1, topic: "x/{sender}"}
  - {name: b, count: 4, total: 60/min, topic: "y/{sender}"}
receivers:
  - {name: everything, count: 3, filter: "#"}
  - {name: some, filter: x/3}
  - {name: shared, count: 5, filter: $share/g/x/+}
  - {name: also-shared, count: 15, filter: $share/g/x/+}
`)
	assert.Equal(t, 38, p.Clients)
	assert.Equal(t, 24, p.Subscriptions)
	assert.InDelta(t, 51, p.InPerSecond, 1e-9)
	assert.InDelta(t, 3*51+5+50, p.OutPerSecond, 1e-9)
	assert.InDelta(t, 50, p.Senders[0].Warmup, 1e-9)
	assert.InDelta(t, 1000, p.Senders[0].Measured, 1e-9)
	assert.Equal(t, []string{"a", "b"}, p.Receivers[0].From)
	assert.Equal(t, []string{"a"}, p.Receivers[1].From)
	assert.InDelta(t, 12.5, p.Receivers[2].PerSecond, 1e-9, "a quarter of the shared subscription")
	assert.InDelta(t, 37.5, p.Receivers[3].PerSecond, 1e-9)
	assert.InDelta(t, 1000, p.samples("send"), 1e-9)
	assert.InDelta(t, 1020, p.samples("schedule_lag"), 1e-9)
	assert.InDelta(t, 208*20, p.samples("response"), 1e-9)
	assert.Zero(t, p.samples("trace"))
}

func TestPlanWithoutBounds(t *testing.T) {
	p := plan(t, `
tracing: {arm: record, sampler: {traceidratio: 0.5}}
senders:
  - {name: a, rate: max, qos: 1, topic: x}
  - {name: b, rate: 5/s, topic: y}
receivers:
  - {name: r, filter: x}
thresholds: [response.p999 < 1s, send.p999 < 1s, trace.p999 < 1s]
`)
	assert.True(t, p.Unbounded)
	assert.True(t, p.Receivers[0].Unbounded)
	assert.InDelta(t, 5, p.InPerSecond, 1e-9)
	assert.True(t, math.IsInf(p.samples("trace"), 1))
	assert.InDelta(t, 100, p.samples("schedule_lag"), 1e-9)
	assert.Contains(t, p.Text(), "as much as goes from each sender with rate max")
}

// TestPacketBytes holds the estimate against the packets of MQTT 5 section 3.3, put together by hand.
func TestPacketBytes(t *testing.T) {
	bare := 1 + 1 + (2 + len("bench/9")) + 1 + (1 + 2 + 16) + 10
	s := Sender{Name: "s", Count: 10, Topic: OneTopic("bench/{sender}")}
	assert.Equal(t, bare, packetBytes(s, 10, TracingArm{Arm: ArmOff}))
	assert.Equal(t, bare+1+4+len("traceparent")+55, packetBytes(s, 10, TracingArm{Arm: ArmRecord}))

	s.QoS = 1
	assert.Equal(t, bare+2, packetBytes(s, 10, TracingArm{Arm: ArmOff}))
	s.MessageExpiry = seconds(30)
	assert.Equal(t, bare+2+5, packetBytes(s, 10, TracingArm{Arm: ArmOff}))
	carrying := TracingArm{Arm: ArmContext, Tracestate: 3, Baggage: 20}
	assert.Equal(t, bare+2+5+(5+11+55)+(5+10+3*16)+(5+7+20)+1+1, packetBytes(s, 10, carrying), "lengths of two bytes each")
	assert.Equal(t, bare+2+5+1+190, packetBytes(s, 200, TracingArm{Arm: ArmOff}), "a second byte of remaining length")
}

func TestPlanFitsAHundredColumns(t *testing.T) {
	s := &Scenario{
		Name: strings.Repeat("n", 64), Description: strings.Repeat("word ", 100) + strings.Repeat("x", 300),
		Broker: Broker{Kind: External, URL: "mqtt://" + strings.Repeat("h", 200)}, Duration: Duration(719 * time.Hour), Drain: Duration(time.Hour),
		Senders: []Sender{
			{Name: strings.Repeat("s", 64), Count: 500_000, Rate: Rate{Messages: 600_000.123, Per: time.Minute}, Topic: OneTopic(strings.Repeat("t/", 100)), Payload: Payload{Size: MaxPayload}},
			{Name: "ünïcode", Count: 1, Rate: Rate{Max: true}, Topic: OneTopic("größer")},
		},
		Receivers:  []Receiver{{Name: strings.Repeat("r", 64), Count: 499_999, Filter: Filters{"#"}}},
		Tracing:    Tracing{TracingArm: TracingArm{Arm: ArmRecord, Sampler: Sampler{Name: ParentBasedTraceIDRatio, Ratio: 1.0 / 3}}},
		Thresholds: []Threshold{{Text: strings.Repeat("delivery.lost == 0", 10)}},
	}
	for line := range strings.Lines(s.Plan().Text()) {
		assert.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), 100, line)
	}
}

func TestPlanOfArms(t *testing.T) {
	for _, name := range []string{"compare", "export", "faults", "shapes", "clients"} {
		t.Run(name, func(t *testing.T) {
			s, err := Load("testdata/good/" + name + ".yaml")
			require.NoError(t, err)
			golden(t, "testdata/good/"+name+".plan.txt", s.Plan().Text())
		})
	}
}

func TestPlanOfArmsAddsUp(t *testing.T) {
	p := plan(t, `
tracing: {compare: [off, record@0.1, export, {arm: export, name: small, payload: 28}]}
senders:
  - {name: a, rate: 100/s, qos: 1, topic: x}
  - {name: b, rate: max, topic: y}
  - {name: c, rate: 100/s, topic: x, payload: {json: {}}}
receivers:
  - {name: r, filter: x}
`)
	assert.InDelta(t, 20*200/4, p.samples("response"), 1e-9)
	assert.InDelta(t, 20*100/4, p.samples("send"), 1e-9)
	assert.InDelta(t, 20*200/4*0.1, p.samples("trace"), 1e-9, "of the arm with the fewest")
	assert.InDelta(t, 1, p.samples("subscribe"), 1e-9, "not in each arm")

	bare := packetBytes(p.Senders[0].Sender, 128, TracingArm{Arm: ArmOff})
	assert.Equal(t, bare+71*3/4-100/4, p.Senders[0].PacketBytes, "the mean over the arms")
	assert.Equal(t, 2, p.Senders[2].PayloadBytes)
	bare = packetBytes(p.Senders[2].Sender, 2, TracingArm{Arm: ArmOff})
	assert.Equal(t, bare+71*3/4, p.Senders[2].PacketBytes, "no arm changes a payload of JSON")
}

func TestThousands(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.333333: "0.33", 9.5: "9.5", 10: "10", 999.6: "1,000", 1_234_567: "1,234,567", 5_000_001_025: "5 G"} {
		assert.Equal(t, want, thousands(v))
	}
}

func TestMetric(t *testing.T) {
	for v, want := range map[float64]string{0: "0 ", 7: "7 ", 128: "128 ", 999.4: "999 ", 1000: "1 k", 262_144: "262 k", 5_240_000: "5.24 M"} {
		assert.Equal(t, want, metric(v))
	}
}

func TestPlanTellsRepetitions(t *testing.T) {
	assert.Contains(t, plan(t, "repeat: {runs: 5, pause: 10s}\nsenders: [{name: a, rate: 10/s, topic: t}]").Text(),
		"\ntime        1s warm-up, 20s measured, at most 10s of draining; 5 runs, 10s apart\n")
}

func TestRepeatTimes(t *testing.T) {
	assert.Equal(t, Repeat{Runs: 3, Pause: seconds(2)}, once.Times(3))
	assert.Equal(t, Repeat{Runs: 3, Pause: seconds(7)}, Repeat{Runs: 5, Pause: seconds(7)}.Times(3))
	assert.Equal(t, once, Repeat{Runs: 5, Pause: seconds(7)}.Times(1))
}

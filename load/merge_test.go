package load

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
	"mqttrace/load/internal/relay"
	"mqttrace/load/record"
	"mqttrace/load/result"
)

// copied is a result as it would be read from a file.
func copied(t *testing.T, r *result.Result) *result.Result {
	t.Helper()
	text, err := json.Marshal(r)
	require.NoError(t, err)
	again := new(result.Result)
	require.NoError(t, json.Unmarshal(text, again))
	return again
}

// asShards makes what so many shards would have written of a run that one process did: the ledger is split as theirs would be, and all
// figures are the first one's, but for those that are given of each.
func asShards(t *testing.T, r *run, res *result.Result, n int) (shards []*result.Result) {
	t.Helper()
	for i, s := range r.sharded(t, n) {
		one := copied(t, res)
		one.Shard = s.Shard
		one.Shard.Senders, one.Shard.Receivers = 1, 1
		if i > 0 {
			empty(one)
		}
		shards = append(shards, one)
	}
	return shards
}

// empty takes the figures out of a result.
func empty(r *result.Result) {
	for i := range r.Arms {
		a := &r.Arms[i]
		*a = result.Arm{Name: a.Name, Latency: map[string]result.Latency{}, Process: result.Processes{Generator: new(result.Process)}}
	}
	r.Warnings, r.Reasons, r.Faults = nil, nil, nil
	r.Verdict, r.Reason = result.Pass, ""
}

const mergeable = `
warmup: 100ms
duration: 2s
drain: 1s
senders: [{name: zero, count: 3, rate: 100/s, topic: "zero/{sender}"}, {name: one, count: 3, rate: 100/s, topic: ["one/{sender}", all], qos: 1}]
receivers: [{name: all, count: 2, filter: "+/#", qos: 1}, {name: workers, count: 3, filter: $share/w/one/+, qos: 1}]
faults: [{at: 500ms, receivers: disconnect, share: 50%}]
thresholds: [response.p99 < 1h, delivery.lost == 0, rate_per_s > 10]
`

// badRun is a run of which messages are lost and repeated, and connections cut.
func badRun(t *testing.T) (*run, *result.Result) {
	t.Helper()
	b := startMosquitto(t, broker.MosquittoConfig{})
	bad, err := relay.Start(b.Addr(), badNetwork())
	require.NoError(t, err)
	t.Cleanup(bad.Close)
	return runOf(t, "broker: mqtt://"+bad.Addr()+mergeable)
}

// A run of one shard is, merged, what it was, in every figure; and so it is if others only had clients of which nothing is to be told.
func TestMergedResultOfOneShardIsThatShards(t *testing.T) {
	r, res := badRun(t)
	require.Positive(t, res.Arms[0].Delivery.Lost)
	require.NotEmpty(t, res.Warnings)
	for _, n := range []int{1, 4} {
		got, err := Merge(asShards(t, r, res, n), false)
		require.NoError(t, err)
		require.Len(t, got.Shards, n)
		assert.Nil(t, got.Shard)
		assert.Empty(t, got.Shards[0].Ledger)
		assert.Equal(t, res.Arms[0].Sent, got.Shards[0].Sent)
		want, got := copied(t, res), copied(t, got)
		for _, warnings := range []*[]result.Warning{&want.Warnings, &got.Warnings} {
			for i := range *warnings {
				(*warnings)[i].Text = strings.TrimPrefix((*warnings)[i].Text, "shard 0: ")
			}
			slices.SortFunc(*warnings, func(a, b result.Warning) int { return strings.Compare(a.About+a.Text, b.About+b.Text) })
		}
		if n > 1 {
			assert.Equal(t, "monotonic, 4 processes, corrected to the clock of shard 0, to ± 0 ns between two", got.Environment.Clock)
			got.Environment.Clock = want.Environment.Clock
			a, b := &want.Arms[0].Cost, &got.Arms[0].Cost
			assert.InEpsilon(t, a.CPUNSPerMessage, b.CPUNSPerMessage, 1e-9)
			assert.InEpsilon(t, a.AllocsPerMessage, b.AllocsPerMessage, 1e-9)
			assert.InEpsilon(t, a.AllocBytesPerMsg, b.AllocBytesPerMsg, 1e-9)
			assert.InEpsilon(t, a.WireBytesPerMessage, b.WireBytesPerMessage, 1e-9)
			assert.InDelta(t, a.GCShare, b.GCShare, 1e-9)
			*a = *b
		}
		got.Shards, got.Reason = nil, strings.TrimPrefix(got.Reason, "shard 0: ")
		assert.Equal(t, want, got, "%d shards", n)
	}
}

// parts are three shards of a quiet run, with figures to add up.
func parts(t *testing.T) []*result.Result {
	t.Helper()
	r, res := runOf(t, `
broker: embedded
warmup: 0s
duration: 1s
senders: [{name: sensors, count: 3, rate: 100/s, topic: "bench/{sender}", qos: 1}]
receivers: [{name: backend, count: 3, filter: bench/#, qos: 1}]
thresholds: [response.p50 < 25ms, response.max < 1h]
`)
	res.Warnings, res.Verdict, res.Reason = nil, result.Pass, ""
	shards := asShards(t, r, res, 3)
	for i, one := range shards {
		var h record.Histogram
		for n := range 1000 {
			h.Record(time.Duration(10*i+1)*time.Millisecond + time.Duration(n))
		}
		l, err := h.Latency()
		require.NoError(t, err)
		lag := l
		one.Shard.Clock = result.ShardClock{BoundNS: int64(i) * int64(time.Millisecond), HalfRoundTripNS: int64(i) * 2e6}
		one.Arms[0] = result.Arm{
			Name: one.Arms[0].Name, ElapsedNS: int64(time.Second) + int64(i), Scheduled: 100, Sent: 90, Acked: 80, Refused: 0, ScheduledRatePerS: 100,
			Latency: map[string]result.Latency{result.Response: l, result.ScheduleLag: lag},
			Cost:    result.Cost{CPUNSPerMessage: float64(1000 * i), AllocsPerMessage: 2, WireBytesPerMessage: 100, GCShare: 0.5},
			Process: result.Processes{Generator: &result.Process{CPUNS: 50_000, CPUCores: 0.5, RSSBytes: 1 << 20, Allocs: 900}},
			Series: []result.Point{
				{AtNS: 0, LengthNS: 1e9, Sent: 90, Received: 100, Backlog: new(int64(270 - 100*i)), P50NS: 2e6, P99NS: 3e6, MaxNS: int64(4+i) * 1e6, GeneratorCPU: 0.5, ScheduleLagP99NS: int64(i),
					Response: &result.Bins{First: result.BinOf(2e6), Counts: []uint64{100}}},
				{AtNS: int64(1+i) * 1e9, LengthNS: 1e9, Received: uint64(i), Backlog: new(int64(1))},
			},
			Slowest: []result.Exemplar{{Sender: fmt.Sprint(i), ResponseNS: int64(i)}, {Sender: fmt.Sprint(i), ResponseNS: 1}},
			Spans:   &result.Spans{Started: 10, Messages: 5, Whole: 5},
		}
		one.Warnings = []result.Warning{{About: "run", Text: "of all"}, {About: "run", Text: []string{"of one", "of two"}[min(i, 1)]},
			{About: "run", Text: fmt.Sprintf("line1 is late by %d.5 ms", i)}, {About: "run", Text: fmt.Sprintf("line2 is late by %d.5 ms", 7-i)}}
		one.Reasons = []result.Reason{{Packet: "PUBACK", Code: 0x97, Name: "Quota exceeded (0x97)", Count: uint64(i + 1)}}
		faults := result.Fault{Name: "network: cut", AtNS: 1, ForNS: int64(i), ConnectionsLost: uint64(i), Late: 1}
		if i > 0 {
			faults.DetectedNS, faults.ReconnectedNS = new(int64(10*i)), new(int64(100*i))
		}
		one.Faults = []result.Fault{faults}
	}
	return shards
}

func TestFiguresOfShardsAddUp(t *testing.T) {
	shards := parts(t)
	got, err := Merge([]*result.Result{shards[2], shards[0], shards[1]}, false)
	require.NoError(t, err)
	a := got.Arms[0]
	assert.EqualValues(t, 300, a.Scheduled)
	assert.EqualValues(t, 270, a.Sent)
	assert.EqualValues(t, 240, a.Acked)
	assert.EqualValues(t, int64(time.Second)+2, a.ElapsedNS)
	assert.InEpsilon(t, 300, a.ScheduledRatePerS, 1e-9)
	assert.InEpsilon(t, 270, a.RatePerS, 1e-6)
	assert.EqualValues(t, 900, a.Received, "as the ledger has it")
	response := a.Latency[result.Response]
	assert.EqualValues(t, 3000, response.Count)
	assert.InEpsilon(t, 11e6, *response.P50NS, 0.001)
	assert.InEpsilon(t, 21e6, *response.P99NS, 0.001)
	assert.Nil(t, response.P999NS, "too few")
	assert.EqualValues(t, 3e6, response.BoundNS, "of the two worst clocks")
	assert.True(t, response.ClockLimited)
	assert.Zero(t, a.Latency[result.ScheduleLag].BoundNS, "one clock")
	assert.InEpsilon(t, 1000, a.Cost.CPUNSPerMessage, 1e-9)
	assert.InEpsilon(t, 2, a.Cost.AllocsPerMessage, 1e-9)
	assert.InEpsilon(t, 0.5, a.Cost.GCShare, 1e-9)
	assert.Equal(t, &result.Process{CPUNS: 150_000, CPUCores: 1.5, RSSBytes: 3 << 20, Allocs: 2700}, a.Process.Generator)
	require.Len(t, a.Series, 4)
	first := a.Series[0]
	assert.EqualValues(t, 300, first.Received)
	assert.EqualValues(t, []uint64{300}, first.Response.Counts)
	assert.EqualValues(t, int64(result.BinStart(result.BinOf(2e6)+1)), first.P50NS, "the upper end of the bin")
	assert.EqualValues(t, 6e6, first.MaxNS)
	assert.EqualValues(t, 510, *first.Backlog)
	assert.Nil(t, a.Series[1].Backlog, "two shards do not tell")
	assert.EqualValues(t, 2, first.ScheduleLagP99NS)
	assert.InEpsilon(t, 1.5, first.GeneratorCPU, 1e-9)
	assert.EqualValues(t, []string{"2", "0"}, []string{a.Slowest[0].Sender, a.Slowest[1].Sender})
	assert.EqualValues(t, 30, a.Spans.Started)

	assert.Equal(t, []result.Fault{{Name: "network: cut", AtNS: 1, ForNS: 2, ConnectionsLost: 3, Late: 3, DetectedNS: new(int64(10)), ReconnectedNS: new(int64(200))}}, got.Faults)
	assert.EqualValues(t, 6, got.Reasons[0].Count)
	assert.Equal(t, []result.Warning{
		{About: "run", Text: "of all"}, {About: "run", Text: "shard 0: of one"},
		{About: "run", Text: "shards 0 to 2, such as shard 0: line1 is late by 0.5 ms"}, {About: "run", Text: "shards 0 to 2, such as shard 0: line2 is late by 7.5 ms"},
		{About: "run", Text: "shards 1 and 2: of two"},
		{About: result.Response, Text: "clock-limited: the clocks of the shards are known to ± 3 ms, more than a tenth of the median; half the round trip of a message between two of them took 2 ms to 4 ms"},
	}, got.Warnings)
	assert.Equal(t, "monotonic, 3 processes, corrected to the clock of shard 0, to ± 3 ms between two", got.Environment.Clock)
	assert.Equal(t, result.Pass, got.Verdict, got.Reason)
	require.Len(t, got.Thresholds, 2)
	assert.True(t, got.Thresholds[0].OK)
	assert.InEpsilon(t, 11e6, got.Thresholds[0].Actual, 0.001)
	for i, s := range got.Shards {
		assert.Equal(t, i, s.Index)
		assert.EqualValues(t, 90, s.Sent)
		assert.EqualValues(t, 300, s.Received)
		assert.NotNil(t, s.ScheduleLagP99NS)
		assert.Len(t, s.Warnings, 4)
	}
}

func TestShardsThatSentNothingCostTheirReceiving(t *testing.T) {
	shards := parts(t)
	for _, one := range shards[1:] {
		one.Arms[0].Sent, one.Arms[0].Cost = 0, result.Cost{}
	}
	got, err := Merge(shards, false)
	require.NoError(t, err)
	assert.InEpsilon(t, 2*50_000/90.0, got.Arms[0].Cost.CPUNSPerMessage, 1e-9)
	assert.InEpsilon(t, 2+2*10.0, got.Arms[0].Cost.AllocsPerMessage, 1e-9)
	assert.InEpsilon(t, 100, got.Arms[0].Cost.WireBytesPerMessage, 1e-9)
}

func TestVerdictOfShards(t *testing.T) {
	end := func(i int, v result.Verdict, reason string) func([]*result.Result) {
		return func(all []*result.Result) { all[i].Verdict, all[i].Reason = v, reason }
	}
	whole := parts(t)
	cases := []struct {
		name   string
		change []func([]*result.Result)
		want   result.Verdict
		reason string
	}{
		{"all pass", nil, result.Pass, ""},
		{"what a shard missed the whole may keep", []func([]*result.Result){end(1, result.Fail, "threshold missed")}, result.Pass, ""},
		{"one interrupted", []func([]*result.Result){end(1, result.Interrupted, "after 3 s")}, result.Interrupted, "after 3 s"},
		{"all interrupted", []func([]*result.Result){end(0, result.Interrupted, "after 3 s"), end(1, result.Interrupted, "after 3 s"), end(2, result.Interrupted, "after 3 s")}, result.Interrupted, "after 3 s"},
		{"late by different times", []func([]*result.Result){end(0, result.Invalid, "late by 21.5 ms (p99)"), end(2, result.Invalid, "late by 1.2 s (p99)")}, result.Invalid,
			"shards 0 and 2, such as shard 0: late by 21.5 ms (p99)"},
		{"invalid for different reasons", []func([]*result.Result){end(0, result.Invalid, "late by 21.5 ms (p99)"), end(2, result.Invalid, "no message could be sent")}, result.Invalid,
			"shard 0: late by 21.5 ms (p99); shard 2: no message could be sent"},
		{"one invalid", []func([]*result.Result){end(1, result.Interrupted, "after 3 s"), end(2, result.Invalid, "late")}, result.Invalid, "shard 2: late"},
		{"a threshold of the whole", []func([]*result.Result){func(all []*result.Result) {
			l := all[0].Arms[0].Latency
			l[result.Response] = all[2].Arms[0].Latency[result.Response]
			all[1].Arms[0].Latency = l
			all[2].Arms[0].Latency = l
			all[0].Scenario = []byte(strings.Replace(string(all[0].Scenario), "25ms", "20ms", 1))
			all[1].Scenario, all[2].Scenario = all[0].Scenario, all[0].Scenario
		}}, result.Fail, "threshold missed: response.p50 < 20ms"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			shards := []*result.Result{copied(t, whole[0]), copied(t, whole[1]), copied(t, whole[2])}
			for _, change := range c.change {
				change(shards)
			}
			got, err := Merge(shards, false)
			require.NoError(t, err)
			assert.Equal(t, c.want, got.Verdict)
			assert.Equal(t, c.reason, got.Reason)
		})
	}
}

func TestMergeRefusesWhatDoesNotBelongTogether(t *testing.T) {
	whole := parts(t)
	cases := []struct {
		name   string
		change func([]*result.Result) []*result.Result
		want   []string
	}{
		{"nothing", func([]*result.Result) []*result.Result { return nil }, []string{"there is nothing to merge"}},
		{"not a share", func(all []*result.Result) []*result.Result {
			all[1].Shard = nil
			all[2].Shards = []result.Shard{{}}
			return all
		},
			[]string{"b.json: it is not of a shard: one process did all of the run", "c.json: it is merged already"}},
		{"missing", func(all []*result.Result) []*result.Result { return all[1:2] }, []string{"shards 0 and 2 of 3 are missing"}},
		{"one missing", func(all []*result.Result) []*result.Result { return all[:2] }, []string{"shard 2 of 3 is missing"}},
		{"twice", func(all []*result.Result) []*result.Result { all[2] = all[1]; return all }, []string{"c.json: it is of shard 1, as b.json is"}},
		{"an index that there is not", func(all []*result.Result) []*result.Result { all[2].Shard.Index = 3; return all }, []string{"c.json: it is of shard 3 of 3"}},
		{"unlike in everything", func(all []*result.Result) []*result.Result {
			all[1].Shard.Run, all[1].Shard.Of, all[1].Environment.Tool = "other", 4, "9.9"
			all[2].Scenario = []byte(strings.Replace(string(all[2].Scenario), "100/s", "101/s", 1))
			all[2].Environment.Broker.Limits.ReceiveMaximum = 3
			return all
		}, []string{"b.json: it is of run other, a.json of test", "b.json: it is of a run of 4 shards, a.json of 3 shards", "b.json: it is of mqttrace 9.9, a.json of dev",
			"c.json: its scenario is another than that of a.json", "grants other limits"}},
		{"a histogram that is damaged", func(all []*result.Result) []*result.Result {
			l := all[1].Arms[0].Latency[result.Response]
			l.HDR = "AAAA"
			all[1].Arms[0].Latency[result.Response] = l
			return all
		}, []string{"the histogram of response of shard 1 cannot be read"}},
		{"other arms", func(all []*result.Result) []*result.Result { all[1].Arms[0].Name = "odd"; return all }, []string{`shard 1 measured the arms ["odd"], its scenario has ["off"]`}},
		{"ledgers that are damaged", func(all []*result.Result) []*result.Result {
			all[1].Shard.Ledger, all[2].Shard.Ledger = "", "H4sI"
			return all
		}, []string{"the ledger of shard 1 cannot be read", "the ledger of shard 2 cannot be read"}},
		{"a scenario that is none", func(all []*result.Result) []*result.Result {
			for _, one := range all {
				one.Scenario = []byte(`{"senders": 3}`)
			}
			return all
		}, []string{"the scenario cannot be read"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			shards := c.change([]*result.Result{copied(t, whole[0]), copied(t, whole[1]), copied(t, whole[2])})
			_, err := Merge(shards, false, "a.json", "b.json", "c.json")
			for _, want := range c.want {
				assert.ErrorContains(t, err, want)
			}
		})
	}
}

func TestMissingShardsInvalidateTheRun(t *testing.T) {
	shards := parts(t)
	got, err := Merge(shards[1:], true)
	require.NoError(t, err)
	assert.Equal(t, result.Invalid, got.Verdict)
	assert.Equal(t, "shard 0 of 3 is missing", got.Reason)
	assert.Len(t, got.Shards, 2)
	assert.EqualValues(t, 180, got.Arms[0].Sent)
	assert.EqualValues(t, 400, got.Arms[0].Delivery.Received, "of two senders, by two receivers")
	assert.Zero(t, got.Arms[0].Delivery.Lost)
	assert.Zero(t, got.Arms[0].Delivery.Foreign)
	assert.Contains(t, got.Warnings, result.Warning{About: "run", Text: "shard 0 of 3 is missing: figures and the ledger are of the clients of the others"})
	assert.Contains(t, got.Warnings, result.Warning{About: "delivery", Text: "200 messages came from the missing shard 0; they are not in the ledger"})
}

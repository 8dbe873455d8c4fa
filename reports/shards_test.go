package reports_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"mqttrace/load/result"
	"mqttrace/reports"
)

// merged is a run that three processes did on two machines, whose clocks tell the way between them no better than by 3.2 ms.
func merged() *result.Result {
	r := passed()
	lag := func(ns int64) *int64 { return &ns }
	r.Shards = []result.Shard{
		{Index: 0, Of: 3, Run: "fan-in-7", Host: "load-test-0-x7k2p", PID: 7, Senders: 34, Receivers: 1, Verdict: result.Pass, Sent: 6_800, Received: 10_000,
			ScheduleLagP99NS: lag(93_456), Generator: &result.Process{CPUNS: 1_224_680_000, CPUCores: 0.0612, RSSBytes: 48_123_456}},
		{Index: 1, Of: 3, Run: "fan-in-7", Host: "load-test-0-x7k2p", PID: 8, Senders: 33, Receivers: 1, Verdict: result.Pass, Sent: 6_600, Received: 10_000,
			Clock:            result.ShardClock{Same: true, OffsetNS: 1_203_456},
			ScheduleLagP99NS: lag(81_234), Generator: &result.Process{CPUNS: 1_204_680_000, CPUCores: 0.0602, RSSBytes: 47_123_456}},
		{Index: 2, Of: 3, Run: "fan-in-7", Host: "load-test-2-9w4lq", PID: 7, Senders: 33, Verdict: result.Pass, Sent: 6_600, Received: 0,
			Clock:            result.ShardClock{AheadNS: -12_345_678, OffsetNS: 1_012_345_678, DriftPPM: 17.34, BoundNS: 3_203_456, Exchanges: 512, HalfRoundTripNS: 5_012_345, MinimumDelayNS: 6_203_456},
			ScheduleLagP99NS: lag(2_003_456), Generator: &result.Process{CPUNS: 1_264_680_000, CPUCores: 0.0632, RSSBytes: 49_123_456},
			Warnings: []result.Warning{{About: "process.generator", Text: "other processes kept both cores busy for 3 s"}}},
	}
	for _, name := range []string{result.Response, result.Transit, result.Trace} {
		l := r.Arms[0].Latency[name]
		l.BoundNS, l.ClockLimited = 3_203_456, true
		r.Arms[0].Latency[name] = l
	}
	l := latency(20_000, 39_211_234, 41_412_345, 42_612_345, 44_203_456, 48_503_456, 49_103_456)
	l.BoundNS = 3_203_456
	r.Arms[0].Latency[result.Response] = l
	return r
}

// brokenShards is a run of which a shard died.
func brokenShards() *result.Result {
	r := merged()
	r.Verdict, r.Reason = result.Invalid, "shard 2 (load-test-2-9w4lq) died 7.4 s into the load"
	dead := &r.Shards[2]
	dead.Verdict, dead.Reason = result.Invalid, "nothing was heard of it since 7.4 s into the load"
	dead.Clock, dead.Generator, dead.ScheduleLagP99NS, dead.Warnings = result.ShardClock{}, nil, nil, nil
	r.Warnings = []result.Warning{{About: "shard 1", Text: "its result came in two pieces"}}
	return r
}

// ofAShard is what one process of them measured.
func ofAShard() *result.Result {
	r := merged()
	own := r.Shards[2]
	r.Shards = nil
	r.Shard = &result.Shard{Index: 2, Of: 3, Run: own.Run, Host: own.Host, PID: own.PID, Senders: own.Senders, Receivers: 1, Clock: own.Clock, Ledger: "H4sIAAAAAAAA"}
	d := &r.Arms[0].Delivery
	*d = result.Delivery{Expected: 2_200, Received: 2_200, Flows: d.Flows}
	return r
}

// manyShards is a run of a thousand.
func manyShards() *result.Result {
	r := merged()
	model := r.Shards[0]
	r.Shards = nil
	for i := range 1000 {
		s := model
		s.Index, s.Of, s.Host = i, 1000, fmt.Sprintf("host-%d", i)
		if i == 777 {
			s.Verdict, s.Reason = result.Invalid, "the generator did not keep up"
		}
		r.Shards = append(r.Shards, s)
	}
	return r
}

func TestOfManyShardsThoseInTroubleAreShown(t *testing.T) {
	for _, format := range []string{"text", "markdown", "html"} {
		t.Run(format, func(t *testing.T) {
			got := string(renderAs(t, format, unsaved(manyShards())))
			assert.NotContains(t, got, "host-998")
			assert.Contains(t, got, "host-777")
			assert.Contains(t, got, "the generator did not keep up")
			assert.Contains(t, got, "more in the result file")
			assert.NotContains(t, got, "host-999")
		})
	}
}

// noBreak is the space within figures that stand in sentences.
const noBreak = "\u00a0"

func TestEveryFormatSaysHowGoodClocksWere(t *testing.T) {
	for format, want := range map[string][]string{
		"text":     {"3 shards on 2 hosts", "3.20 ms", "clock-limited", "5.01 ms"},
		"markdown": {"3 shards on 2 hosts", "3.20 ms", "clock-limited", "5.01 ms"},
		"html":     {"3 shards on 2 hosts", "± 3.20 ms", "clock-limited", "5.01 ms", "load-test-2-9w4lq"},
		"json":     {`"shards": [`, `"transit.bound": {`, `"clock_limited": [`},
		"csv":      {"transit.bound,ns,3203456"},
		"junit":    {"3 shards on 2 hosts", "clock-limited"},
	} {
		t.Run(format, func(t *testing.T) {
			got := strings.ReplaceAll(string(renderAs(t, format, unsaved(merged()))), noBreak, " ")
			for _, text := range want {
				assert.True(t, strings.Contains(got, text), text)
			}
		})
	}
}

func TestAShardSaysThatItIsOne(t *testing.T) {
	for _, format := range []string{"text", "markdown", "html", "junit"} {
		t.Run(format, func(t *testing.T) {
			got := string(renderAs(t, format, unsaved(ofAShard())))
			assert.Contains(t, got, "shard 2 of 3, of run fan-in-7")
			assert.NotContains(t, got, "no delivery promise broken")
		})
	}
	assert.NotContains(t, string(renderAs(t, "json", unsaved(ofAShard()))), "H4sI", "the ledger is for the merge alone")
}

func TestWarningsOfShardsAreSaidOnce(t *testing.T) {
	r := merged()
	w := r.Shards[2].Warnings[0]
	r.Warnings = []result.Warning{
		{About: w.About, Text: "shard 2: " + w.Text},
		{About: result.Transit, Text: "clock-limited: the clocks are known to ± 3.2 ms"}, {About: result.Trace, Text: "clock-limited: the same"},
	}
	got := strings.Join(strings.Fields(string(renderAs(t, "text", unsaved(r)))), " ")
	assert.Equal(t, 1, strings.Count(got, w.Text), got)
	assert.Equal(t, 2, strings.Count(got, "clock-limited"), got)
}

func TestWithoutShardsNothingIsSaidOfThem(t *testing.T) {
	for _, format := range reports.Formats.Names() {
		if f, _ := reports.Formats.Named(format); f.IsSingle {
			continue
		}
		t.Run(format, func(t *testing.T) {
			got := string(renderAs(t, format, unsaved(passed())))
			assert.NotContains(t, got, ">shard")
			assert.NotContains(t, got, `"shard`)
			assert.NotContains(t, got, "bound,")
		})
	}
}

package reports_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
	"mqttrace/reports"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestText(t *testing.T) {
	for name, tc := range map[string]struct {
		result *result.Result
		opts   reports.TextOptions
	}{
		"pass":          {passed(), reports.TextOptions{SavedAs: "results/telemetry-1k-20261122T134500Z.json"}},
		"pass-colored":  {passed(), reports.TextOptions{Color: true, SavedAs: "results/telemetry-1k-20261122T134500Z.json"}},
		"fail":          {failed(), reports.TextOptions{SavedAs: "results/fan-in-20261122T134500Z.json"}},
		"fail-colored":  {failed(), reports.TextOptions{Color: true}},
		"lost-at-qos-0": {lossy(), reports.TextOptions{}},
		"invalid":       {invalid(), reports.TextOptions{}},
		"interrupted":   {interrupted(), reports.TextOptions{SavedAs: "results/telemetry-1k-20261122T134500Z.json"}},
		"no-messages":   {noMessages(), reports.TextOptions{}},
		"nothing":       {nothing(), reports.TextOptions{}},
		"two-arms":      {arms("off", "record"), reports.TextOptions{}},
		"four-arms":     {arms("off", "context", "record", "export"), reports.TextOptions{}},
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			require.NoError(t, reports.Text(&got, tc.result, tc.opts))
			golden(t, filepath.Join("testdata", name+".txt"), got.Bytes())
			if !tc.opts.Color {
				assertOneScreen(t, got.String(), len(tc.result.Arms))
			}
		})
	}
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o666))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))
}

func assertOneScreen(t *testing.T, text string, arms int) {
	t.Helper()
	columns, rows := 80, 44
	if arms > 1 {
		columns, rows = 100, 50
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	assert.LessOrEqual(t, len(lines), rows, "lines")
	for _, l := range lines {
		assert.LessOrEqual(t, utf8.RuneCountInString(l), columns, "columns of %q", l)
		assert.Equal(t, strings.TrimRight(l, " "), l, "spaces at the end")
	}
}

// A broker's words must not steer the terminal.
func TestTextTakesOutControlCharacters(t *testing.T) {
	r := passed()
	r.Verdict, r.Reason = result.Fail, "refused: \x1b[2Jgo\naway"
	var got bytes.Buffer
	require.NoError(t, reports.Text(&got, r, reports.TextOptions{}))
	assert.Contains(t, got.String(), "refused: \uFFFD[2Jgo away")
	assert.NotContains(t, got.String(), "\x1b")
}

func TestTextReportsAWriterThatFails(t *testing.T) {
	assert.ErrorIs(t, reports.Text(fullDisk{}, passed(), reports.TextOptions{}), errFull)
}

var errFull = os.ErrDeadlineExceeded

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func passed() *result.Result {
	return &result.Result{
		Schema:   result.Schema,
		Verdict:  result.Pass,
		Scenario: json.RawMessage(`{"name":"telemetry-1k","description":"A hundred sensors report to one backend, ten times a second each.","duration":"20s"}`),
		Environment: result.Environment{
			OS: "linux", Arch: "amd64", Cores: 2,
			Broker: result.Broker{Name: "mosquitto", Version: "2.0.21", URL: "mqtt://127.0.0.1:40321"},
		},
		Arms: []result.Arm{record()},
		Thresholds: []result.Threshold{
			{Arm: "record", Expression: "response.p99 < 20ms", Actual: 1_203_456, OK: true},
			{Arm: "record", Expression: "delivery.lost == 0", OK: true},
		},
	}
}

func record() result.Arm {
	return result.Arm{
		Name: "record", ElapsedNS: 20e9, Scheduled: 20_000, Sent: 20_000, Acked: 20_000, Received: 20_000,
		ScheduledRatePerS: 1000, RatePerS: 1000, ReceivedRatePerS: 999.98,
		Latency: map[string]result.Latency{
			result.Response:    latency(20_000, 211_234, 412_345, 612_345, 1_203_456, 4_503_456, 8_103_456),
			result.Transit:     latency(20_000, 201_234, 399_345, 590_345, 1_190_456, 4_403_456, 8_003_456),
			result.Trace:       latency(20_000, 205_234, 404_345, 598_345, 1_194_456, 4_423_456, 8_013_456),
			result.Send:        latency(20_000, 151_234, 302_345, 412_345, 803_456, 3_503_456, 7_103_456),
			result.ProcessTime: latency(20_000, 312, 1_023, 2_345, 9_456, 31_456, 912_345),
			result.ScheduleLag: latency(20_000, 120, 1_834, 12_345, 93_456, 303_456, 1_103_456),
			result.Connect:     latency(102, 612_345, 1_203_456, 2_345_678, 3_456_789, 0, 3_612_345),
			result.Subscribe:   latency(2, 212_345, 0, 0, 0, 0, 313_456),
		},
		Delivery: result.Delivery{
			Expected: 20_000, Received: 20_000,
			Flows: []result.Flow{{Sender: "sensors", Receiver: "backend", QoS: 1, Shared: true, Expected: 20_000, Received: 20_000}},
		},
		Spans: &result.Spans{Started: 40_000, Sampled: 40_000, Ended: 40_000, Messages: 20_000, Whole: 20_000},
		Cost:  result.Cost{CPUNSPerMessage: 61_234, AllocsPerMessage: 63.12, AllocBytesPerMsg: 5123, WireBytesPerMessage: 241},
		Process: result.Processes{
			Generator: &result.Process{CPUNS: 1_224_680_000, CPUCores: 0.0612, RSSBytes: 48_123_456},
			Broker:    &result.Process{CPUNS: 500_000_000, CPUCores: 0.025, RSSBytes: 9_123_456},
		},
	}
}

// latency leaves out the percentiles that are 0, as for a small sample.
func latency(count uint64, min, p50, p90, p99, p999, max int64) result.Latency {
	some := func(v int64) *int64 {
		if v == 0 {
			return nil
		}
		return &v
	}
	return result.Latency{Count: count, MinNS: min, MeanNS: p50, P50NS: some(p50), P90NS: some(p90), P95NS: some(p90), P99NS: some(p99), P999NS: some(p999), MaxNS: max}
}

func failed() *result.Result {
	r := passed()
	r.Verdict, r.Reason = result.Fail, "3 of 4 thresholds missed and a delivery promise broken: 153 of 40,000 messages at QoS 1 were lost"
	r.Scenario = json.RawMessage(`{"name":"fan-in","duration":"20s"}`)
	a := &r.Arms[0]
	a.Delivery = result.Delivery{
		Expected: 40_000, Received: 39_847, Lost: 153, Duplicated: 12, DuplicatedFlagged: 12, Reordered: 3, Foreign: 1, Late: 2,
		Violations: []string{"QoS 1 sensors → backend: 150 of 20,000 messages lost", "QoS 1 sensors → archive: 3 of 20,000 messages lost"},
		Flows: []result.Flow{
			{Sender: "sensors", Receiver: "backend", QoS: 1, Expected: 20_000, Lost: 150},
			{Sender: "sensors", Receiver: "archive", QoS: 1, Expected: 20_000, Lost: 3},
		},
	}
	a.Process.Broker.Dropped = 153
	r.Warnings = []result.Warning{{About: "delivery.lost", Text: "the broker dropped 153 messages because a client's queue was full or its session ended"}}
	a.Refused = 7
	a.Spans.Messages, a.Spans.Whole, a.Spans.MissingProducer, a.Spans.WrongParent = 19_859, 19_847, 10, 2
	trace := a.Latency[result.Trace]
	trace.Withheld = "12 of 19,859 traces are broken, so the percentiles would be those of the survivors"
	a.Latency[result.Trace] = trace
	r.Thresholds = []result.Threshold{
		{Arm: "record", Expression: "response.p99 < 1ms", Actual: 1_203_456},
		{Arm: "record", Expression: "trace.p99 < 5ms", Reason: "the percentiles of trace are withheld"},
		{Arm: "record", Expression: "delivery.lost == 0", Actual: 153},
		{Arm: "record", Expression: "rate_per_s > 990", Actual: 1000, OK: true},
	}
	return r
}

// lossy lost messages that nobody promised.
func lossy() *result.Result {
	r := passed()
	d := &r.Arms[0].Delivery
	d.Expected, d.Lost = 20_120, 120
	for _, receiver := range []string{"a", "b", "c", "d", "e", "f"} {
		text := "sensors → " + receiver + ": 20 of 4000 messages lost; QoS 0 allows it, but latencies are of the rest"
		r.Warnings = append(r.Warnings, result.Warning{About: "delivery.lost", Text: text})
	}
	return r
}

func invalid() *result.Result {
	r := passed()
	r.Verdict, r.Reason = result.Invalid, "the generator did not keep up: schedule_lag p99 is 1.93 s"
	a := &r.Arms[0]
	a.Name, a.Spans, a.Unsent, a.RatePerS, a.ReceivedRatePerS = "off", nil, 1_234, 938.3, 938.3
	delete(a.Latency, result.Trace)
	a.Latency[result.ScheduleLag] = latency(18_766, 120, 301_834, 812_345_678, 1_934_567_890, 1_999_000_000, 2_003_456_789)
	transit := a.Latency[result.Transit]
	transit.Negative, transit.Overflow, transit.MinNS = 4, 1, -3_120
	a.Latency[result.Transit] = transit
	a.Process.Broker = nil
	r.Thresholds = nil
	r.Warnings = []result.Warning{
		{About: "transit", Text: "4 of 20000 values are negative, the lowest -3.12 µs: clocks disagree"},
		{About: "schedule_lag.p99", Text: "messages left late by up to 2.00 s: response counts that time, so it says more about this machine than about the broker"},
		{About: "rate_per_s", Text: "1,234 messages were due and never sent"},
		{About: "process.generator", Text: "the generator kept both cores busy"},
		{About: "trace.p99", Text: "this arm makes no spans"},
		{About: "run", Text: "the file-descriptor limit was raised from 1,024 to 4,096"},
	}
	return r
}

func interrupted() *result.Result {
	r := passed()
	r.Verdict, r.Reason = result.Interrupted, "somebody ended the run after 7.4 s of 20 s"
	r.Arms[0].ElapsedNS = 7_412_345_678
	r.Thresholds = nil
	return r
}

func noMessages() *result.Result {
	r := passed()
	r.Verdict, r.Reason = result.Interrupted, "somebody ended the run while it was warming up"
	r.Arms = []result.Arm{{
		Name: "off",
		Latency: map[string]result.Latency{
			result.Response: {}, result.Transit: {}, result.ScheduleLag: {}, result.Connect: latency(102, 612_345, 1_203_456, 2_345_678, 3_456_789, 0, 3_612_345),
		},
	}}
	r.Thresholds = []result.Threshold{{Arm: "off", Expression: "response.p99 < 20ms", Reason: "no messages were received"}}
	return r
}

func nothing() *result.Result {
	return &result.Result{Schema: result.Schema, Verdict: result.Invalid, Reason: "the broker was gone before the first message"}
}

func arms(names ...string) *result.Result {
	r := passed()
	r.Arms, r.Thresholds = nil, nil
	for i, name := range names {
		a := record()
		a.Name = name
		a.Latency = maps.Clone(a.Latency)
		a.Cost.CPUNSPerMessage += float64(i) * 12_345
		if name == "off" || name == "context" {
			delete(a.Latency, result.Trace)
			a.Spans = nil
		}
		r.Arms = append(r.Arms, a)
		r.Thresholds = append(r.Thresholds, result.Threshold{Arm: name, Expression: "response.p99 < 20ms", Actual: 1_203_456, OK: true})
	}
	r.Warnings = []result.Warning{{About: "response", Text: "all arms ran in slices of 2 s"}}
	return r
}

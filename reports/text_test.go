package reports_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
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
		saved reports.Saved
		opts  reports.TextOptions
	}{
		"pass":          {reports.Saved{Result: passed(), Path: "results/telemetry-1k-20261122T134500Z.json"}, reports.TextOptions{}},
		"pass-colored":  {reports.Saved{Result: passed(), Path: "results/telemetry-1k-20261122T134500Z.json"}, reports.TextOptions{Color: true}},
		"fail":          {reports.Saved{Result: failed(), Path: "results/fan-in-20261122T134500Z.json"}, reports.TextOptions{}},
		"fail-colored":  {unsaved(failed()), reports.TextOptions{Color: true}},
		"lost-at-qos-0": {unsaved(lossy()), reports.TextOptions{}},
		"invalid":       {unsaved(invalid()), reports.TextOptions{}},
		"interrupted":   {reports.Saved{Result: interrupted(), Path: "results/telemetry-1k-20261122T134500Z.json"}, reports.TextOptions{}},
		"no-messages":   {unsaved(noMessages()), reports.TextOptions{}},
		"nothing":       {unsaved(nothing()), reports.TextOptions{}},
		"two-arms":      {unsaved(arms("off", "record")), reports.TextOptions{}},
		"four-arms":     {reports.Saved{Result: arms("off", "context", "record", "export"), Path: "results/tracing-cost-20261122T134500Z.json"}, reports.TextOptions{}},
		"four-colored":  {unsaved(arms("off", "context", "record", "export")), reports.TextOptions{Color: true}},
		"six-arms":      {unsaved(arms("off", "context", "record", "record@0.1", "export", "export@0.1")), reports.TextOptions{}},
		"same-setting":  {unsaved(noise(false)), reports.TextOptions{}},
		"noise":         {unsaved(noise(true)), reports.TextOptions{}},
		"few-turns":     {unsaved(fewTurns()), reports.TextOptions{}},
		"sweep":         {unsaved(sweep()), reports.TextOptions{}},
		"faults":        {unsaved(stressed()), reports.TextOptions{}},
		"disturbed":     {unsaved(disturbed()), reports.TextOptions{}},
		"backlog":       {unsaved(heldBack()), reports.TextOptions{}},
		"flood":         {unsaved(flooded()), reports.TextOptions{}},
		"stages":        {unsaved(staged()), reports.TextOptions{}},
		"steps":         {unsaved(stepped()), reports.TextOptions{}},
		"combinations":  {unsaved(combined("record")), reports.TextOptions{}},
		"search":        {unsaved(searched()), reports.TextOptions{}},
		"search-arms":   {unsaved(searchedArms()), reports.TextOptions{}},
		"shards":        {unsaved(merged()), reports.TextOptions{}},
		"shards-broken": {unsaved(brokenShards()), reports.TextOptions{}},
		"shard":         {unsaved(ofAShard()), reports.TextOptions{}},
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			require.NoError(t, reports.Text(&got, []reports.Saved{tc.saved}, tc.opts))
			golden(t, filepath.Join("testdata", name+".txt"), got.Bytes())
			if !tc.opts.Color {
				assertOneScreen(t, got.String(), len(tc.saved.Arms))
			}
		})
	}
}

// unsaved is a result that is in no file.
func unsaved(r *result.Result) reports.Saved { return reports.Saved{Result: r} }

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
	columns, rows := 80, 50
	if arms > 1 {
		rows = 105 // two screens
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
	require.NoError(t, reports.Text(&got, []reports.Saved{unsaved(r)}, reports.TextOptions{}))
	assert.Contains(t, got.String(), "refused: \uFFFD[2Jgo away")
	assert.NotContains(t, got.String(), "\x1b")
}

func TestTextReportsAWriterThatFails(t *testing.T) {
	assert.ErrorIs(t, reports.Text(fullDisk{}, []reports.Saved{unsaved(passed())}, reports.TextOptions{}), errFull)
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
		Cost: result.Cost{
			CPUNSPerMessage: 61_234, AllocsPerMessage: 63.12, AllocBytesPerMsg: 5123, WireBytesPerMessage: 241,
			BrokerCPUNSPerMessage: 25_000, GCShare: 0.0213,
		},
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

// arms is a comparison of arms that cost the more the further back they stand.
func arms(names ...string) *result.Result {
	r := passed()
	var settings []string
	r.Arms, r.Thresholds = nil, nil
	for i, name := range names {
		kind, ratio, _ := strings.Cut(name, "@")
		settings = append(settings, fmt.Sprintf(`{"name":%q,"arm":%q,"sampler":%q}`, name, kind, ratio))
		r.Arms = append(r.Arms, compared(name, kind, i))
		r.Thresholds = append(r.Thresholds, result.Threshold{Arm: name, Expression: "response.p99 < 20ms", Actual: 1_203_456 + float64(i)*100_000, OK: true})
		r.Thresholds = append(r.Thresholds, result.Threshold{Arm: name, Expression: "delivery.lost == 0", OK: true})
		for j, base := range names[:i] {
			r.Overhead = append(r.Overhead, differences(base, name, float64(i-j))...)
		}
	}
	r.Scenario = json.RawMessage(`{"name":"tracing-cost","description":"What tracing costs, in turns.","duration":"100s","tracing":{"compare":[` + strings.Join(settings, ",") + `]}}`)
	r.Warnings = []result.Warning{
		{About: "cost.cpu_per_message", Text: "1 of 40 slices was left out because the machine was too busy to tell the arms apart"},
		{About: "overhead", Text: "the machine changed its clock rate"},
	}
	return r
}

// compared is the i-th arm of a comparison.
func compared(name, kind string, i int) result.Arm {
	a := record()
	a.Name = name
	a.Latency = maps.Clone(a.Latency)
	a.Series = make([]result.Point, 20)
	a.Cost.CPUNSPerMessage += float64(i) * 12_345
	a.Cost.AllocsPerMessage += float64(i) * 17
	a.Cost.SendCPUNSPerMessage, a.Cost.ReceiveCPUNSPerMessage = a.Cost.CPUNSPerMessage*0.6, a.Cost.CPUNSPerMessage*0.45
	a.Slowest = []result.Exemplar{
		{Sender: "mqttrace-40a94334-s9", AtNS: 4_461_234_567, ResponseNS: 8_103_456 - int64(i), TransitNS: 8_003_456},
	}
	a.Process.Sink = &result.Process{CPUNS: 80_000_000, CPUCores: 0.004, RSSBytes: 31_123_456}
	if kind == "off" || kind == "context" {
		delete(a.Latency, result.Trace)
		a.Spans = nil
	}
	if kind == "export" {
		received := a.Spans.Ended
		a.Spans.Exported, a.Spans.ExportCalls, a.Spans.Received = received, 100, &received
	}
	if kind != "off" {
		a.Slowest[0].TraceID = "5ec455b36acafa5d062cd54048f8121e"
	}
	return a
}

// differences are those of two arms that are a number of steps apart; none if that is 0.
func differences(base, arm string, steps float64) []result.Difference {
	all := []result.Difference{
		{Figure: "cpu_ns_per_message", BaseMean: 61_234, Diff: 12_345, Low: 11_234, High: 13_456, Floor: 812},
		{Figure: "allocs_per_message", BaseMean: 63.12, Diff: 17, Low: 16.6, High: 17.4, Floor: 0.31},
		{Figure: "alloc_bytes_per_message", BaseMean: 5123, Diff: 1212, Low: 1100, High: 1300, Floor: 57},
		{Figure: "wire_bytes_per_message", BaseMean: 170, Diff: 71, Low: 71, High: 71},
		{Figure: "broker_cpu_ns_per_message", BaseMean: 25_000, Diff: 1_912, Low: 1_212, High: 2_612, Floor: 512},
		{Figure: "response.p50_ns", BaseMean: 412_345, Diff: 21_345, Low: 11_345, High: 31_345, Floor: 5_345},
		{Figure: "response.p99_ns", BaseMean: 1_203_456, Diff: 101_345, Low: -51_345, High: 251_345, Floor: 121_345},
		{Figure: "transit.p50_ns", BaseMean: 399_345, Diff: 19_345, Low: 9_345, High: 29_345, Floor: 5_123},
		{Figure: "transit.p99_ns", BaseMean: 1_190_456, Diff: 99_345, Low: -49_345, High: 249_345, Floor: 119_345},
	}
	for i := range all {
		d := &all[i]
		d.Base, d.Arm = base, arm
		if steps == 0 {
			half := (d.High-d.Low)/2 + d.Floor/10
			d.Diff, d.Low, d.High = half/7, -half, half
		}
		d.Diff, d.Low, d.High = d.Diff*max(steps, 1), d.Low*max(steps, 1), d.High*max(steps, 1)
		d.Detected = d.Low > 0 && d.Diff > d.Floor
	}
	return all
}

// noise compares a setting with itself, and finds nothing unless the machine is noisy.
func noise(noisy bool) *result.Result {
	r := arms("off", "off#2")
	r.Scenario = json.RawMessage(`{"name":"noise","duration":"40s","tracing":{"compare":[{"name":"off","arm":"off"},{"name":"off#2","arm":"off"}]}}`)
	r.Arms[1] = compared("off#2", "off", 0)
	r.Overhead = differences("off", "off#2", 0)
	r.Warnings = nil
	if noisy {
		r.Overhead[0] = result.Difference{Figure: "cpu_ns_per_message", Base: "off", Arm: "off#2", BaseMean: 61_234, Diff: -2_345, Low: -3_345, High: -1_345, Floor: 812, Detected: true}
	}
	return r
}

// fewTurns ended before there was anything to compare.
func fewTurns() *result.Result {
	r := arms("off", "export")
	r.Verdict, r.Reason = result.Interrupted, "interrupted after 1.20 s of 40 s"
	r.Overhead, r.Warnings = nil, nil
	for i := range r.Arms {
		r.Arms[i].Series, r.Arms[i].Slowest = r.Arms[i].Series[:2], nil
	}
	return r
}

// sweep has long names, messages too few for a p99, a broker that somebody else runs, and an arm that is cheaper than the first.
func sweep() *result.Result {
	r := arms("export attributes=50", "export attributes=10", "export attributes=0")
	r.Overhead = slices.DeleteFunc(r.Overhead, func(d result.Difference) bool { return strings.HasSuffix(d.Figure, "p99_ns") })
	for i := range r.Overhead {
		d := &r.Overhead[i]
		d.Diff, d.Low, d.High = -d.Diff, -d.High, -d.Low
		if d.Figure == "broker_cpu_ns_per_message" {
			*d = result.Difference{Figure: d.Figure, Base: d.Base, Arm: d.Arm}
		}
	}
	r.TraceURL = "https://grafana.example/explore?traceId={trace_id}"
	for i := range r.Arms {
		r.Arms[i].Process.Broker, r.Arms[i].Cost.BrokerCPUNSPerMessage = nil, 0
	}
	return r
}

// flooded sent as fast as it went, and heard more of the broker than messages.
func flooded() *result.Result {
	r := passed()
	r.Scenario = json.RawMessage(`{"name":"flood","duration":"20s","senders":[{"name":"flood","rate":"max","window":100},{"name":"hose","rate":"max"},` +
		`{"name":"trickle","rate":"max","window":10},{"name":"steady","rate":"10/s"}]}`)
	r.Environment.Broker.Limits.ReceiveMaximum = 20
	r.Arms[0].Delivery.Wills, r.Arms[0].Delivery.Overlapping = 3, 1200
	r.Reasons = []result.Reason{
		{Packet: "DISCONNECT", Code: 0x9d, Name: "Server moved (0x9D)", Count: 2, Text: "maintenance", ServerReference: "mqtt2.example.org:8883"},
		{Packet: "PUBACK", Code: 0x97, Name: "Quota exceeded (0x97)", Count: 1234},
	}
	return r
}

// stressed exported to a sink in trouble and lost spans.
func staged() *result.Result {
	r := passed()
	r.Stages = []result.Stage{
		{AtNS: 0, ForNS: 10e9, Group: "sensors", Name: "from 0/s to 1000/s"}, {AtNS: 10e9, ForNS: 5e9, Group: "sensors", Name: "plateau"},
		{AtNS: 12e9, ForNS: 5e8, Group: "alarms", Name: "sends"},
	}
	for s := range 17 {
		sent := uint64(min(max(s-2, 0)*100+50, 1000))
		r.Arms[0].Series = append(r.Arms[0].Series, result.Point{AtNS: int64(s-2) * 1e9, LengthNS: 1e9, Scheduled: sent, Sent: sent, Received: sent, P99NS: 1_203_456 + int64(s)*1e5})
	}
	return r
}

func stressed() *result.Result {
	r := passed()
	r.Faults = []result.Fault{
		{AtNS: 2e9, ForNS: 3e9, Name: "exporter: slow"}, {AtNS: 7e9, ForNS: 2e9, Name: "exporter: stall"},
	}
	a := &r.Arms[0]
	a.Name = "export"
	for s := range 20 {
		a.Series = append(a.Series, result.Point{AtNS: int64(s-2) * 1e9, LengthNS: 1e9, P99NS: 1_203_456 + int64(s)*1e5, GeneratorRSS: 48e6 + int64(s)*1e5, SpansWaiting: uint64(s) * 900, SpansFailed: uint64(s / 9)})
	}
	received := uint64(26_700)
	a.Spans = &result.Spans{
		Started: 44_000, Sampled: 44_000, Ended: 44_000, Dropped: 16_826, Exported: 26_660, Failed: 500, ExportCalls: 223, ExportFailures: 6,
		Received: &received, Messages: 20_000, Whole: 20_000,
	}
	a.Slowest = []result.Exemplar{
		{Sender: "mqttrace-40a94334-s9", AtNS: 4_461_234_567, ResponseNS: 8_103_456, TransitNS: 8_003_456, TraceID: "5ec455b36acafa5d062cd54048f8121e"},
		{Sender: "mqttrace-40a94334-s6", AtNS: 4_460_234_567, ResponseNS: 7_103_456, TransitNS: 7_003_456},
	}
	r.TraceURL = "https://grafana.example/explore?traceId={trace_id}"
	r.Warnings = []result.Warning{
		{About: "spans.dropped", Text: "17340 of 44000 spans did not get out: 16826 dropped by the full queue, 500 in failed exports"},
	}
	return r
}

// disturbed is a run whose broker and network failed on purpose.
func disturbed() *result.Result {
	r := passed()
	r.Faults = []result.Fault{
		{AtNS: 2e9, ForNS: 1e9, Name: "broker: kill", ConnectionsLost: 102, DetectedNS: new(int64(2_123_456)), ReconnectedNS: new(int64(612_345_678)),
			BeforeP99NS: new(int64(1_203_456)), RecoveredNS: new(int64(900_000_000)), Duplicated: 35, Late: 1_949},
		{AtNS: 10e9, ForNS: 1e9, Name: "network: cut on receivers", ConnectionsLost: 102, NotReconnected: 2, DetectedNS: new(int64(312_345)), BeforeP99NS: new(int64(1_203_456)), Lost: 17, Late: 412},
		{AtNS: 12e9, ForNS: 51_000, Name: "senders: disconnect 50%", ConnectionsLost: 50, DetectedNS: new(int64(31_000)), ReconnectedNS: new(int64(2_345_678))},
	}
	return r
}

// heldBack is a run whose receivers could not get what they were owed: they got it later, in part, or never.
func heldBack() *result.Result {
	r := passed()
	r.Faults = []result.Fault{
		{AtNS: 2e9, ForNS: 3e9, Name: "receivers: stall of backend", Backlog: &result.Backlog{
			Before: 3, Peak: 3_007, PeakAtNS: 5_001_234_567, DrainedNS: new(int64(61_234_567)), ReceivedRatePerS: 49_123, OwedRatePerS: 1_003}},
		{AtNS: 8e9, ForNS: 2e9, Name: "network: cut on backend", Backlog: &result.Backlog{
			Before: 2, Peak: 2_345, PeakAtNS: 10_345_678_901, DrainedNS: new(int64(40_234_567)), ReceivedRatePerS: 25_678, OwedRatePerS: 998, Lost: 1_345}},
		{AtNS: 12e9, ForNS: 1e9, Name: "receivers: disconnect of display", Backlog: &result.Backlog{Peak: 1_004, PeakAtNS: 13e9, Lost: 1_001}},
	}
	for s := range 22 {
		p := result.Point{AtNS: int64(s-2) * 1e9, LengthNS: 1e9, Scheduled: 1000, Sent: 1000, Received: 1000, P99NS: 1_203_456 + int64(s)*1e6}
		if s >= 2 {
			p.Backlog = new(int64(s * 100))
		}
		r.Arms[0].Series = append(r.Arms[0].Series, p)
	}
	return r
}

func TestTextOfABacklogThatStays(t *testing.T) {
	r := passed()
	r.Faults = []result.Fault{{AtNS: 15e9, ForNS: 5e9, Name: "receivers: stall of archive", Backlog: &result.Backlog{Peak: 5_000, PeakAtNS: 20e9}}}
	var got bytes.Buffer
	require.NoError(t, reports.Text(&got, []reports.Saved{unsaved(r)}, reports.TextOptions{}))
	assert.Contains(t, got.String(), "never")
	assert.Contains(t, got.String(), "there was a backlog when it was last looked at")

	r.Verdict = "" // it goes on
	got.Reset()
	require.NoError(t, reports.Text(&got, []reports.Saved{unsaved(r)}, reports.TextOptions{}))
	assert.NotContains(t, got.String(), "never")
}

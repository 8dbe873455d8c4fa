package reports_test

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
	"mqttrace/reports"
)

func TestTextOfAnObservation(t *testing.T) {
	for name, r := range map[string]*result.Result{
		"observed":        observed(),
		"observed-broken": observedBroken(),
		"observed-none":   observedNothing(),
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			require.NoError(t, reports.Text(&got, []reports.Saved{{Result: r, Path: "results/observe-20261122T134500Z.json"}}, reports.TextOptions{}))
			golden(t, filepath.Join("testdata", name+".txt"), got.Bytes())
			if name != "observed-broken" { // which shows everything that can be wrong
				assertOneScreen(t, got.String(), 1)
			}
		})
	}
}

func observed() *result.Result {
	all := latency(18_000, 205_000, 404_000, 598_000, 1_190_000, 4_420_000, 8_010_000)
	after := latency(12_000, -1_205_000, -104_000, 98_000, 190_000, 420_000, 7_010_000)
	at := time.Date(2026, 11, 22, 13, 45, 7, 250_000_000, time.UTC)
	return &result.Result{
		Schema: result.Schema, Verdict: result.Pass, Started: at, Scenario: json.RawMessage(`{"name": "observe", "description": "what the spans of other services say"}`),
		Environment: result.Environment{OS: "linux", Arch: "amd64", Cores: 2},
		Arms: []result.Arm{{
			Name: "observe", ElapsedNS: 30e9, Latency: map[string]result.Latency{result.Trace: all},
			Spans: &result.Spans{Started: 40_000, Sampled: 40_000, Ended: 40_000, Messages: 18_000, Whole: 18_000},
		}},
		Observed: &result.Observed{
			Sources: []string{"grpc://127.0.0.1:4317", "http://127.0.0.1:4318"},
			Pairs: []result.Pair{
				{Producer: "telemetry.sender", Consumer: "telemetry.receiver", Topic: "sensors/{id}/temperature", Latency: all, AfterProducer: after,
					Slowest: []result.Example{{TraceID: "4bf92f3577b34da6a3ce929d0e0e4736", At: at, LatencyNS: 8_010_000}}},
				{Producer: "telemetry.sender", Consumer: "a-service-with-a-name-that-does-not-end", Topic: "alarms", Latency: all, AfterProducer: after,
					Slowest: []result.Example{{TraceID: "0af7651916cd43dd8448eb211c80319c", At: at.Add(time.Second), LatencyNS: 9_010_000}}},
			},
		},
	}
}

func observedBroken() *result.Result {
	r := observed()
	example := []result.Example{{TraceID: "4bf92f3577b34da6a3ce929d0e0e4736", SpanID: "00f067aa0ba902b7"}}
	r.Verdict, r.Reason, r.TraceURL = result.Fail, "4,000 of 18,000 messages have broken traces", "https://grafana.example/explore?trace={trace_id}"
	r.Arms[0].Spans.Whole = 14_000
	r.Warnings = []result.Warning{{About: result.Trace, Text: "4000 of 18000 messages have broken traces"}}
	o := r.Observed
	o.ForwardedTo = "grpc://collector:4317"
	for range 9 {
		o.Pairs = append(o.Pairs, result.Pair{Producer: "a", Consumer: "b", Topic: "t\x1b[2J", Latency: latency(1, 1, 1, 0, 0, 0, 1)})
	}
	o.Broken = []result.Broken{
		{What: result.ProducerAlone, Service: "telemetry.sender", Topic: "alarms", Count: 2_000, Examples: example},
		{What: result.ConsumerAlone, Service: "telemetry.receiver", Count: 1_000, Examples: example},
		{What: result.NoParent, Service: "telemetry.receiver", Topic: "alarms", Count: 600, Examples: example},
		{What: result.WrongParent, Service: "telemetry.receiver", Topic: "alarms", Count: 400},
	}
	o.Skews = []result.Skew{{From: "node-1", To: "pi", Messages: 9_000, Negative: 8_000, MinNS: -70_000_000}, {From: "node-1", To: "node-1", Messages: 9}}
	o.Losses = []result.Loss{{Service: "telemetry.sender", Signal: "otel.sdk.processor.span.processed error.type=queue_full", Spans: 812}, {Service: "telemetry.receiver", Signal: "gap", Spans: 7}}
	o.Faults = []result.SpanFault{
		{Rule: "deprecated", Subject: "messaging.operation", Advice: "use messaging.operation.name and messaging.operation.type", Count: 18_000, Services: []string{"telemetry.receiver", "telemetry.sender"}},
		{Rule: "kind", Subject: "CLIENT for receive", Advice: "use CONSUMER", Count: 9_000, Services: []string{"telemetry.receiver"}},
	}
	o.Spans = result.SpanCounts{Malformed: 3, Repeated: 512, Truncated: 1}
	o.Messages.Retained = 2
	o.Notes = []string{"traces.json: record 812, the last, breaks off after 1024 bytes: left out"}
	return r
}

func observedNothing() *result.Result {
	r := observed()
	r.Verdict, r.Reason = result.Invalid, "no spans were received"
	r.Arms[0].Latency[result.Trace], r.Arms[0].Spans = result.Latency{}, &result.Spans{}
	r.Observed = &result.Observed{Sources: []string{"grpc://127.0.0.1:4317"}}
	return r
}

func TestBrokenName(t *testing.T) {
	assert.Equal(t, "wrong parent", reports.BrokenName(result.WrongParent))
	assert.Equal(t, "torn", reports.BrokenName("torn"), "of a later version")
}

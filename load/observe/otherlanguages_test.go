package observe

import (
	"encoding/hex"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	respb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"mqttrace/load/otlp"
	"mqttrace/load/result"
)

var update = flag.Bool("update", false, "write the test data anew")

// sdk is a resource as an SDK of some language fills it in.
func sdk(language, version, service string, more map[string]any) *respb.Resource {
	r := &respb.Resource{Attributes: keyValues(map[string]any{"service.name": service})}
	for _, m := range []map[string]any{
		{"telemetry.sdk.language": language}, {"telemetry.sdk.name": "opentelemetry"}, {"telemetry.sdk.version": version}, more,
	} {
		r.Attributes = append(r.Attributes, sorted(m)...)
	}
	return r
}

// sorted makes attributes of a map in an order that test data can have.
func sorted(all map[string]any) (list []*common.KeyValue) {
	keys := make([]string, 0, len(all))
	for k := range all {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		list = append(list, keyValues(map[string]any{k: all[k]})...)
	}
	return list
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// spanOf makes a span with ids as they are on the wire.
func spanOf(trace, id, parent, name string, kind tracepb.Span_SpanKind, from, to time.Duration, attributes map[string]any) *tracepb.Span {
	return &tracepb.Span{
		TraceId: unhex(trace), SpanId: unhex(id), ParentSpanId: unhex(parent), Name: name, Kind: kind, Flags: 0x101,
		StartTimeUnixNano: uint64(began.Add(from).UnixNano()), EndTimeUnixNano: uint64(began.Add(to).UnixNano()),
		Attributes: sorted(attributes), Status: &tracepb.Status{},
	}
}

func exported(r *respb.Resource, scope string, all ...*tracepb.Span) *collectorpb.ExportTraceServiceRequest {
	return &collectorpb.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{
		{Resource: r, ScopeSpans: []*tracepb.ScopeSpans{{Scope: &common.InstrumentationScope{Name: scope}, Spans: all}}},
	}}
}

const (
	trace1 = "4bf92f3577b34da6a3ce929d0e0e4736"
	trace2 = "0af7651916cd43dd8448eb211c80319c"
	ms     = time.Millisecond
)

// recordings are what services in other languages export, as their SDKs write it.
var recordings = map[string][]proto.Message{
	// Rust with tracing-opentelemetry: the consumer is a CLIENT without a parent, attributes are of old, tracing adds its own.
	"rust": {
		exported(sdk("rust", "0.31.0", "telemetry.sender", nil), "sender.sample",
			spanOf(trace1, "00f067aa0ba902b7", "", "simulate_and_send", tracepb.Span_SPAN_KIND_INTERNAL, 0, 9*ms,
				map[string]any{"code.file.path": "src/main.rs", "thread.id": 2, "busy_ns": 81000, "idle_ns": 8200000}),
			spanOf(trace1, "b7ad6b7169203331", "00f067aa0ba902b7", "send", tracepb.Span_SPAN_KIND_PRODUCER, ms, 8*ms,
				map[string]any{"messaging.system": "mqtt", "messaging.operation": "publish", "code.file.path": "src/main.rs"})),
		exported(sdk("rust", "0.31.0", "telemetry.receiver", nil), "receiver.sample",
			spanOf(trace2, "c8be7c827a314442", "", "receive", tracepb.Span_SPAN_KIND_CLIENT, 5*ms, 6*ms, map[string]any{
				"messaging.system": "mqtt", "messaging.operation": "receive", "cloudevents.id": "7", "cloudevents.source": "aio://sender",
				"cloudevents.specversion": "1.0", "cloudevents.type": "ms.aio.telemetry", "cloudevents.subject": "sensors/1",
				"cloudevents.time": "2026-10-02T12:00:00Z", "cloudevents.datacontenttype": "application/json"})),
	},
	// Java's agent: the consumer span links and is in a trace of its own; there is a host.
	"java": {
		exported(sdk("java", "1.60.1", "orders", map[string]any{"host.name": "node-1", "process.pid": 41}), "io.opentelemetry.mqtt",
			spanOf(trace1, "00f067aa0ba902b7", "", "publish orders/{id}", tracepb.Span_SPAN_KIND_PRODUCER, 0, 4*ms, map[string]any{
				"messaging.system": "mqtt", "messaging.operation.name": "publish", "messaging.operation.type": "send",
				"messaging.destination.name": "orders/7", "messaging.destination.template": "orders/{id}", "messaging.message.body.size": 40})),
		func() proto.Message {
			s := spanOf(trace2, "b7ad6b7169203331", "", "process orders/+", tracepb.Span_SPAN_KIND_CONSUMER, 3*ms, 5*ms, map[string]any{
				"messaging.system": "mqtt", "messaging.operation.name": "process", "messaging.operation.type": "process",
				"messaging.destination.name": "orders/7", "messaging.destination.subscription.name": "orders/+"})
			s.Links = []*tracepb.Span_Link{{TraceId: unhex(trace1), SpanId: unhex("00f067aa0ba902b7")}}
			return exported(sdk("java", "1.60.1", "billing", map[string]any{"host.name": "node-2"}), "io.opentelemetry.mqtt", s)
		}(),
	},
	// Python with paho, instrumented by hand with the conventions of 2021; the receiver's clock is behind.
	"python": {
		exported(sdk("python", "1.38.0", "unknown_service", nil), "__main__",
			spanOf(trace1, "00f067aa0ba902b7", "", "lab/temperature send", tracepb.Span_SPAN_KIND_PRODUCER, 0, 2*ms, map[string]any{
				"messaging.system": "MQTT", "messaging.destination": "lab/temperature", "messaging.destination_kind": "topic", "net.peer.name": "localhost", "net.peer.port": 1883})),
		exported(sdk("python", "1.38.0", "logger", map[string]any{"host.name": "pi"}), "__main__",
			spanOf(trace1, "b7ad6b7169203331", "00f067aa0ba902b7", "lab/temperature process", tracepb.Span_SPAN_KIND_CONSUMER, -70*ms, -60*ms, map[string]any{
				"messaging.system": "MQTT", "messaging.destination": "lab/temperature", "messaging.operation": "process"})),
	},
	// A broker that puts spans of its own between the two (.NET on either side): the consumer descends from the producer.
	"dotnet-broker": {
		exported(sdk("dotnet", "1.14.0", "gateway", nil), "Gateway.Mqtt",
			spanOf(trace1, "00f067aa0ba902b7", "", "publish line/1", tracepb.Span_SPAN_KIND_PRODUCER, 0, 4*ms, map[string]any{
				"messaging.system": "mqtt", "messaging.operation.name": "publish", "messaging.operation.type": "send", "messaging.destination.name": "line/1"})),
		exported(sdk("erlang", "1.5.0", "emqx", nil), "emqx_otel_trace",
			spanOf(trace1, "1111111111111111", "00f067aa0ba902b7", "message.route", tracepb.Span_SPAN_KIND_INTERNAL, ms, 3*ms, map[string]any{"client.clientid": "gw"}),
			spanOf(trace1, "2222222222222222", "1111111111111111", "broker.publish", tracepb.Span_SPAN_KIND_INTERNAL, 2*ms, 3*ms, nil)),
		exported(sdk("dotnet", "1.14.0", "historian", nil), "Historian.Mqtt",
			spanOf(trace1, "b7ad6b7169203331", "2222222222222222", "process line/1", tracepb.Span_SPAN_KIND_CONSUMER, 3*ms, 4*ms, map[string]any{
				"messaging.system": "mqtt", "messaging.operation.name": "process", "messaging.operation.type": "process", "messaging.destination.name": "line/1"})),
	},
}

// TestOtherLanguages reads the recordings as a collector's file exporter writes them.
func TestOtherLanguages(t *testing.T) {
	for name, tc := range map[string]struct {
		pairing  result.Pairing
		broken   []string
		faults   []string
		negative uint64
		topic    string
	}{
		"rust": {
			broken: []string{"consumer_without_parent telemetry.receiver ", "producer_without_consumer telemetry.sender "},
			faults: []string{"deprecated messaging.operation", "missing messaging.destination.name", "deprecated cloudevents.datacontenttype", "deprecated cloudevents.id", "deprecated cloudevents.source",
				"deprecated cloudevents.specversion", "deprecated cloudevents.subject", "deprecated cloudevents.time", "deprecated cloudevents.type",
				"kind CLIENT for receive"},
		},
		"java": {pairing: result.Pairing{Link: 1}, topic: "orders/{id}"},
		"python": {
			pairing: result.Pairing{Parent: 1}, topic: "lab/temperature", negative: 1,
			faults: []string{"deprecated messaging.destination", "value messaging.system", "deprecated messaging.destination_kind",
				"deprecated messaging.operation", "deprecated net.peer.name", "deprecated net.peer.port", "missing messaging.operation.name",
				"missing messaging.operation.type", "resource service.name"},
		},
		"dotnet-broker": {pairing: result.Pairing{Ancestor: 1}, topic: "line/1"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", name+".json")
			writeRecording(t, path, recordings[name])
			files, err := otlp.OpenFiles(path)
			require.NoError(t, err)
			defer files.Close()
			o := New(Config{Recorded: true})
			require.NoError(t, o.Read(t.Context(), files))
			require.Empty(t, files.Notes())
			got := finish(t, o)

			assert.Equal(t, tc.pairing, got.Observed.Messages)
			broken := brokenIn(got)
			slices.Sort(broken)
			assert.Equal(t, tc.broken, broken)
			assert.Equal(t, tc.faults, faultsIn(got))
			assert.Equal(t, tc.negative, got.Arms[0].Latency[result.Trace].Negative)
			if tc.topic != "" {
				require.Len(t, got.Observed.Pairs, 1)
				assert.Equal(t, tc.topic, got.Observed.Pairs[0].Topic)
			}
		})
	}
}

// writeRecording keeps the files of testdata, which protojson does not write the same twice, equal to what is here in meaning.
func writeRecording(t *testing.T, path string, requests []proto.Message) {
	t.Helper()
	if *update {
		var text []byte
		for _, q := range requests {
			line, err := otlp.EncodeJSON(q)
			require.NoError(t, err)
			text = append(append(text, line...), '\n')
		}
		require.NoError(t, os.WriteFile(path, text, 0o666))
	}
	files, err := otlp.OpenFiles(path)
	require.NoError(t, err)
	defer files.Close()
	for _, want := range requests {
		got, err := files.Next()
		require.NoError(t, err)
		require.True(t, proto.Equal(want, got), "renew it with -update")
	}
	_, err = files.Next()
	require.True(t, errors.Is(err, io.EOF))
}

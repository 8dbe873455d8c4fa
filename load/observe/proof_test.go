package observe

import (
	"context"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"mqttrace/load/otlp"
	"mqttrace/load/record"
	"mqttrace/load/result"
	"mqttrace/propagation"
)

// TestAgreesWithTheSpanLedger exports the spans of thousands of messages over OTLP, made as the engine makes them, while the engine's
// own ledger sees the same spans in process: both must come to the same latencies.
func TestAgreesWithTheSpanLedger(t *testing.T) {
	for name, tc := range map[string]struct {
		messages    uint32 // 10,000 are enough for p99.9
		newExporter func(context.Context, *otlp.Receiver) (*otlptrace.Exporter, error)
	}{
		"grpc": {10_000, func(ctx context.Context, r *otlp.Receiver) (*otlptrace.Exporter, error) {
			return otlptracegrpc.New(ctx, otlptracegrpc.WithInsecure(), otlptracegrpc.WithEndpoint(r.GRPCAddr()))
		}},
		"http": {1_000, func(ctx context.Context, r *otlp.Receiver) (*otlptrace.Exporter, error) {
			return otlptracehttp.New(ctx, otlptracehttp.WithInsecure(), otlptracehttp.WithEndpoint(r.HTTPAddr()))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			o := New(Config{})
			r, err := otlp.Listen(otlp.Config{GRPC: "127.0.0.1:0", HTTP: "127.0.0.1:0", Handler: otlp.Handler{Traces: o.Traces}})
			require.NoError(t, err)
			defer func() { require.NoError(t, r.Close()) }()
			recorder := record.NewRecorder(4)
			ledger := record.NewSpans(recorder)

			sender := tracing(t, r, "sender", ledger, tc.newExporter)
			receiver := tracing(t, r, "receiver", ledger, tc.newExporter)
			carry(t, sender, receiver, ledger, tc.messages)
			require.NoError(t, sender.Shutdown(limited(t)))
			require.NoError(t, receiver.Shutdown(limited(t)))

			got, err := o.Finish(About{})
			require.NoError(t, err)
			want, err := recorder.Histogram(record.Trace).Latency()
			require.NoError(t, err)
			require.Equal(t, uint64(tc.messages), want.Count)
			assert.Equal(t, tc.messages >= 10_000, want.P999NS != nil)
			assert.Equal(t, want, got.Arms[0].Latency[result.Trace])
			assert.Equal(t, ledger.Result(), got.Arms[0].Spans)

			assert.Equal(t, result.Pass, got.Verdict)
			assert.Empty(t, got.Warnings)
			require.Len(t, got.Observed.Pairs, 1)
			pair := got.Observed.Pairs[0]
			assert.Equal(t, [3]string{"sender", "receiver", "bench/{sender}"}, [3]string{pair.Producer, pair.Consumer, pair.Topic})
			assert.Equal(t, want, pair.Latency)
			assert.Equal(t, uint64(tc.messages), pair.AfterProducer.Count)
			assert.Equal(t, result.Pairing{Parent: uint64(tc.messages)}, pair.Paired)
			assert.Equal(t, want.MaxNS, pair.Slowest[0].LatencyNS)
			assert.Empty(t, got.Observed.Faults, "spans of this project keep to the conventions")
			assert.Empty(t, got.Observed.Broken)
			assert.Empty(t, got.Observed.Losses)
		})
	}
}

// tracing is a service's provider, which tells the ledger and exports to r. Its queue drops nothing.
func tracing(t *testing.T, r *otlp.Receiver, service string, ledger *record.Spans, newExporter func(context.Context, *otlp.Receiver) (*otlptrace.Exporter, error)) *sdktrace.TracerProvider {
	t.Helper()
	exporter, err := newExporter(limited(t), r)
	require.NoError(t, err)
	return sdktrace.NewTracerProvider(
		sdktrace.WithSpanProcessor(ledger),
		sdktrace.WithBatcher(exporter, sdktrace.WithBlocking(), sdktrace.WithBatchTimeout(10*time.Millisecond)),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", service), attribute.String("host.name", "bench"))),
	)
}

// carry makes the spans of messages from one service to another, with user properties in between as a broker carries them.
func carry(t *testing.T, sender, receiver *sdktrace.TracerProvider, ledger *record.Spans, messages uint32) {
	t.Helper()
	e := propagation.Endpoint{Topic: "bench/1", Template: "bench/{sender}", ServerAddress: "127.0.0.1", ServerPort: 1883, ClientID: "c"}
	from := propagation.NewProducer(sender.Tracer("test"), e)
	to := propagation.NewConsumer(receiver.Tracer("test"), e)
	for seq := range messages {
		m := record.Message{Sender: 1, Seq: seq, Copies: 1}
		ctx := record.ContextWithMessage(t.Context(), m)
		ledger.Started()
		_, p := from.Start(ctx, propagation.Message{QoS: 1})
		var user paho.UserProperties
		propagation.Inject(p.SpanContext(), &user)
		if seq%2 == 0 {
			p.End() // the acknowledgement comes before the delivery, or after it
		}
		remote, err := propagation.Extract(user)
		require.NoError(t, err)
		ledger.Started()
		_, c := to.Start(ctx, remote, propagation.Message{QoS: 1})
		ledger.Received(m)
		if seq%2 == 1 {
			p.End()
		}
		c.End()
	}
}

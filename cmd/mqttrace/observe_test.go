package main

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"mqttrace/load/observe"
	"mqttrace/load/result"
	"mqttrace/propagation"
)

func init() { commands["export"] = export }

// export exports the spans of messages from one service to another, through SDKs of their own, over gRPC or HTTP:
//
//	export grpc://127.0.0.1:4317 100
func export(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) == 2, "export url messages")
	messages, err := strconv.Atoi(args[1])
	ts.Check(err)
	sender, receiver := exporting(ts, args[0], "sender"), exporting(ts, args[0], "receiver")
	endpoint := propagation.Endpoint{Topic: "a/b"}
	from := propagation.NewProducer(sender.Tracer("test"), endpoint)
	to := propagation.NewConsumer(receiver.Tracer("test"), endpoint)
	for range messages {
		_, p := from.Start(context.Background(), propagation.Message{})
		_, c := to.Start(context.Background(), p.SpanContext(), propagation.Message{})
		c.End()
		p.End()
	}
	ts.Check(sender.Shutdown(context.Background()))
	ts.Check(receiver.Shutdown(context.Background()))
}

func exporting(ts *testscript.TestScript, url, service string) *sdktrace.TracerProvider {
	ctx := context.Background()
	var exporter sdktrace.SpanExporter
	var err error
	if address, isGRPC := strings.CutPrefix(url, "grpc://"); isGRPC {
		exporter, err = otlptracegrpc.New(ctx, otlptracegrpc.WithInsecure(), otlptracegrpc.WithEndpoint(address))
	} else {
		exporter, err = otlptracehttp.New(ctx, otlptracehttp.WithInsecure(), otlptracehttp.WithEndpointURL(url+"/v1/traces"))
	}
	ts.Check(err)
	return sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter, sdktrace.WithBlocking()),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", service), attribute.String("host.name", "bench"))))
}

func TestObserveLine(t *testing.T) {
	live := observe.Live{
		Elapsed: 12*time.Second + 300*time.Millisecond, Spans: 2_400, Messages: 1_200, Negative: 3, Late: 2,
		BrokenAs: map[string]uint64{result.NoParent: 4, result.ProducerAlone: 5},
		Pairs:    []observe.LivePair{{Producer: "a", Consumer: "b\x1b[2J", Topic: "t", Messages: 1_200, P50: time.Millisecond, P99: 2 * time.Millisecond}},
	}
	recent := observe.Live{Recent: 10, P50: 900 * time.Microsecond, P99: 3 * time.Millisecond}
	assert.Equal(t, "observing 12s  spans 2,400  messages 1,200  p50 900 µs  p99 3.00 ms  negative 3  late 2  without consumer 5  without parent 4\n"+
		"  a → b\uFFFD[2J  t  1,200  p50 1.00 ms  p99 2.00 ms\n", observeLine(live, recent))
	assert.Equal(t, "observing 0s  spans 0  messages 0\n", observeLine(observe.Live{}, observe.Live{}))
}

package main

import (
	"context"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/trace/noop"

	"mqttrace/cmd/internal/envelope"
	"mqttrace/cmd/internal/service"
	"mqttrace/cmd/internal/settings"
	"mqttrace/cmd/internal/telemetry"
	"mqttrace/load/mqtt"
)

// reporting returns a reporter, what it measures, and what it logs.
func reporting(t *testing.T, topic string) (*reporter, func() map[string]metricdata.Aggregation, *strings.Builder) {
	t.Helper()
	reader, log := sdkmetric.NewManualReader(), new(strings.Builder)
	r, err := newReporter(&service.Kit{
		Settings: settings.Service{Topic: topic, Broker: settings.Broker{Host: "broker", Port: 1883, ClientID: "client"}},
		Telemetry: &telemetry.Telemetry{Tracer: noop.NewTracerProvider().Tracer(""), Log: slog.New(slog.NewTextHandler(log, nil)),
			Meter: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter("")},
		Bursts: new(telemetry.Bursts),
	})
	require.NoError(t, err)
	return r, func() map[string]metricdata.Aggregation {
		var all metricdata.ResourceMetrics
		require.NoError(t, reader.Collect(context.Background(), &all))
		got := map[string]metricdata.Aggregation{}
		for _, scope := range all.ScopeMetrics {
			for _, m := range scope.Metrics {
				got[m.Name] = m.Data
			}
		}
		return got
	}, log
}

// arrival is a message that took a time, by the two clocks.
func arrival(latency time.Duration) *envelope.Arrival {
	now := time.Unix(1_800_000_000, 0)
	return &envelope.Arrival{
		Delivery:   mqtt.Delivery{Publish: &paho.Publish{Topic: "a", QoS: 1, Properties: &paho.PublishProperties{}}},
		ReceivedAt: now, SentAt: now.Add(-latency), Clock: now.Add(time.Minute), Context: context.Background(),
	}
}

func (r *reporter) take(a *envelope.Arrival) {
	temperature := 1.0
	m := r.start(a, nil)
	m.received(content{Temperature: &temperature})
	m.end()
}

func TestALatencyIsNeverClamped(t *testing.T) {
	r, measured, log := reporting(t, "a")
	r.take(arrival(3 * time.Millisecond))
	r.take(arrival(-2 * time.Second))
	got := measured()
	latency := got[telemetry.E2ELatency].(metricdata.Histogram[float64]).DataPoints
	require.Len(t, latency, 1)
	assert.EqualValues(t, 1, latency[0].Count)
	assert.InDelta(t, 0.003, latency[0].Sum, 1e-9)
	assert.Equal(t, 50e-6, latency[0].Bounds[0])
	negative := got[telemetry.E2ENegative].(metricdata.Sum[int64]).DataPoints
	assert.EqualValues(t, 1, negative[0].Value)
	drift := got[telemetry.ClockDrift].(metricdata.Gauge[float64]).DataPoints
	assert.Equal(t, 60.0, drift[0].Value)
	assert.Contains(t, log.String(), "latency_seconds=-2")
}

func TestAReplayWasNotUnderWay(t *testing.T) {
	r, measured, log := reporting(t, "a")
	replay := arrival(time.Hour)
	replay.Retain = true
	r.take(replay)
	got := measured()
	assert.NotContains(t, got, telemetry.E2ELatency)
	assert.NotContains(t, got, telemetry.ClockDrift)
	assert.NotContains(t, log.String(), "latency_seconds")
	assert.Contains(t, got, telemetry.ProcessDuration)
}

func TestMetricsOfATopicPatternHaveThePattern(t *testing.T) {
	r, measured, _ := reporting(t, "plant/{line}")
	m := r.start(arrival(0), nil)
	m.reject(io.EOF)
	m.end()
	got := measured()
	for _, name := range []string{telemetry.ConsumedMessages, telemetry.Rejected} {
		point := got[name].(metricdata.Sum[int64]).DataPoints[0]
		template, _ := point.Attributes.Value("messaging.destination.template")
		assert.Equal(t, "plant/{line}", template.AsString())
		assert.False(t, point.Attributes.HasValue(attribute.Key("messaging.destination.name")), "there may be any number of topics")
		errorType, _ := point.Attributes.Value("error.type")
		assert.Equal(t, "_OTHER", errorType.AsString())
	}
}

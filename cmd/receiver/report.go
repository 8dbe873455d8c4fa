package main

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/Azure/iot-operations-sdks/go/protocol"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"mqttrace/cmd/internal/envelope"
	"mqttrace/cmd/internal/service"
	"mqttrace/cmd/internal/telemetry"
	"mqttrace/propagation"
)

// reporter says what becomes of messages: in spans, metrics and the log.
type reporter struct {
	consumer *propagation.Consumer
	log      *slog.Logger
	bursts   *telemetry.Bursts

	processing, destination telemetry.Labels // of measurements of the handling, and of others
	consumed, rejected      metric.Int64Counter
	duration, latency       metric.Float64Histogram
	beforeSent              metric.Int64Counter
	drift                   metric.Float64Gauge
}

func newReporter(kit *service.Kit) (*reporter, error) {
	instruments := telemetry.NewInstruments(kit.Telemetry.Meter)
	broker, destination := kit.Settings.Broker, propagation.TopicKey.String(kit.Settings.Topic)
	endpoint := propagation.Endpoint{
		ClientID: broker.ClientID, ServerAddress: broker.Host, ServerPort: int(broker.Port),
		Topic: kit.Settings.Topic, Subscription: kit.Settings.Topic, BodySize: true,
	}
	if isPattern := strings.Contains(kit.Settings.Topic, "{"); isPattern {
		endpoint.Template, endpoint.Topic, endpoint.Subscription = kit.Settings.Topic, "", filterOf(kit.Settings.Topic)
		destination = propagation.TemplateKey.String(kit.Settings.Topic)
	}
	r := &reporter{
		consumer: propagation.NewConsumer(kit.Telemetry.Tracer, endpoint),
		log:      kit.Telemetry.Log,
		bursts:   kit.Bursts,
		processing: telemetry.NewLabels(
			propagation.SystemKey.String(propagation.System),
			propagation.OperationNameKey.String(propagation.OperationProcess),
			semconv.MessagingOperationTypeProcess,
			propagation.ServerAddressKey.String(broker.Host),
			propagation.ServerPortKey.Int(int(broker.Port)),
			destination,
		),
		destination: telemetry.NewLabels(destination),
		consumed:    instruments.Count(telemetry.ConsumedMessages, "{message}", "Messages that arrived, rejected ones too."),
		rejected:    instruments.Count(telemetry.Rejected, "{message}", "Messages that the receiver could not make sense of."),
		duration:    instruments.Seconds(telemetry.ProcessDuration, "Time that the receiver took over a message."),
		latency:     instruments.Seconds(telemetry.E2ELatency, "Time from just before a message was handed to the sender's socket until it was read off the receiver's, by the clocks of the two hosts."),
		beforeSent:  instruments.Count(telemetry.E2ENegative, "{message}", "Messages that arrived before they were sent, by the clocks of the two hosts."),
		drift:       instruments.SecondsGauge(telemetry.ClockDrift, "By how much the hybrid logical clock of the last message was ahead of this host's clock."),
	}
	r.beforeSent.Add(context.Background(), 0, r.destination.With(""))
	return r, instruments.Err()
}

// filterOf is the topic filter of a topic pattern.
func filterOf(pattern string) string {
	levels := strings.Split(pattern, "/")
	for i, level := range levels {
		if strings.HasPrefix(level, "{") {
			levels[i] = "+"
		}
	}
	return strings.Join(levels, "/")
}

// message is one message from its arrival to the end of its handling.
type message struct {
	*reporter
	ctx       context.Context
	span      trace.Span
	arrival   *envelope.Arrival
	event     *protocol.CloudEvent // nil for a message that is none
	started   time.Time
	errorType string // empty unless it was rejected
}

// start begins the span of a message: in the trace that it carries, or with a link to it if the message is a replay.
func (r *reporter) start(a *envelope.Arrival, event *protocol.CloudEvent) *message {
	m := &message{reporter: r, arrival: a, event: event, started: time.Now()}
	of := propagation.Message{Topic: a.Topic, QoS: a.QoS, Retain: a.Retain, Duplicate: a.Duplicate(), BodySize: len(a.Payload), ConversationID: a.ConversationID()}
	var options []trace.SpanStartOption
	if event != nil {
		of.ID = event.ID
		options = append(options, trace.WithAttributes(envelope.EventAttributes(event, "")...))
	}
	m.ctx, m.span = r.consumer.Start(a.Context, a.Origin, of, options...)
	return m
}

// end ends the span and measures.
func (m *message) end() {
	defer m.span.End()
	measured := m.processing.With(m.errorType)
	m.consumed.Add(m.ctx, 1, measured)
	m.duration.Record(m.ctx, time.Since(m.started).Seconds(), measured)
}

// received logs a message that is as it should be, and measures its journey. What is in it is logged for debugging only.
func (m *message) received(c content) {
	a := m.arrival
	attrs := []any{"topic", a.Topic, "bytes", len(a.Payload), "qos", a.QoS, "retain", a.Retain, "duplicate", a.Duplicate()}
	if m.event != nil {
		attrs = append(attrs, "message_id", m.event.ID, "source", m.event.Source.String())
	}
	if latency, ok := m.journey(); ok {
		attrs = append(attrs, "latency_seconds", latency.Seconds())
	}
	m.log.InfoContext(m.ctx, "message received", attrs...)
	m.log.DebugContext(m.ctx, "reading", "temperature", *c.Temperature)
}

// journey measures how long the message was under way. A replay was not under way when it lay with the broker.
func (m *message) journey() (latency time.Duration, ok bool) {
	a := m.arrival
	if a.Retain {
		return 0, false
	}
	if !a.Clock.IsZero() {
		m.drift.Record(m.ctx, a.Clock.Sub(a.ReceivedAt).Seconds(), m.destination.With(""))
	}
	if a.SentAt.IsZero() {
		return 0, false
	}
	latency = a.ReceivedAt.Sub(a.SentAt)
	if latency < 0 {
		m.beforeSent.Add(m.ctx, 1, m.destination.With(""))
	} else {
		m.latency.Record(m.ctx, latency.Seconds(), m.destination.With(""))
	}
	return latency, true
}

// reject marks the span, counts, and logs the first of a burst.
func (m *message) reject(err error) {
	m.errorType = "_OTHER"
	if rejection := (*envelope.Rejection)(nil); errors.As(err, &rejection) {
		m.errorType = rejection.Type
	}
	propagation.SetError(m.span, m.errorType, err.Error())
	m.rejected.Add(m.ctx, 1, m.destination.With(m.errorType))
	if total, say := m.bursts.Add(m.errorType, 1); say {
		m.log.WarnContext(m.ctx, "message rejected", "topic", m.arrival.Topic, "bytes", len(m.arrival.Payload), "error_type", m.errorType,
			"error", err, "count", total)
	}
}

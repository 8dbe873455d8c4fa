package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/Azure/iot-operations-sdks/go/protocol"
	"github.com/google/uuid"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"

	"mqttrace/cmd/internal/envelope"
	"mqttrace/cmd/internal/service"
	"mqttrace/cmd/internal/settings"
	"mqttrace/cmd/internal/telemetry"
	"mqttrace/load/mqtt"
	"mqttrace/propagation"
)

// errExpired is why a message is not sent that had to wait for a connection for longer than it is of use.
var errExpired = errors.New("the message expired before there was a connection to send it on")

// reporter says what becomes of messages: in spans, metrics and the log.
type reporter struct {
	topic    string
	producer *propagation.Producer
	log      *slog.Logger
	bursts   *telemetry.Bursts

	labels     telemetry.Labels
	duration   metric.Float64Histogram
	sent, lost metric.Int64Counter
}

func newReporter(kit *service.Kit, cfg settings.Sender) (*reporter, error) {
	instruments := telemetry.NewInstruments(kit.Telemetry.Meter)
	r := &reporter{
		topic: cfg.Topic,
		producer: propagation.NewProducer(kit.Telemetry.Tracer, propagation.Endpoint{
			ClientID: cfg.Broker.ClientID, ServerAddress: cfg.Broker.Host, ServerPort: int(cfg.Broker.Port), Topic: cfg.Topic,
		}),
		log:    kit.Telemetry.Log,
		bursts: kit.Bursts,
		labels: telemetry.NewLabels(
			propagation.SystemKey.String(propagation.System),
			propagation.OperationNameKey.String(propagation.OperationPublish),
			semconv.MessagingOperationTypeSend,
			propagation.TopicKey.String(cfg.Topic),
			propagation.ServerAddressKey.String(cfg.Broker.Host),
			propagation.ServerPortKey.Int(int(cfg.Broker.Port)),
		),
		duration: instruments.Seconds(telemetry.OperationDuration, "Time from before a publish to its acknowledgement."),
		sent:     instruments.Count(telemetry.SentMessages, "{message}", "Messages that were given to the connection to the broker."),
		lost:     instruments.Count(telemetry.Discarded, "{message}", "Readings that were never sent because too many were waiting."),
	}
	return r, instruments.Err()
}

// newID is the id of a CloudEvent.
func newID() string { return uuid.NewString() }

// discarded notes a reading that found no place to wait.
func (r *reporter) discarded(ctx context.Context) {
	r.lost.Add(ctx, 1, metric.WithAttributes(propagation.ErrorTypeKey.String("queue_full")))
	if total, say := r.bursts.Add("queue_full", 1); say {
		r.log.ErrorContext(ctx, "readings lost: too many wait to be sent", "count", total)
	}
}

// message is one message from before its publish to its outcome.
type message struct {
	*reporter
	span    trace.Span
	started time.Time
	reading reading
	id      string
}

// start begins the span of a message. Its context is what the message carries.
func (r *reporter) start(ctx context.Context, reading reading, event *protocol.CloudEvent) (context.Context, *message) {
	m := &message{reporter: r, started: time.Now(), reading: reading, id: event.ID}
	ctx, m.span = r.producer.Start(ctx, propagation.Message{QoS: 1, ID: event.ID},
		trace.WithAttributes(envelope.EventAttributes(event, r.topic)...))
	return ctx, m
}

// end ends the span with what became of the message. err is the envelope's; the receipt says it better.
func (m *message) end(ctx context.Context, receipt *envelope.Receipt, err error) {
	defer m.span.End()
	ctx = context.WithoutCancel(ctx)
	took := time.Since(m.started)
	if receipt.Published {
		err = receipt.Outcome()
	}
	errorType := errorType(receipt, err)
	measured := m.labels.With(errorType)
	m.duration.Record(ctx, took.Seconds(), measured)
	m.sent.Add(ctx, 1, measured)
	if receipt.Answered() {
		propagation.SetReasonCode(m.span, receipt.ReasonCode)
	}
	if err != nil {
		m.failed(ctx, errorType, err)
		return
	}
	m.log.InfoContext(ctx, "message sent", "topic", m.topic, "message_id", m.id, "sequence", m.reading.Sequence, "ack_seconds", took.Seconds())
	m.log.DebugContext(ctx, "reading", "message_id", m.id, "temperature", m.reading.Temperature)
}

// failed marks the span and logs the first of a burst.
func (m *message) failed(ctx context.Context, errorType string, err error) {
	propagation.SetError(m.span, errorType, err.Error())
	if total, say := m.bursts.Add(errorType, 1); say {
		m.log.ErrorContext(ctx, "message lost", "topic", m.topic, "message_id", m.id, "sequence", m.reading.Sequence,
			"error_type", errorType, "error", err, "count", total)
	}
}

// errorType is one of a few words for what went wrong, empty if nothing did.
func errorType(receipt *envelope.Receipt, err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, envelope.ErrRefused):
		return fmt.Sprintf("mqtt.%#02x", receipt.ReasonCode)
	case errors.Is(err, mqtt.ErrSessionLost):
		return "session_lost"
	case errors.Is(err, errExpired):
		return "timeout"
	case errors.Is(err, mqtt.ErrClosed), errors.Is(err, service.ErrStopped):
		return "shutdown"
	default:
		return "_OTHER"
	}
}

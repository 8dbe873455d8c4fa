package envelope

import (
	"slices"

	"github.com/Azure/iot-operations-sdks/go/protocol"
	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// EventAttributes are the attributes of a CloudEvent, those that package protocol fills in included. subject is for an event
// that has none of its own: the topic.
func EventAttributes(e *protocol.CloudEvent, subject string) []attribute.KeyValue {
	or := func(value, fallback string) string {
		if value == "" {
			return fallback
		}
		return value
	}
	return []attribute.KeyValue{
		semconv.CloudEventsEventID(e.ID),
		semconv.CloudEventsEventSource(e.Source.String()),
		semconv.CloudEventsEventSpecVersion(or(e.SpecVersion, protocol.DefaultCloudEventSpecVersion)),
		semconv.CloudEventsEventType(or(e.Type, protocol.DefaultCloudEventType)),
		semconv.CloudEventsEventSubject(or(e.Subject, subject)),
	}
}

// required are the names that make a message a CloudEvent.
var required = []string{"id", "source", "specversion", "type"}

// EventOf reads the CloudEvent of a message: nil if the message does not claim to be one, and an error if it claims and is not.
func EventOf[T any](m *protocol.TelemetryMessage[T]) (*protocol.CloudEvent, error) {
	if !slices.ContainsFunc(required, func(name string) bool { _, ok := m.Metadata[name]; return ok }) {
		return nil, nil
	}
	event, err := protocol.CloudEventFromTelemetry(m)
	if err != nil {
		return nil, &Rejection{"cloud_event", err.Error()}
	}
	return event, nil
}

package propagation

import (
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// SchemaURL names the version of the semantic conventions that the attributes follow; give it to the tracer with
// [trace.WithSchemaURL].
const SchemaURL = semconv.SchemaURL

// Attributes that OpenTelemetry's conventions define for messaging and that an MQTT span can carry.
const (
	SystemKey          = semconv.MessagingSystemKey
	OperationNameKey   = semconv.MessagingOperationNameKey
	OperationTypeKey   = semconv.MessagingOperationTypeKey
	TopicKey           = semconv.MessagingDestinationNameKey
	TemplateKey        = semconv.MessagingDestinationTemplateKey
	SubscriptionKey    = semconv.MessagingDestinationSubscriptionNameKey
	ShareNameKey       = semconv.MessagingConsumerGroupNameKey
	ClientIDKey        = semconv.MessagingClientIDKey
	MessageIDKey       = semconv.MessagingMessageIDKey
	ConversationIDKey  = semconv.MessagingMessageConversationIDKey
	BodySizeKey        = semconv.MessagingMessageBodySizeKey
	ServerAddressKey   = semconv.ServerAddressKey
	ServerPortKey      = semconv.ServerPortKey
	ProtocolKey        = semconv.NetworkProtocolNameKey
	ProtocolVersionKey = semconv.NetworkProtocolVersionKey
	ErrorTypeKey       = semconv.ErrorTypeKey
)

// Attributes of MQTT itself, for which the conventions have no name.
const (
	QoSKey        = attribute.Key("messaging.mqtt.qos")         // int, 0 to 2
	RetainKey     = attribute.Key("messaging.mqtt.retain")      // bool, the flag of the PUBLISH
	DuplicateKey  = attribute.Key("messaging.mqtt.duplicate")   // bool, the flag of a received PUBLISH
	ReasonCodeKey = attribute.Key("messaging.mqtt.reason_code") // int, of the acknowledgement
)

// System is the value of [SystemKey]. The conventions list no system of that name and allow others.
const System = "mqtt"

// Values of [OperationNameKey], which begin the names of the spans, and the types they belong to.
const (
	OperationPublish = "publish" // of type send
	OperationProcess = "process" // of type process
)

// SpanName returns the name of a span: the operation and the destination, which is the template of the topic if there is
// one and the topic if not. Without either it is the operation alone.
func SpanName(operation, template, topic string) string {
	switch {
	case template != "":
		return operation + " " + template
	case topic != "":
		return operation + " " + topic
	}
	return operation
}

// SetReasonCode notes on span with which reason code the broker acknowledged the message. From 0x80 on that is a failure:
// the error type is then "mqtt.0x87" for 0x87, and the span's status is Error.
func SetReasonCode(span trace.Span, code byte) {
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(ReasonCodeKey.Int(int(code)))
	if code >= 0x80 {
		SetError(span, fmt.Sprintf("mqtt.%#02x", code), "")
	}
}

// SetError marks span as failed. The error type is one of a few words, such as "timeout" or "decode"; what belongs to
// this one failure goes into description.
func SetError(span trace.Span, errorType, description string) {
	span.SetAttributes(ErrorTypeKey.String(errorType))
	span.SetStatus(codes.Error, description)
}

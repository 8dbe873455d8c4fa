package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/Azure/iot-operations-sdks/go/protocol"

	"mqttrace/cmd/internal/envelope"
	"mqttrace/cmd/internal/service"
)

// receiver handles messages one after another, in the order in which they arrive.
type receiver struct {
	topic    string
	client   *envelope.Client
	envelope *protocol.TelemetryReceiver[content]
	report   *reporter
}

func newReceiver(kit *service.Kit) (*receiver, error) {
	app, err := envelope.NewApplication(kit.Telemetry.Log)
	if err != nil {
		return nil, err
	}
	r := &receiver{topic: kit.Settings.Topic, client: kit.Client}
	r.envelope, err = protocol.NewTelemetryReceiver(app, kit.Client, encoding{}, kit.Settings.Topic, r.handle, protocol.WithConcurrency(1))
	if err != nil {
		return nil, err
	}
	r.report, err = newReporter(kit)
	return r, err
}

// Begin subscribes.
func (r *receiver) Begin(ctx context.Context) error { return r.envelope.Start(ctx) }

// Waiting is nothing: what waits to be handled waits in the connection.
func (r *receiver) Waiting() int { return 0 }

// Run handles messages until stop ends, and finishes the one under way.
func (r *receiver) Run(stop, drain context.Context) {
	<-stop.Done()
	r.client.Hold(drain)
}

// Finish lets go of the envelope's goroutine.
func (r *receiver) Finish() { r.envelope.Close() }

// Rejected is called for a message that the envelope does not hand on.
func (r *receiver) Rejected(a *envelope.Arrival, err error) {
	m := r.report.start(a, nil)
	defer m.end()
	m.reject(err)
}

// handle is called for every other message. It never fails: whatever is wrong with a message is in its span, and the next one
// is waiting.
func (r *receiver) handle(ctx context.Context, message *protocol.TelemetryMessage[content]) error {
	event, err := envelope.EventOf(message)
	m := r.report.start(envelope.ArrivalOf(ctx), event)
	defer m.end()
	switch {
	case message.Payload.err != nil:
		m.reject(message.Payload.err)
	case err != nil:
		m.reject(err)
	case !matches(r.topic, m.arrival.Topic):
		m.reject(&envelope.Rejection{Type: "topic", Text: "topic " + m.arrival.Topic + " was not subscribed to by this process"})
	default:
		m.received(message.Payload)
	}
	return nil
}

// matches reports whether a topic is one of a topic pattern's. The envelope takes topics that only contain one, and a session
// that outlived its receiver delivers for the subscriptions of that one too.
func matches(pattern, topic string) bool {
	levels, want := strings.Split(topic, "/"), strings.Split(pattern, "/")
	if len(levels) != len(want) {
		return false
	}
	for i, level := range want {
		if isToken := strings.HasPrefix(level, "{"); !isToken && level != levels[i] {
			return false
		}
	}
	return true
}

// content is what is in a payload, or what is wrong with it.
type content struct {
	Temperature *float64 `json:"temperature"`

	err error
}

// encoding is the envelope's JSON, except that a payload that is not what it should be is still handed on, to be reported.
type encoding struct{ protocol.JSON[content] }

func (e encoding) Deserialize(data *protocol.Data) (content, error) {
	c, err := e.JSON.Deserialize(data)
	switch {
	case errors.Is(err, protocol.ErrUnsupportedContentType):
		c.err = &envelope.Rejection{Type: "content_type", Text: fmt.Sprintf("content type %q, want JSON", data.ContentType)}
	case err != nil:
		c.err = &envelope.Rejection{Type: "payload", Text: "the payload is no reading: " + mistake(err)}
	case c.Temperature == nil:
		c.err = &envelope.Rejection{Type: "payload", Text: "the payload is no reading: there is no temperature"}
	}
	return c, nil
}

// mistake says what is wrong with a payload and nothing of what is in it.
func mistake(err error) string {
	var syntax *json.SyntaxError
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("not JSON from byte %d on", syntax.Offset)
	case errors.As(err, &mismatch) && mismatch.Field == "":
		return "not a JSON object"
	case errors.As(err, &mismatch):
		return mismatch.Field + " is not a number"
	default:
		return "not JSON"
	}
}

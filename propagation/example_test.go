package propagation_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/url"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"mqttrace/propagation"
)

// Publish and receive with paho, from the span of the sender to the span of the receiver.
func Example_paho() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	provider := sdktrace.NewTracerProvider()
	tracer := provider.Tracer("example", trace.WithSchemaURL(propagation.SchemaURL))

	// The receiver: one Consumer per subscription, one span per message.
	consumer := propagation.NewConsumer(tracer, propagation.Endpoint{ClientID: "example", Subscription: "plant/+/telemetry"})
	processed := make(chan trace.SpanContext, 1)
	receive := func(m paho.PublishReceived) (bool, error) {
		remote, err := propagation.Extract(m.Packet.Properties.User)
		if err != nil {
			log.Print(err) // no context to continue: remote is invalid, and the span begins a trace
		}
		_, span := consumer.Start(ctx, remote, propagation.Message{
			Topic: m.Packet.Topic, QoS: m.Packet.QoS, Retain: m.Packet.Retain, Duplicate: m.Packet.Duplicate(),
		})
		defer span.End()
		processed <- span.SpanContext()
		return true, nil
	}

	client := paho.NewClient(paho.ClientConfig{
		Conn:              loopback(), // instead of net.Dial
		OnPublishReceived: []func(paho.PublishReceived) (bool, error){receive},
	})
	if _, err := client.Connect(ctx, &paho.Connect{ClientID: "example", CleanStart: true}); err != nil {
		log.Fatal(err)
	}
	filter := paho.SubscribeOptions{Topic: "plant/+/telemetry"}
	if _, err := client.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{filter}}); err != nil {
		log.Fatal(err)
	}

	// The sender: one Producer per client and topic, one span per message.
	producer := propagation.NewProducer(tracer, propagation.Endpoint{
		ClientID: "example", Topic: "plant/7/telemetry", Template: "plant/{line}/telemetry",
	})
	sendCtx, span := producer.Start(ctx, propagation.Message{})
	message := &paho.Publish{Topic: "plant/7/telemetry", Payload: []byte("21"), Properties: &paho.PublishProperties{}}
	propagation.Inject(span.SpanContext(), &message.Properties.User)
	if _, err := client.Publish(sendCtx, message); err != nil {
		propagation.SetError(span, "publish", err.Error())
	}
	span.End()

	got := <-processed
	fmt.Println("one trace:", got.TraceID() == span.SpanContext().TraceID())
	fmt.Println("two spans:", got.SpanID() != span.SpanContext().SpanID())
	_ = client.Disconnect(&paho.Disconnect{})
	// Output:
	// one trace: true
	// two spans: true
}

// Publish and receive with autopaho, through OpenTelemetry's interfaces: what the global propagator of a program does.
func Example_autopaho() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	propagator := propagation.New() // or otel.SetTextMapPropagator(propagation.New())
	tracer := sdktrace.NewTracerProvider().Tracer("example")

	received := make(chan trace.SpanContext, 1)
	receive := func(m paho.PublishReceived) (bool, error) {
		ctx := propagator.Extract(ctx, propagation.NewCarrier(&m.Packet.Properties.User))
		received <- trace.SpanContextFromContext(ctx)
		return true, nil
	}
	broker, _ := url.Parse("mqtt://broker.example:1883")
	connection, err := autopaho.NewConnection(ctx, autopaho.ClientConfig{
		ServerUrls: []*url.URL{broker},
		AttemptConnection: func(context.Context, autopaho.ClientConfig, *url.URL) (net.Conn, error) {
			return loopback(), nil // leave this out to dial the URL
		},
		ClientConfig: paho.ClientConfig{
			ClientID:          "example",
			OnPublishReceived: []func(paho.PublishReceived) (bool, error){receive},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := connection.AwaitConnection(ctx); err != nil {
		log.Fatal(err)
	}

	sendCtx, span := tracer.Start(ctx, "publish plant/7/telemetry", trace.WithSpanKind(trace.SpanKindProducer))
	message := &paho.Publish{Topic: "plant/7/telemetry", Payload: []byte("21"), Properties: &paho.PublishProperties{}}
	propagator.Inject(sendCtx, propagation.NewCarrier(&message.Properties.User))
	if _, err := connection.Publish(sendCtx, message); err != nil {
		log.Fatal(err)
	}
	span.End()

	fmt.Println("parent is the sender:", (<-received).Equal(span.SpanContext().WithRemote(true)))
	_ = connection.Disconnect(ctx)
	<-connection.Done()
	// Output: parent is the sender: true
}

// The direct functions need neither a context nor an SDK.
func ExampleInject() {
	sc, err := propagation.ParseTraceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	if err != nil {
		log.Fatal(err)
	}
	message := paho.Publish{Topic: "plant/7/telemetry", Properties: &paho.PublishProperties{}}
	message.Properties.User.Add("type", "reading")
	propagation.Inject(sc, &message.Properties.User)
	for _, p := range message.Properties.User {
		fmt.Println(p.Key, p.Value)
	}
	// Output:
	// type reading
	// traceparent 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
}

func ExampleExtract() {
	for _, value := range []string{
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01",
	} {
		var props paho.UserProperties
		props.Add("traceparent", value)
		sc, err := propagation.Extract(props)
		fmt.Println(sc.IsSampled(), err)
	}
	_, err := propagation.Extract(nil)
	fmt.Println(err)
	// Output:
	// true <nil>
	// false malformed traceparent: want lower-case hex digits
	// no traceparent
}

func ExampleAppendTraceparent() {
	sc, _ := propagation.ParseTraceparent("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-09-of-the-future")
	frame := make([]byte, 0, 64)
	frame = propagation.AppendTraceparent(frame, sc)
	fmt.Println(string(frame))
	// Output: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
}

// A bridge from HTTP: the same propagator over headers and over user properties.
func ExampleHeaderCarrier() {
	header := http.Header{}
	header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	header.Set("Baggage", "line=7")

	propagator := propagation.New()
	ctx := propagator.Extract(context.Background(), propagation.HeaderCarrier(header))
	var props paho.UserProperties
	propagator.Inject(ctx, propagation.NewCarrier(&props))
	for _, p := range props {
		fmt.Println(p.Key, p.Value)
	}
	// Output:
	// traceparent 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
	// baggage line=7
}

// MQTT 3.1.1 has no user properties. Where both ends agree, a JSON object can carry the context.
func ExampleInjectPayload() {
	sc, _ := propagation.ParseTraceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	payload, err := propagation.InjectPayload(sc, []byte(`{"temperature": 21}`))
	fmt.Println(string(payload), err)

	payload, err = propagation.RemovePayload(payload)
	fmt.Println(string(payload), err)

	_, err = propagation.InjectPayload(sc, []byte("21"))
	fmt.Println(err)
	// Output:
	// {"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01","temperature": 21} <nil>
	// {"temperature": 21} <nil>
	// no traceparent: payload is not a JSON object
}

// loopback returns a connection to the smallest of brokers, which sends every message back.
func loopback() net.Conn {
	client, broker := net.Pipe()
	go func() {
		defer broker.Close()
		for {
			in, err := packets.ReadPacket(broker)
			if err != nil {
				return
			}
			if answer := answerTo(in); answer != nil {
				if _, err := answer.WriteTo(broker); err != nil {
					return
				}
			}
		}
	}()
	return client
}

func answerTo(in *packets.ControlPacket) *packets.ControlPacket {
	switch p := in.Content.(type) {
	case *packets.Connect:
		return packets.NewControlPacket(packets.CONNACK)
	case *packets.Subscribe:
		out := packets.NewControlPacket(packets.SUBACK)
		ack := out.Content.(*packets.Suback)
		ack.PacketID, ack.Reasons = p.PacketID, make([]byte, len(p.Subscriptions))
		return out
	case *packets.Publish:
		return in
	}
	return nil
}

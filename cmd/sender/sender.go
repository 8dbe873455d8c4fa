package main

import (
	"context"
	"sync"
	"time"

	"github.com/Azure/iot-operations-sdks/go/protocol"

	"mqttrace/cmd/internal/envelope"
	"mqttrace/cmd/internal/service"
	"mqttrace/cmd/internal/settings"
)

// sender takes readings and publishes them. One goroutine reads and never waits; another gives messages to the connection, one
// after another in their order; and each message waits for its acknowledgement by itself, so that a slow broker delays spans
// and not readings.
type sender struct {
	cfg       settings.Sender
	envelope  *protocol.TelemetrySender[reading]
	report    *reporter
	readings  chan reading // closed when there will be no more
	unsettled sync.WaitGroup
}

// mostReadings is how many may wait for a broker: five seconds apart, the readings of an hour and a half.
const mostReadings = 1024

func newSender(kit *service.Kit, cfg settings.Sender) (*sender, error) {
	app, err := envelope.NewApplication(kit.Telemetry.Log)
	if err != nil {
		return nil, err
	}
	s := &sender{cfg: cfg, readings: make(chan reading, mostReadings)}
	s.envelope, err = protocol.NewTelemetrySender(app, kit.Client, protocol.JSON[reading]{}, cfg.Topic)
	if err != nil {
		return nil, err
	}
	s.report, err = newReporter(kit, cfg)
	return s, err
}

// Rejected is never called: the sender subscribes to nothing.
func (s *sender) Rejected(*envelope.Arrival, error) {}

// Begin has nothing to wait for.
func (s *sender) Begin(context.Context) error { return nil }

// Waiting is how many readings wait to be sent.
func (s *sender) Waiting() int { return len(s.readings) }

// Run reads and sends until stop ends, sends what is waiting, and waits for acknowledgements until drain ends.
func (s *sender) Run(stop, drain context.Context) {
	var reading sync.WaitGroup
	reading.Go(func() { s.read(stop) })
	for r := range s.readings {
		s.dispatch(drain, r)
	}
	reading.Wait()
	settled := make(chan struct{})
	go func() { s.unsettled.Wait(); close(settled) }()
	select {
	case <-settled:
	case <-drain.Done():
	}
}

// Finish waits for the last spans; the connection has settled what was unacknowledged.
func (s *sender) Finish() { s.unsettled.Wait() }

// read takes a reading at once and then one per interval.
func (s *sender) read(stop context.Context) {
	defer close(s.readings)
	thermometer := newTemperature(s.cfg.Temperature)
	ticker := time.NewTicker(s.cfg.Interval)
	defer ticker.Stop()
	for sequence := uint64(1); ; sequence++ {
		select {
		case s.readings <- thermometer.read(sequence, time.Now()):
		default:
			s.report.discarded(stop)
		}
		select {
		case <-ticker.C:
		case <-stop.Done():
			return
		}
	}
}

// dispatch gives one message to the connection and returns when it has its place in the order, or will never have one.
func (s *sender) dispatch(drain context.Context, r reading) {
	placed := make(chan struct{})
	s.unsettled.Go(func() { s.send(drain, r, sync.OnceFunc(func() { close(placed) })) })
	<-placed
}

// send publishes one message under its own span, which ends with what became of it.
func (s *sender) send(drain context.Context, r reading, placed func()) {
	defer placed() // in case the message never got as far
	ctx, expired := context.WithTimeoutCause(drain, s.cfg.Expiry, errExpired)
	defer expired()
	event := &protocol.CloudEvent{ID: newID(), Source: s.cfg.Source, Time: r.Time}
	ctx, m := s.report.start(ctx, r, event)
	ctx, receipt := envelope.WithReceipt(ctx, placed)
	err := s.envelope.Send(ctx, r, protocol.WithTimeout(s.cfg.Expiry), event)
	m.end(ctx, receipt, err)
}

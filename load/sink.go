package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"mqttrace/load/otlp"
	"mqttrace/scenarios"
)

// equip makes the arms, with the exporters of those that export and the sink that they need.
func (r *run) equip(ctx context.Context) error {
	for i, t := range r.scenario.Tracing.Arms() {
		var x *exports
		if t.Arm == scenarios.ArmExport {
			var err error
			if x, err = newExports(ctx, t, r); err != nil {
				return fmt.Errorf("arm %s: %w", t.Name, err)
			}
		}
		r.arms = append(r.arms, newArm(i, t, x, r.processors...))
		r.plant(r.arms[i])
	}
	if r.sink == nil && slices.ContainsFunc(r.scenario.Faults, func(f scenarios.Fault) bool { return f.Exporter != "" }) {
		return errors.New("faults of the scenario are of the embedded sink, but OTEL_EXPORTER_OTLP_ENDPOINT sends the spans elsewhere: unset it, or set tracing.exporter to embedded")
	}
	return nil
}

// unequip ends the arms' SDKs and then the sink.
func (r *run) unequip() {
	r.endArms()
	if r.sink == nil {
		return
	}
	if err := r.sink.stop(); err != nil {
		r.warn("process.sink", "the sink did not stop as it should: %v", err)
	}
}

// endArms ends the arms' SDKs, exporting what is left.
func (r *run) endArms() {
	for _, a := range r.arms {
		if err := a.shutdown(); err != nil && a.exports != nil {
			a.exports.shutdownErr = err
		}
	}
}

// needSink starts the embedded sink, once.
func (r *run) needSink(ctx context.Context) (*sink, error) {
	if r.sink != nil {
		return r.sink, nil
	}
	process, err := otlp.StartSink(ctx)
	if err != nil {
		return nil, err
	}
	r.sink = &sink{process: process, grpc: process.GRPCAddr(), http: process.HTTPAddr()}
	return r.sink, nil
}

// sink is the embedded sink of a run, which a fault may end and start anew. Its methods are safe for concurrent use. Of a sink
// that another process has started only the addresses are known.
type sink struct {
	grpc, http string // addresses, which stay the same

	mu      sync.Mutex // guards what follows
	process *otlp.Sink
	before  map[string]uint64 // spans that former processes had received, by service
}

// endpoint is where an exporter of the protocol sends.
func (s *sink) endpoint(protocol string) string {
	if protocol == scenarios.HTTPProtobuf {
		return "http://" + s.http
	}
	return "http://" + s.grpc
}

// received is how many spans of a service have arrived.
func (s *sink) received(service string) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.before[service] + s.process.Counts().Services[service].Spans
}

func (s *sink) usage() (otlp.Usage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process.Usage()
}

func (s *sink) behave(b otlp.Behavior) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process.Behave(b)
}

// kill ends the process as a crash would; what it had received by then stays known.
func (s *sink) kill() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.process.Behave(otlp.Behavior{Stall: true}); err != nil { // or it would receive between being asked and being killed
		return err
	}
	if s.before == nil {
		s.before = make(map[string]uint64)
	}
	for service, items := range s.process.Counts().Services {
		s.before[service] += items.Spans
	}
	if err := s.process.Kill(); err != nil {
		return err
	}
	<-s.process.Done()
	return s.process.Stop(context.Background())
}

// revive starts a process in the place of one that was killed.
func (s *sink) revive(ctx context.Context) error {
	process, err := otlp.Config{GRPC: s.grpc, HTTP: s.http}.StartSink(ctx)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.process = process
	return nil
}

func (s *sink) stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	return s.process.Stop(ctx)
}

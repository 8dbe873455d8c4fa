package otlp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mqttrace/load/internal/child"
)

// startLimit is how long a sink may take to listen, if the caller's context allows as much.
const startLimit = 20 * time.Second

// Sink is a receiver in a child process of this binary, whose CPU time and memory are therefore not the generator's. Whoever
// started it must Stop it. Its methods are safe for concurrent use and may be called after its end.
type Sink struct {
	self       *child.Self[report]
	grpc, http string
}

// Usage is what a sink has used since it started: CPU time, user and system, and the peak of its resident memory in bytes.
type Usage = child.Usage

// StartSink starts a sink on free ports of 127.0.0.1 and returns when it listens. ctx bounds the start, not the sink's life; a
// start takes 20 s at most. The binary must call [RunIfChild].
func StartSink(ctx context.Context) (*Sink, error) {
	return Config{GRPC: "127.0.0.1:0", HTTP: "127.0.0.1:0"}.StartSink(ctx)
}

// StartSink is the function StartSink with a configuration. With the addresses of a sink that has died, the new one takes its
// place. The handler is not passed on: a sink counts alone.
func (cfg Config) StartSink(ctx context.Context) (*Sink, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	self, err := child.StartSelf[report](childSink, "OTLP sink", cfg)
	if err != nil {
		return nil, err
	}
	hello, err := self.Hello(ctx)
	if err != nil {
		return nil, fmt.Errorf("start the OTLP sink: %w", err)
	}
	return &Sink{self: self, grpc: hello.GRPC, http: hello.HTTP}, nil
}

// GRPCAddr is the address that takes gRPC, host:port; empty if none does.
func (s *Sink) GRPCAddr() string { return s.grpc }

// HTTPAddr is the address that takes HTTP, host:port; empty if none does.
func (s *Sink) HTTPAddr() string { return s.http }

// Counts asks the sink what it has received. The last known counts are returned if it does not answer within a second (it is
// paused, or has been killed); after Stop they are final.
func (s *Sink) Counts() Counts {
	r, _ := s.self.Ask(command{})
	return r.Counts
}

// Behave changes how the sink answers; when it returns without an error the new behavior is in force.
func (s *Sink) Behave(b Behavior) error {
	if _, isAnswer := s.self.Ask(command{Behavior: &b}); !isAnswer {
		return fmt.Errorf("tell %s how to behave: %w", s.self, s.silence())
	}
	return nil
}

func (s *Sink) silence() error {
	switch {
	case s.self.IsPaused():
		return errors.New("it is paused")
	case s.self.HasEnded():
		return errors.New("it has ended")
	default:
		return errors.New("it does not answer")
	}
}

// Usage returns what the process has used so far, or until its end.
func (s *Sink) Usage() (Usage, error) { return s.self.Usage() }

// PID returns the process id; after the end of the process it may be another's.
func (s *Sink) PID() int { return s.self.PID() }

// Log returns the last lines of what the process printed, at most 200.
func (s *Sink) Log() string { return s.self.Log().String() }

// Done returns a channel that is closed when the process has ended and its output has been read.
func (s *Sink) Done() <-chan struct{} { return s.self.Done() }

// Err says how the process ended, with the end of its log, if Stop had not been called before.
func (s *Sink) Err() error { return s.self.Err() }

// Pause stops the process where it stands (SIGSTOP): connections stay open and nothing is answered, as if its machine had
// frozen. On Windows it returns errors.ErrUnsupported.
func (s *Sink) Pause() error { return s.self.Pause() }

// Resume lets a paused process go on (SIGCONT). On Windows it returns errors.ErrUnsupported.
func (s *Sink) Resume() error { return s.self.Resume() }

// Kill kills the process with no warning, as a crash would, and does not wait. Err then reports a death that nobody asked for.
func (s *Sink) Kill() error { return s.self.Kill() }

// Stop lets the sink answer what it is being sent, for a second at most, and end; it kills the process if it has not by the end
// of ctx or after 5 s. Its counts are final afterwards.
func (s *Sink) Stop(ctx context.Context) error { return s.self.Stop(ctx) }

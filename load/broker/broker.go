package broker

import (
	"context"
	"time"

	"mqttrace/load/internal/child"
)

const (
	// loopback is the only address that a broker of the harness listens on, unless its configuration says otherwise.
	loopback = "127.0.0.1"
	// startLimit is how long a broker may take to accept connections, if the caller's context allows as much.
	startLimit = 20 * time.Second
)

// Broker is a broker process that the harness started and owns. Whoever started it must Stop it. Its methods are safe for
// concurrent use and may be called after its end.
type Broker struct {
	name, version, addr, url string

	process *child.Process
	self    *child.Self[report] // nil unless the broker is embedded

	again func(context.Context) (*Broker, error) // see Revive
}

// Usage is what a broker process has used since it started.
type Usage struct {
	// CPU is user and system time. It moves in steps of the kernel's clock tick, 10 ms on Linux.
	CPU time.Duration
	// RSS is the resident memory, in bytes; 0 when the process has ended.
	RSS int64
	// PeakRSS is the largest resident memory, in bytes: the kernel's high-water mark on Linux, elsewhere the largest seen by
	// a call of Usage.
	PeakRSS int64
	// Drops are what the embedded broker says it has lost; zero for others, which do not tell.
	Drops
}

// Name returns "embedded" or "mosquitto".
func (b *Broker) Name() string { return b.name }

// Version returns the version of the broker's software: mochi's for the embedded broker.
func (b *Broker) Version() string { return b.version }

// Addr returns the address that the broker listens on, host:port.
func (b *Broker) Addr() string { return b.addr }

// URL returns that address as clients take it: mqtt://host:port, or mqtts:// with TLS.
func (b *Broker) URL() string { return b.url }

// PID returns the process id; after the end of the process it may be another's.
func (b *Broker) PID() int { return b.process.PID() }

// Log returns the last lines of what the broker logged, at most 200.
func (b *Broker) Log() string { return b.process.Log().String() }

// Done returns a channel that is closed when the process has ended and its output has been read.
func (b *Broker) Done() <-chan struct{} { return b.process.Done() }

// Err says how the process ended, with the end of its log, if Stop had not been called before: "mosquitto (pid 123) was
// killed by signal 9 (killed); …". It returns nil while the process runs and after a Stop that came first.
func (b *Broker) Err() error { return b.process.Err() }

// Usage returns what the process has used so far, or until its end. The drops of an embedded broker that does not answer
// within a second (it is paused, or has been killed) are the last known ones; after Stop they are final.
func (b *Broker) Usage() (Usage, error) {
	used, err := b.process.Usage()
	usage := Usage{CPU: used.CPU, RSS: used.RSS, PeakRSS: used.PeakRSS}
	if err != nil || b.self == nil {
		return usage, err
	}
	latest, _ := b.self.Ask(nil)
	usage.Drops = latest.Drops
	return usage, nil
}

// Pause stops the process where it stands (SIGSTOP), as if the machine it ran on had frozen: connections stay open and
// nothing is answered. On Windows it returns errors.ErrUnsupported.
func (b *Broker) Pause() error { return b.process.Pause() }

// Resume lets a paused process go on (SIGCONT); one that is not paused is left as it is. On Windows it returns
// errors.ErrUnsupported.
func (b *Broker) Resume() error { return b.process.Resume() }

// Kill kills the process with no warning, as a crash would, and does not wait. Err then reports a death that nobody asked
// for. Use Stop to end a broker.
func (b *Broker) Kill() error { return b.process.Kill() }

// Stop asks the broker to end, kills it if it has not by the end of ctx or after 5 s, and returns when the process and
// the goroutines that watched it have ended. The error says that it had to be killed, and why. Further calls wait for the
// same end; a broker that has ended by itself is not an error here but in Err.
func (b *Broker) Stop(ctx context.Context) error {
	if b.self != nil {
		return b.self.Stop(ctx)
	}
	return b.process.Stop(ctx, b.process.Terminate)
}

package load

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"mqttrace/load/broker"
	"mqttrace/scenarios"
)

// ownBroker is the broker of a run that the harness started: faults stop it, kill it and start it anew on the same address. Its
// methods are safe for concurrent use.
type ownBroker struct {
	folder string // of its database, which ends with the run; empty if it keeps none

	mu      sync.Mutex // guards what follows
	process *broker.Broker
	off     bool         // on purpose
	failed  error        // why it could not be started again
	before  broker.Usage // of former processes
	release func()       // gives up the port that is held while it is off
}

// startBroker starts the broker that the scenario asks for.
func startBroker(ctx context.Context, b scenarios.Broker) (*ownBroker, error) {
	o := &ownBroker{release: func() {}}
	var err error
	switch {
	case b.Kind == scenarios.Embedded:
		o.process, err = broker.StartEmbedded(ctx)
	case b.Persistence:
		err = o.startPersistent(ctx)
	default:
		o.process, err = broker.StartMosquitto(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("start the broker: %w", err)
	}
	return o, nil
}

// startPersistent starts a Mosquitto that keeps its sessions in a folder of its own.
func (o *ownBroker) startPersistent(ctx context.Context) (err error) {
	if o.folder, err = os.MkdirTemp("", "mqttrace-persistence-"); err != nil {
		return err
	}
	o.process, err = broker.MosquittoConfig{PersistenceDir: o.folder, Autosave: true}.Start(ctx)
	if err != nil {
		return errors.Join(err, os.RemoveAll(o.folder))
	}
	return nil
}

func (o *ownBroker) current() *broker.Broker {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.process
}

// ended is closed when the process has ended; it is nil, and never ready, while a fault keeps the broker off.
func (o *ownBroker) ended() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.off && o.failed == nil {
		return nil
	}
	return o.process.Done()
}

// death says how the broker ended if it was not to; nil while it runs or a fault keeps it off.
func (o *ownBroker) death() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.off {
		return o.failed
	}
	return o.process.Err()
}

// usage is what all processes so far have used together.
func (o *ownBroker) usage() (broker.Usage, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	usage, err := o.process.Usage()
	return add(o.before, usage), err
}

// add sums up what one process after another has used; the resident memory is the later one's.
func add(before, now broker.Usage) broker.Usage {
	now.CPU += before.CPU
	now.PeakRSS = max(now.PeakRSS, before.PeakRSS)
	now.Dropped += before.Dropped
	now.Discarded += before.Discarded
	return now
}

func (o *ownBroker) pause() error  { return o.current().Pause() }
func (o *ownBroker) resume() error { return o.current().Resume() }

// kill ends the process as a crash would, and holds its port.
func (o *ownBroker) kill(ctx context.Context) error {
	return o.switchOff(ctx, func(b *broker.Broker) error {
		if err := b.Kill(); err != nil {
			return err
		}
		<-b.Done()
		return nil
	})
}

// shutDown has the process end as it should, and holds its port.
func (o *ownBroker) shutDown(ctx context.Context) error {
	return o.switchOff(ctx, func(*broker.Broker) error { return nil })
}

// switchOff does not keep the lock while the process ends, which takes seconds if it is busy.
func (o *ownBroker) switchOff(ctx context.Context, end func(*broker.Broker) error) error {
	process := o.markOff()
	if err := errors.Join(end(process), process.Stop(ctx)); err != nil {
		return err
	}
	release, err := process.HoldPort()
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.release = release
	return nil
}

// markOff is called before the process ends: nobody is to take that for an accident.
func (o *ownBroker) markOff() *broker.Broker {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.off = true
	return o.process
}

// start starts a process in the place of one that a fault has ended. One that cannot be started ends the run.
func (o *ownBroker) start(ctx context.Context) error {
	revived, err := o.current().Revive(ctx)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.release()
	o.release = func() {}
	if err != nil {
		o.failed = err
		return err
	}
	used, err := o.process.Usage()
	o.before = add(o.before, used)
	o.process, o.off = revived, false
	return err
}

// stop ends the broker for good.
func (o *ownBroker) stop(ctx context.Context) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	err := o.process.Stop(ctx)
	o.release()
	if o.folder != "" {
		err = errors.Join(err, os.RemoveAll(o.folder))
	}
	return err
}

package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"

	mqtt "github.com/mochi-mqtt/server/v2"
)

// StartEmbedded starts the embedded broker as a child process of this binary, listening on a free port of 127.0.0.1, and
// returns when it accepts connections. ctx bounds the start, not the broker's life; a start takes 20 s at most. The binary
// must call [RunIfChild].
func StartEmbedded(ctx context.Context) (*Broker, error) { return EmbeddedConfig{}.Start(ctx) }

// Start is StartEmbedded with a configuration. Log is not passed on: the child logs errors to its stderr, see Broker.Log.
func (cfg EmbeddedConfig) Start(ctx context.Context) (*Broker, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	b, err := startChild(cfg)
	if err != nil {
		return nil, err
	}
	if err := b.awaitHello(ctx); err != nil {
		b.process.destroy()
		return nil, fmt.Errorf("start the embedded broker: %w", err)
	}
	return b, nil
}

// startChild starts this binary as an embedded broker and sends it cfg.
func startChild(cfg EmbeddedConfig) (*Broker, error) {
	cmd, err := childCommand()
	if err != nil {
		return nil, fmt.Errorf("start the embedded broker: %w", err)
	}
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start the embedded broker: %w", err)
	}
	control, log := newControl(pipe), &logTail{}
	stdout := &lineWriter{each: func(line string) {
		if !control.take(line) {
			log.add(line) // not ours: a package that prints when it is loaded, or no child of ours at all
		}
	}}
	stderr := &lineWriter{each: log.add}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	process, err := startProcess("embedded broker", cmd, log, func() { stdout.flush(); stderr.flush() })
	if err != nil {
		return nil, err
	}
	b := &Broker{name: "embedded", version: mqtt.Version, process: process, meter: &meter{process: process}, control: control}
	b.ask = control.hangUp
	_ = control.configure(cfg) // a child that cannot be told has ended, which awaitHello says better
	return b, nil
}

// childCommand is this binary as a child. In a process that is such a child itself it is an error: that one has not called
// RunIfChild and would start itself over and over.
func childCommand() (*exec.Cmd, error) {
	if role := os.Getenv(ChildEnv); role != "" {
		return nil, fmt.Errorf("this process is a child itself (%s=%s) and has not called broker.RunIfChild first thing in main "+
			"or TestMain", ChildEnv, role)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this binary: %w", err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), ChildEnv+"="+childBroker)
	return cmd, nil
}

// awaitHello waits for the child to say where it listens, and connects there once.
func (b *Broker) awaitHello(ctx context.Context) error {
	select {
	case hello := <-b.control.hello:
		if hello.Error != "" {
			return errors.New(hello.Error)
		}
		b.addr, b.url = hello.Addr, hello.URL
		return dial(ctx, b.addr)
	case <-b.process.done:
		return fmt.Errorf("the child process %s before it listened: does main, or TestMain, call broker.RunIfChild first?%s",
			fate(b.process.cmd.ProcessState), b.process.log.quote())
	case <-ctx.Done():
		return fmt.Errorf("the child process did not say where it listens: %w%s", ctx.Err(), b.process.log.quote())
	}
}

// dial makes sure that addr accepts connections.
func dial(ctx context.Context, addr string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return conn.Close()
}

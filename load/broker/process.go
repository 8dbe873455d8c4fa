package broker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"
)

const (
	// stopGrace is how long a child may take to end after it was asked to.
	stopGrace = 5 * time.Second
	// askInterval is how long it takes until it is asked again.
	askInterval = 200 * time.Millisecond
	// outputGrace is how long the output of a child that has ended is still read.
	outputGrace = time.Second
)

// process is a child process under supervision: one goroutine starts it, waits for it, and cleans up. Safe for concurrent use.
type process struct {
	name string // as errors call it
	cmd  *exec.Cmd
	log  *logTail
	done chan struct{} // closed when it has ended and its output has been read

	mu       sync.Mutex
	stopping bool
	err      error // how it ended, if nobody asked it to
}

// startProcess starts cmd, whose output the caller has led to log, and runs cleanup after its end. If cmd cannot be started,
// cleanup has run when startProcess returns.
func startProcess(name string, cmd *exec.Cmd, log *logTail, cleanup func()) (*process, error) {
	p := &process{name: name, cmd: cmd, log: log, done: make(chan struct{})}
	cmd.WaitDelay = outputGrace
	isolate(cmd)
	started := make(chan error, 1)
	go p.supervise(started, cleanup)
	if err := <-started; err != nil {
		<-p.done
		return nil, fmt.Errorf("start %s (%s): %w", name, cmd.Path, err)
	}
	return p, nil
}

// supervise keeps its thread from before the fork until after the child's end: Linux sends the death signal when the thread
// that forked has ended, not when the process has, and Go ends idle threads.
func (p *process) supervise(started chan<- error, cleanup func()) {
	defer close(p.done)
	defer cleanup()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	_ = p.cmd.Wait() // the state tells more
	p.ended()
}

func (p *process) ended() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.stopping {
		p.err = errors.New(p.String() + " " + fate(p.cmd.ProcessState) + p.log.quote())
	}
}

// fate says how a process ended: "exited with status 3", "was killed by signal 9 (killed)".
func fate(state *os.ProcessState) string {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return fmt.Sprintf("was killed by signal %d (%s)", int(status.Signal()), status.Signal())
	}
	return fmt.Sprintf("exited with status %d", state.ExitCode())
}

// String is "mosquitto (pid 123)".
func (p *process) String() string { return fmt.Sprintf("%s (pid %d)", p.name, p.pid()) }

func (p *process) pid() int { return p.cmd.Process.Pid }

// failure is how the process ended, nil while it runs and if it was asked to end.
func (p *process) failure() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

func (p *process) hasEnded() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// awaitEnd returns when the process has ended, or after limit.
func (p *process) awaitEnd(limit time.Duration) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
	}
}

// stop asks the process to end, by ask, kills it if it has not when ctx ends or after stopGrace, and waits for its end. The
// error says that it had to be killed.
func (p *process) stop(ctx context.Context, ask func() error) error {
	p.expectEnd()
	if p.hasEnded() {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, stopGrace, fmt.Errorf("it did not end within %v", stopGrace))
	defer cancel()
	if p.insist(ctx, ask) {
		return nil
	}
	p.destroy()
	return fmt.Errorf("stop %s: killed it: %w", p, context.Cause(ctx))
}

// insist asks until the process has ended, and reports whether it has before the end of ctx. Asking once is not enough:
// Mosquitto forgets a SIGTERM that comes between its "running" and its main loop.
func (p *process) insist(ctx context.Context, ask func() error) (ended bool) {
	again := time.NewTicker(askInterval)
	defer again.Stop()
	for {
		_ = ask() // one that cannot be asked has ended, or will be killed
		select {
		case <-p.done:
			return true
		case <-ctx.Done():
			return p.hasEnded()
		case <-again.C:
		}
	}
}

// destroy kills the process and waits for its end.
func (p *process) destroy() {
	p.expectEnd()
	_ = p.cmd.Process.Kill() // fails only if it has ended
	<-p.done
}

func (p *process) expectEnd() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopping = true
}

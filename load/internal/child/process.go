package child

import (
	"context"
	"errors"
	"fmt"
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

// Process is a child process under supervision: one goroutine starts it, waits for it, and cleans up. Whoever started it must
// Stop or Destroy it. Its methods are safe for concurrent use and may be called after its end.
type Process struct {
	name string // as errors call it
	cmd  *exec.Cmd
	log  *Log
	done chan struct{} // closed when it has ended and its output has been read

	mu       sync.Mutex
	stopping bool
	paused   bool
	err      error // how it ended, if nobody asked it to
	peak     int64 // bytes; the largest resident memory seen
}

// Start starts cmd, whose output the caller has led to log, and runs cleanup after its end. If cmd cannot be started, cleanup
// has run when Start returns.
func Start(name string, cmd *exec.Cmd, log *Log, cleanup func()) (*Process, error) {
	p := &Process{name: name, cmd: cmd, log: log, done: make(chan struct{})}
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
func (p *Process) supervise(started chan<- error, cleanup func()) {
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

func (p *Process) ended() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.stopping {
		p.err = errors.New(p.String() + " " + p.Fate() + p.log.Quote())
	}
}

// Fate says how the process ended: "exited with status 3", "was killed by signal 9 (killed)". Call it after the end alone.
func (p *Process) Fate() string {
	state := p.cmd.ProcessState
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return fmt.Sprintf("was killed by signal %d (%s)", int(status.Signal()), status.Signal())
	}
	return fmt.Sprintf("exited with status %d", state.ExitCode())
}

// String is "mosquitto (pid 123)".
func (p *Process) String() string { return fmt.Sprintf("%s (pid %d)", p.name, p.PID()) }

// PID returns the process id; after the end of the process it may be another's.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Log returns the last lines of what the process logged.
func (p *Process) Log() *Log { return p.log }

// Done returns a channel that is closed when the process has ended and its output has been read.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says how the process ended, with the end of its log, if Stop and Destroy had not been called before: "mosquitto (pid
// 123) was killed by signal 9 (killed); …". It returns nil while the process runs and after a Stop that came first.
func (p *Process) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// HasEnded reports whether Done is closed.
func (p *Process) HasEnded() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Pause stops the process where it stands (SIGSTOP), as if the machine it ran on had frozen. On Windows it returns
// errors.ErrUnsupported.
func (p *Process) Pause() error {
	if err := pause(p.cmd.Process); err != nil {
		return fmt.Errorf("pause %s: %w", p, err)
	}
	p.setPaused(true)
	return nil
}

// Resume lets a paused process go on (SIGCONT); one that is not paused is left as it is. On Windows it returns
// errors.ErrUnsupported.
func (p *Process) Resume() error {
	if err := resume(p.cmd.Process); err != nil {
		return fmt.Errorf("resume %s: %w", p, err)
	}
	p.setPaused(false)
	return nil
}

func (p *Process) setPaused(to bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paused = to
}

// IsPaused reports whether Pause was called last.
func (p *Process) IsPaused() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.paused
}

// Kill kills the process with no warning, as a crash would, and does not wait. Err then reports a death that nobody asked for.
func (p *Process) Kill() error {
	if err := p.cmd.Process.Kill(); err != nil {
		return fmt.Errorf("kill %s: %w", p, err)
	}
	return nil
}

// Terminate asks the process to end (SIGTERM); on Windows, which has no way to ask, it kills.
func (p *Process) Terminate() error { return terminate(p.cmd.Process) }

// Stop asks the process to end, by ask, kills it if it has not when ctx ends or after 5 s, and waits for its end. A paused
// process is woken first: it hears nothing. The error says that it had to be killed. Further calls wait for the same end.
func (p *Process) Stop(ctx context.Context, ask func() error) error {
	_, _ = p.Usage() // the peak cannot be read afterwards
	p.expectEnd()
	if p.HasEnded() {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, stopGrace, fmt.Errorf("it did not end within %v", stopGrace))
	defer cancel()
	if p.insist(ctx, ask) {
		return nil
	}
	p.Destroy()
	return fmt.Errorf("stop %s: killed it: %w", p, context.Cause(ctx))
}

// insist asks until the process has ended, and reports whether it has before the end of ctx. Asking once is not enough:
// Mosquitto forgets a SIGTERM that comes between its "running" and its main loop.
func (p *Process) insist(ctx context.Context, ask func() error) (ended bool) {
	again := time.NewTicker(askInterval)
	defer again.Stop()
	for {
		if p.IsPaused() {
			_ = resume(p.cmd.Process)
		}
		_ = ask() // one that cannot be asked has ended, or will be killed
		select {
		case <-p.done:
			return true
		case <-ctx.Done():
			return p.HasEnded()
		case <-again.C:
		}
	}
}

// Destroy kills the process and waits for its end.
func (p *Process) Destroy() {
	p.expectEnd()
	_ = p.cmd.Process.Kill() // fails only if it has ended
	<-p.done
}

func (p *Process) expectEnd() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopping = true
}

// awaitEnd returns when the process has ended, or after limit.
func (p *Process) awaitEnd(limit time.Duration) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
	}
}

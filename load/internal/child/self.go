package child

import (
	"context"
	"fmt"
	"os"
	"os/exec"
)

// Env is the environment variable that turns this binary into a child process of the harness; its value is the role.
const Env = "MQTTRACE_CHILD"

// reportLimit is how long a report may be, in bytes.
const reportLimit = 1 << 20

// Self is this binary running again in another role. It talks in lines of JSON: the first that it reads is its configuration,
// the first that it writes says where it listens or why it does not; it answers every further line with a report of the same
// type, and ends at the end of its input. Other lines that it writes go to its log.
type Self[R Report] struct {
	*Process
	role    string
	control *control[R]
}

// Report is a line from a child.
type Report interface {
	// Answered is how many lines the child has read, its configuration left out.
	Answered() uint64
	// Failure says why the child does not do what it was started for; empty if it does.
	Failure() string
}

// StartSelf starts this binary in a role, which is the name of the package whose RunIfChild plays it, and sends it config.
// name is what errors call it. The caller awaits its Hello next.
func StartSelf[R Report](role, name string, config any) (*Self[R], error) {
	cmd, err := Command(role)
	if err != nil {
		return nil, fmt.Errorf("start the %s: %w", name, err)
	}
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start the %s: %w", name, err)
	}
	control, log := newControl[R](pipe), &Log{}
	stdout := &LineWriter{Limit: reportLimit, Each: func(line string) {
		if !control.take(line) {
			log.Add(line) // not ours: a package that prints when it is loaded, or no child of ours at all
		}
	}}
	stderr := &LineWriter{Each: log.Add}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	process, err := Start(name, cmd, log, func() { stdout.Flush(); stderr.Flush() })
	if err != nil {
		return nil, err
	}
	_ = control.send(config) // a child that cannot be told has ended, which Hello says better
	return &Self[R]{Process: process, role: role, control: control}, nil
}

// Command is this binary in a role. In a process that is such a child itself it is an error: that one has not called
// RunIfChild and would start itself over and over.
func Command(role string) (*exec.Cmd, error) {
	if own := os.Getenv(Env); own != "" {
		return nil, fmt.Errorf("this process is a child itself (%s=%s) and has not called %s.RunIfChild first thing in main "+
			"or TestMain", Env, own, own)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this binary: %w", err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), Env+"="+role)
	return cmd, nil
}

// Hello waits for the first report. If there is none, or it is one of a failure, the process is destroyed.
func (s *Self[R]) Hello(ctx context.Context) (R, error) {
	hello, err := s.hello(ctx)
	if err != nil {
		s.Destroy()
	}
	return hello, err
}

func (s *Self[R]) hello(ctx context.Context) (hello R, err error) {
	select {
	case hello = <-s.control.hello:
	case <-s.Done():
		return hello, fmt.Errorf("the child process %s before it listened: does main, or TestMain, call %s.RunIfChild first?%s",
			s.Fate(), s.role, s.Log().Quote())
	case <-ctx.Done():
		return hello, fmt.Errorf("the child process did not say where it listens: %w%s", ctx.Err(), s.Log().Quote())
	}
	if failure := hello.Failure(); failure != "" {
		return hello, fmt.Errorf("%s", failure)
	}
	return hello, nil
}

// Ask sends a line and returns the child's answer, or the last report known if it does not answer within a second or has
// ended; isAnswer tells which. A paused child is not asked.
func (s *Self[R]) Ask(question any) (report R, isAnswer bool) {
	if s.IsPaused() || s.HasEnded() {
		return s.Latest(), false
	}
	return s.control.ask(question, s.Done())
}

// Latest returns the last report.
func (s *Self[R]) Latest() R {
	latest, _ := s.control.last()
	return latest
}

// Stop has the child end by closing its input; see [Process.Stop].
func (s *Self[R]) Stop(ctx context.Context) error { return s.Process.Stop(ctx, s.control.hangUp) }

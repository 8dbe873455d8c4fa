package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/term"

	"mqttrace/cmd/internal/exitcode"
	"mqttrace/scenarios"
)

// app is one run of the command line.
type app struct {
	world
	stdout checkedWriter // these shadow the world's
	stderr lockedWriter  // progress and signals both write to it
	// farewell is what to say at the first signal; nil while nothing is worth finishing, so that one signal is enough.
	farewell atomic.Pointer[string]
}

// run does what the command line in w says and returns the code to exit with. The first signal cancels a verb that has
// something to finish; the second returns at once and leaves it behind, for the process is about to end.
func run(w world) int {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	a := &app{world: w, stdout: checkedWriter{w: w.stdout}, stderr: lockedWriter{w: w.stderr}}
	done := make(chan int, 1)
	go func() { done <- a.execute(ctx) }()
	var first time.Time
	for {
		select {
		case code := <-done:
			return code
		case <-w.signals:
			if !first.IsZero() && time.Since(first) < echoes {
				continue
			}
			farewell := a.farewell.Swap(nil)
			if farewell == nil {
				a.say("interrupted")
				return exitcode.Interrupted
			}
			first = time.Now()
			a.say(*farewell)
			cancel()
		}
	}
}

// echoes is how soon after the first signal another one is taken for the same: timeout(1), for one, signals both the process
// that it started and the group that this is in.
const echoes = 200 * time.Millisecond

// execute runs the verb and prints the error that it ends with.
func (a *app) execute(ctx context.Context) int {
	root := a.rootCommand()
	root.SetArgs(append([]string{}, a.args...)) // never nil, which would mean os.Args
	root.SetIn(a.stdin)
	root.SetOut(&a.stdout)
	root.SetErr(&a.stderr)
	err := root.ExecuteContext(ctx)
	if err == nil && a.stdout.err != nil {
		err = exitcode.With(exitcode.CannotRun, a.stdout.err)
	}
	a.complain(err)
	return exitcode.Of(err)
}

// complain prints what went wrong. Problems of a scenario name their file and line first, so that editors find them.
func (a *app) complain(err error) {
	if err == nil || err.Error() == "" {
		return
	}
	if problems := (scenarios.Problems)(nil); errors.As(err, &problems) {
		fmt.Fprintln(&a.stderr, err)
		return
	}
	fmt.Fprintln(&a.stderr, "mqttrace:", err)
}

// finishFirst lets the first signal from here on cancel the verb's context instead of ending the process, and says so then.
func (a *app) finishFirst(farewell string) { a.farewell.Store(&farewell) }

// say prints a line on stderr; on a terminal it takes the place of a progress bar.
func (a *app) say(line string) {
	if isTerminal(a.world.stderr) {
		line = "\r\x1b[K" + line
	}
	fmt.Fprintln(&a.stderr, line)
}

// checkedWriter keeps the first error of its writer, so that whoever prints a line need not look.
type checkedWriter struct {
	w   io.Writer
	err error
}

func (c *checkedWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	if c.err == nil {
		c.err = err
	}
	return n, err
}

// lockedWriter lets several goroutines write lines.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer // guarded by mu
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// columnsOf is the width of the terminal that w is, which may change at any time.
func columnsOf(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return usualColumns
}

// usualColumns is the width of a terminal that does not tell.
const usualColumns = 80

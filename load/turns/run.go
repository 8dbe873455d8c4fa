package turns

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"time"

	"mqttrace/load/internal/child"
)

// Plan is what runs, and how often.
type Plan struct {
	// Command makes the command of a turn of a side: program and arguments.
	Command func(Side) []string
	// Order is the sides of all turns.
	Order []Side
	// Pause is the time between two turns.
	Pause time.Duration
	// Began is called before each turn and Ended after it; nil for nobody. Where Ended returns false there is no next turn.
	Began func(Turn)
	Ended func(Turn) (goOn bool)
}

// Turn is one run of a command.
type Turn struct {
	Number int // from 1
	Of     int
	Side   Side
	// Took is how long it took, pauses apart; 0 before its end.
	Took time.Duration
	// Code is what the command exited with; -1 if it could not be started or was killed, in which case Err says so.
	Code int
	Err  error
	// Log is the end of what it wrote on stderr, a line each.
	Log []string
}

// logLines is how many lines of a turn's stderr are kept.
const logLines = 20

// Run takes all turns, or those until ctx ends: the turn under way is waited for. It returns the turns that ended.
func Run(ctx context.Context, p Plan) (done []Turn) {
	for i, side := range p.Order {
		if i > 0 && !Wait(ctx, p.Pause) || ctx.Err() != nil {
			return done
		}
		turn := Turn{Number: i + 1, Of: len(p.Order), Side: side}
		if p.Began != nil {
			p.Began(turn)
		}
		turn.take(p.Command(side))
		done = append(done, turn)
		if p.Ended != nil && !p.Ended(turn) {
			return done
		}
	}
	return done
}

// take runs a command to its end.
func (t *Turn) take(words []string) {
	began := time.Now()
	cmd, log := exec.Command(words[0], words[1:]...), &child.Log{}
	stderr := &child.LineWriter{Each: log.Add}
	cmd.Stderr = stderr
	t.Code = -1
	p, err := child.Start(t.Side.String(), cmd, log, stderr.Flush)
	if err != nil {
		t.Err = err
		return
	}
	<-p.Done()
	t.Took, t.Log = time.Since(began), log.Last(logLines)
	if t.Code = cmd.ProcessState.ExitCode(); t.Code < 0 {
		t.Err = errors.New(p.Fate())
	}
}

// Wait waits between two runs; false if the context ended meanwhile.
func Wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// answerLimit is how long a program may take to say its version.
const answerLimit = 10 * time.Second

// Version finds out whether a program is mqttrace, by asking it, and returns what it answers.
func Version(ctx context.Context, program string) (string, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return "", fmt.Errorf("%s: %w", program, errors.Unwrap(err))
	}
	ctx, cancel := context.WithTimeout(ctx, answerLimit)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, "version").Output()
	if err != nil {
		return "", fmt.Errorf("%s version: %w", program, err)
	}
	return string(out), nil
}

package otlp

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"mqttrace/load/internal/child"
)

const (
	// childSink is the role of a child process that is an OTLP sink.
	childSink = "otlp"
	// childExitLimit is how long a child may take to end after its parent has closed the pipe.
	childExitLimit = 3 * time.Second
)

// RunIfChild runs an OTLP sink and exits, if this process was started to do so by StartSink, and returns at once if not. Call it
// first in main, and in TestMain of every package whose tests start a sink: without it the child would run the whole program,
// or all the tests, instead.
func RunIfChild() {
	if os.Getenv(child.Env) != childSink {
		return
	}
	runChild(os.Stdin, os.Stdout)
	os.Exit(0)
}

// command is one line of JSON from the parent to the child, after the first, which is the configuration. The child does what
// it says and answers with a report.
type command struct {
	Behavior *Behavior `json:"behavior,omitempty"`
}

// report is one line of JSON from the child to its parent. The first says where it listens or why it does not, the others
// have the counts.
type report struct {
	GRPC  string `json:"grpc,omitempty"` // host:port
	HTTP  string `json:"http,omitempty"`
	Error string `json:"error,omitempty"`
	// Answers counts the lines from the parent that the child has read, its configuration left out.
	Answers uint64 `json:"answers"`
	Counts  Counts `json:"counts"`
}

// Answered implements child.Report.
func (r report) Answered() uint64 { return r.Answers }

// Failure implements child.Report.
func (r report) Failure() string { return r.Error }

// runChild receives as the first line of in says, obeys and answers every further line, and at the end of in, which the parent
// closes by intent or by dying, closes the receiver and sends the last report. A report that cannot be sent is no error: the
// parent is gone, and the end of in says so too.
func runChild(in io.Reader, out io.Writer) {
	lines, reports := bufio.NewScanner(in), json.NewEncoder(out)
	r, err := listenAsTold(lines)
	if err != nil {
		_ = reports.Encode(report{Error: err.Error()})
		return
	}
	_ = reports.Encode(report{GRPC: r.GRPCAddr(), HTTP: r.HTTPAddr()})
	var answers uint64
	for lines.Scan() {
		obey(r, lines.Bytes())
		answers++
		_ = reports.Encode(report{Answers: answers, Counts: r.Counts()})
	}
	exit := time.AfterFunc(childExitLimit, func() { os.Exit(1) })
	defer exit.Stop()
	_ = r.Close()
	_ = reports.Encode(report{Answers: answers, Counts: r.Counts()})
}

// listenAsTold reads the configuration and listens.
func listenAsTold(lines *bufio.Scanner) (*Receiver, error) {
	var cfg Config
	if !lines.Scan() {
		return nil, fmt.Errorf("read the sink's configuration from the parent: %w", orEOF(lines.Err()))
	}
	if err := json.Unmarshal(lines.Bytes(), &cfg); err != nil {
		return nil, fmt.Errorf("read the sink's configuration %q: %w", lines.Text(), err)
	}
	return Listen(cfg)
}

func orEOF(err error) error {
	if err == nil {
		return io.ErrUnexpectedEOF
	}
	return err
}

// obey does what a line says. One that says nothing that can be read is a question.
func obey(r *Receiver, line []byte) {
	var c command
	if json.Unmarshal(line, &c) == nil && c.Behavior != nil {
		r.Behave(*c.Behavior)
	}
}

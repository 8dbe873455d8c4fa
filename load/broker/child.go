package broker

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"mqttrace/load/internal/child"
)

const (
	// ChildEnv is the environment variable that turns this binary into a child process of the harness.
	ChildEnv = child.Env
	// childBroker is the value of ChildEnv that stands for the embedded broker.
	childBroker = "broker"
	// childExitLimit is how long a child may take to end after its parent has closed the pipe.
	childExitLimit = 3 * time.Second
)

// RunIfChild serves the embedded broker and exits, if this process was started to do so by StartEmbedded, and returns at
// once if not. Call it first in main, and in TestMain of every package whose tests start an embedded broker: without it the
// child would run the whole program, or all the tests, instead.
func RunIfChild() {
	if os.Getenv(ChildEnv) != childBroker {
		return
	}
	runChild(os.Stdin, os.Stdout)
	os.Exit(0)
}

// report is one line of JSON from the child to its parent. The first says where it listens or why it does not, the others
// have the drops.
type report struct {
	Addr  string `json:"addr,omitempty"` // host:port
	URL   string `json:"url,omitempty"`
	Error string `json:"error,omitempty"`
	// Answers counts the lines from the parent that the child has read, its configuration left out.
	Answers uint64 `json:"answers"`
	Drops
}

// Answered implements child.Report.
func (r report) Answered() uint64 { return r.Answers }

// Failure implements child.Report.
func (r report) Failure() string { return r.Error }

// runChild serves the broker that the first line of in describes, answers every further line with a report, and at the end
// of in, which the parent closes by intent or by dying, stops the broker and sends the last report. A report that cannot be
// sent is no error: the parent is gone, and the end of in says so too.
func runChild(in io.Reader, out io.Writer) {
	lines, reports := bufio.NewScanner(in), json.NewEncoder(out)
	server, err := listenAsTold(lines)
	if err != nil {
		_ = reports.Encode(report{Error: err.Error()})
		return
	}
	_ = reports.Encode(report{Addr: server.Addr(), URL: server.URL()})
	var answers uint64
	for lines.Scan() {
		answers++
		_ = reports.Encode(report{Answers: answers, Drops: server.Drops()})
	}
	exit := time.AfterFunc(childExitLimit, func() { os.Exit(1) })
	defer exit.Stop()
	server.Close()
	_ = reports.Encode(report{Answers: answers, Drops: server.Drops()})
}

// listenAsTold reads the configuration and listens.
func listenAsTold(lines *bufio.Scanner) (*Server, error) {
	cfg, err := readConfig(lines)
	if err != nil {
		return nil, err
	}
	return Listen(cfg)
}

func readConfig(lines *bufio.Scanner) (EmbeddedConfig, error) {
	var cfg EmbeddedConfig
	if !lines.Scan() {
		return cfg, fmt.Errorf("read the broker's configuration from the parent: %w", orEOF(lines.Err()))
	}
	if err := json.Unmarshal(lines.Bytes(), &cfg); err != nil {
		return cfg, fmt.Errorf("read the broker's configuration %q: %w", lines.Text(), err)
	}
	cfg.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	return cfg, nil
}

func orEOF(err error) error {
	if err == nil {
		return io.ErrUnexpectedEOF
	}
	return err
}

package broker

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"
)

const (
	// ChildEnv is the environment variable that turns this binary into a child process of the harness.
	ChildEnv = "MQTTRACE_CHILD"
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
	if err := runChild(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// report is one line of JSON from the child to its parent. The first has the address, the others have the drops.
type report struct {
	Addr string `json:"addr,omitempty"` // host:port
	URL  string `json:"url,omitempty"`
	// Answers counts the lines from the parent that the child has read, its configuration left out.
	Answers uint64 `json:"answers"`
	Drops
}

// runChild serves the broker that the first line of in describes, answers every further line with a report, and at the end
// of in, which the parent closes by intent or by dying, stops the broker and sends the last report.
func runChild(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	cfg, err := readConfig(lines)
	if err != nil {
		return err
	}
	server, err := Listen(cfg)
	if err != nil {
		return err
	}
	reports := json.NewEncoder(out)
	last := report{Addr: server.Addr(), URL: server.URL()}
	_ = reports.Encode(last) // a parent that cannot be told is gone, which the end of in says too
	for lines.Scan() {
		last = report{Answers: last.Answers + 1, Drops: server.Drops()}
		_ = reports.Encode(last)
	}
	exit := time.AfterFunc(childExitLimit, func() { os.Exit(1) })
	defer exit.Stop()
	server.Close()
	_ = reports.Encode(report{Answers: last.Answers, Drops: server.Drops()})
	return nil
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

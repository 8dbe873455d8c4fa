package network

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"mqttrace/load/internal/child"
)

// childNetwork is the role of a child process that is the network.
const childNetwork = "network"

// RunIfChild runs proxies and exits, if this process was started to do so by Start, and returns at once if not. Call it first in
// main, and in TestMain of every package whose tests start proxies.
func RunIfChild() {
	if os.Getenv(child.Env) != childNetwork {
		return
	}
	runChild(os.Stdin, os.Stdout)
	os.Exit(0)
}

// config is the first line of JSON from the parent: what the proxies lead to, and what they are called.
type config struct {
	Upstream string   `json:"upstream"`
	Names    []string `json:"names"`
}

// command is a further line: what a network is to be like.
type command struct {
	Name      string    `json:"name"`
	Condition Condition `json:"condition"`
}

// report is a line of JSON to the parent. The first says where the proxies listen, or why they do not.
type report struct {
	Addresses map[string]string `json:"addresses,omitempty"`
	Error     string            `json:"error,omitempty"`
	Answers   uint64            `json:"answers"`
	// Trouble says why the last command could not be carried out.
	Trouble string `json:"trouble,omitempty"`
}

// Answered implements child.Report.
func (r report) Answered() uint64 { return r.Answers }

// Failure implements child.Report.
func (r report) Failure() string { return r.Error }

// runChild runs proxies until the end of in, which the parent closes by intent or by dying. A report that cannot be sent is no
// error: the parent is gone, and the end of in says so too.
func runChild(in io.Reader, out io.Writer) {
	lines, reports := bufio.NewScanner(in), json.NewEncoder(out)
	lines.Buffer(nil, 1<<20)
	all, err := openAsTold(lines)
	if err != nil {
		_ = reports.Encode(report{Error: err.Error()})
		return
	}
	defer all.close()
	_ = reports.Encode(report{Addresses: all.addresses()})
	for answers := uint64(1); lines.Scan(); answers++ {
		_ = reports.Encode(report{Answers: answers, Trouble: all.obey(lines.Bytes())})
	}
}

func openAsTold(lines *bufio.Scanner) (proxies, error) {
	var cfg config
	if !lines.Scan() {
		return nil, fmt.Errorf("read the network's configuration: %w", io.ErrUnexpectedEOF)
	}
	if err := json.Unmarshal(lines.Bytes(), &cfg); err != nil {
		return nil, fmt.Errorf("read the network's configuration: %w", err)
	}
	return open(cfg.Upstream, cfg.Names)
}

// obey carries out a command and returns what went wrong.
func (all proxies) obey(line []byte) (trouble string) {
	var c command
	err := json.Unmarshal(line, &c)
	if err == nil {
		err = all.set(c.Name, c.Condition)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

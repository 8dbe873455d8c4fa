package otlp

import (
	"encoding/json"
	"io"
	"os"

	"mqttrace/load/internal/child"
)

// childSink is the role of a child process that is an OTLP sink.
const childSink = "otlp"

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
	child.Answer
	GRPC   string `json:"grpc,omitempty"` // host:port
	HTTP   string `json:"http,omitempty"`
	Counts Counts `json:"counts"`
}

// runChild receives as the first line of in says, until the end of in.
func runChild(in io.Reader, out io.Writer) {
	child.Play("sink", in, out, func(cfg Config) (child.Part, error) {
		r, err := Listen(cfg)
		return part{r}, err
	})
}

// part is a receiver as its parent sees it.
type part struct{ receiver *Receiver }

func (p part) Hello() child.Report {
	return report{GRPC: p.receiver.GRPCAddr(), HTTP: p.receiver.HTTPAddr()}
}

// Obey implements child.Part. A line that says nothing that can be read is a question.
func (p part) Obey(line []byte, a child.Answer) child.Report {
	var c command
	if json.Unmarshal(line, &c) == nil && c.Behavior != nil {
		p.receiver.Behave(*c.Behavior)
	}
	return report{Answer: a, Counts: p.receiver.Counts()}
}

func (p part) Close(a child.Answer) child.Report {
	_ = p.receiver.Close()
	return report{Answer: a, Counts: p.receiver.Counts()}
}

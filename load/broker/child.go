package broker

import (
	"io"
	"log/slog"
	"os"

	"mqttrace/load/internal/child"
)

const (
	// ChildEnv is the environment variable that turns this binary into a child process of the harness.
	ChildEnv = child.Env
	// childBroker is the value of ChildEnv that stands for the embedded broker.
	childBroker = "broker"
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
	child.Answer
	Addr string `json:"addr,omitempty"` // host:port
	URL  string `json:"url,omitempty"`
	Drops
}

// runChild serves the broker that the first line of in describes, until the end of in.
func runChild(in io.Reader, out io.Writer) {
	child.Play("broker", in, out, func(cfg EmbeddedConfig) (child.Part, error) {
		cfg.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
		server, err := Listen(cfg)
		return part{server}, err
	})
}

// part is a broker as its parent sees it.
type part struct{ server *Server }

func (p part) Hello() child.Report { return report{Addr: p.server.Addr(), URL: p.server.URL()} }

func (p part) Obey(_ []byte, a child.Answer) child.Report {
	return report{Answer: a, Drops: p.server.Drops()}
}

func (p part) Close(a child.Answer) child.Report {
	p.server.Close()
	return report{Answer: a, Drops: p.server.Drops()}
}

package network

import (
	"encoding/json"
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
	child.Answer
	Addresses map[string]string `json:"addresses,omitempty"`
	// Trouble says why the last command could not be carried out.
	Trouble string `json:"trouble,omitempty"`
}

// runChild runs the proxies that the first line of in asks for, until the end of in.
func runChild(in io.Reader, out io.Writer) {
	child.Play("network", in, out, func(cfg config) (child.Part, error) {
		all, err := open(cfg.Upstream, cfg.Names)
		return part{all}, err
	})
}

// part is the proxies as their parent sees them.
type part struct{ all proxies }

func (p part) Hello() child.Report { return report{Addresses: p.all.addresses()} }

func (p part) Obey(line []byte, a child.Answer) child.Report {
	var c command
	err := json.Unmarshal(line, &c)
	if err == nil {
		err = p.all.set(c.Name, c.Condition)
	}
	if err != nil {
		return report{Answer: a, Trouble: err.Error()}
	}
	return report{Answer: a}
}

func (p part) Close(a child.Answer) child.Report {
	p.all.close()
	return report{Answer: a}
}

package load

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"time"

	"mqttrace/load/internal/child"
	"mqttrace/load/mqtt"
	"mqttrace/load/network"
	"mqttrace/load/record"
	"mqttrace/load/result"
	"mqttrace/scenarios"
)

// What a message costs is paid on two sides, which one process cannot tell apart. A comparison therefore runs a second, shorter
// time with the receivers in a child process of this binary: the CPU time of that process is the receiving side's, what is left
// is the sending side's. Latencies are not taken then, because the two processes read different clocks.

// childReceivers is the role of a child process that is the receiving side.
const childReceivers = "receivers"

// RunIfChild runs the receiving side of a comparison, or the proxies of network faults, and exits, if this process was started to
// do so by Run, and returns at once if not. Call it first in main, and in TestMain of every package whose tests compare arms.
func RunIfChild() {
	network.RunIfChild()
	if os.Getenv(child.Env) != childReceivers {
		return
	}
	receiveForParent(os.Stdin, os.Stdout)
	os.Exit(0)
}

// farConfig is what the receiving side is told: the run that it is part of, and where its broker and sink listen.
type farConfig struct {
	Scenario json.RawMessage `json:"scenario"`
	ID       uint16          `json:"id"`
	Label    string          `json:"label"`
	Address  string          `json:"address"`
	SinkGRPC string          `json:"sink_grpc,omitempty"`
	SinkHTTP string          `json:"sink_http,omitempty"`
}

// farQuestion is a line from the parent: flush an arm's exporter, if any is named, and say what has been used.
type farQuestion struct {
	Flush *int `json:"flush,omitempty"` // the arm's index
}

// farReport is a line to the parent.
type farReport struct {
	child.Answer
	CPU time.Duration `json:"cpu_ns"`
}

// receiveForParent is the receiving side from its first line of input to the last.
func receiveForParent(in io.Reader, out io.Writer) {
	child.Play("receiving side", in, out, func(cfg farConfig) (child.Part, error) {
		r, err := receivingSide(cfg)
		return farPart{r}, err
	})
}

// farPart is the receiving side as its parent sees it.
type farPart struct{ run *run }

func (farPart) Hello() child.Report { return farReport{CPU: record.CPUTime()} }

func (p farPart) Obey(line []byte, a child.Answer) child.Report {
	var q farQuestion
	if json.Unmarshal(line, &q) == nil && q.Flush != nil {
		ctx, cancel := context.WithTimeout(context.Background(), p.run.timeline.gap)
		_ = p.run.arms[*q.Flush].flush(ctx) // the parent's own flush says whether the sink keeps up
		cancel()
	}
	return farReport{Answer: a, CPU: record.CPUTime()}
}

func (p farPart) Close(a child.Answer) child.Report {
	close(p.run.over)
	p.run.disconnect()
	p.run.endArms()
	return farReport{Answer: a, CPU: record.CPUTime()}
}

// receivingSide connects the receivers.
func receivingSide(cfg farConfig) (*run, error) {
	sc, err := scenarios.Decode("scenario.json", cfg.Scenario)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), farStartLimit)
	defer cancel()
	r := newRun(ctx, sc, Options{})
	r.id, r.label, r.receivesOnly = cfg.ID, cfg.Label, true
	if cfg.SinkGRPC != "" {
		r.sink = &sink{grpc: cfg.SinkGRPC, http: cfg.SinkHTTP}
	}
	if r.target, err = near(sc.Broker, cfg.Address); err != nil {
		return nil, err
	}
	if err := r.equip(ctx); err != nil {
		return nil, err
	}
	if err := r.recruit(); err != nil {
		return nil, err
	}
	return r, each(ctx, r.mine.receivers, func(ctx context.Context, v *receiver) error { return v.connect(ctx) })
}

// farStartLimit is how long the receiving side may take to connect.
const farStartLimit = 20 * time.Second

// near is the target of a broker that somebody has started already.
func near(b scenarios.Broker, address string) (*target, error) {
	if !b.Started() {
		return reach(context.Background(), b, nil)
	}
	return &target{settings: mqtt.Settings{Address: address}}, nil
}

// tellSidesApart measures the comparison a second time, for half as long, and adds to the arms' costs what either side pays.
func (r *run) tellSidesApart(ctx context.Context) {
	if !r.comparing() || len(r.receivers) == 0 || r.measured.interrupted || r.measured.broken != nil {
		return
	}
	err := r.measureSides(ctx)
	if ctx.Err() != nil {
		r.measured.interrupted = true
		return
	}
	if err != nil {
		r.warn("cost.cpu_per_message", "the sending and the receiving side could not be told apart: %v", err)
	}
}

func (r *run) measureSides(ctx context.Context) error {
	sc := *r.scenario
	sc.Duration /= 2
	sc.Faults = nil
	second := newRun(ctx, &sc, r.opts)
	second.target, second.pacer, second.sink, second.again = r.target, r.pacer, r.sink, true
	if err := second.equip(ctx); err != nil {
		return err
	}
	defer second.endArms()
	if err := second.startFarSide(ctx); err != nil {
		return err
	}
	err := second.measure(ctx)
	stop, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if stopErr := second.far.Stop(stop); err == nil {
		err = stopErr
	}
	if err == nil {
		err = second.measured.broken
	}
	for i, a := range second.arms {
		r.arms[i].sides = a.slices
	}
	return err
}

// startFarSide starts the receivers in a process of their own.
func (r *run) startFarSide(ctx context.Context) error {
	scenario, err := json.Marshal(r.scenario)
	if err != nil {
		return err
	}
	cfg := farConfig{Scenario: scenario, ID: r.id, Label: r.label, Address: r.target.settings.Address}
	if r.sink != nil {
		cfg.SinkGRPC, cfg.SinkHTTP = r.sink.grpc, r.sink.http
	}
	ctx, cancel := context.WithTimeout(ctx, farStartLimit)
	defer cancel()
	if r.far, err = child.StartSelf[farReport](childReceivers, "receiving side", cfg); err != nil {
		return err
	}
	_, err = r.far.Hello(ctx)
	return err
}

// farCPU is what the receiving side has used; 0 if it is in this process. An arm that is not nil is flushed first.
func (r *run) farCPU(flush *arm) time.Duration {
	if r.far == nil {
		return 0
	}
	var q farQuestion
	if flush != nil && flush.exports != nil {
		q.Flush = &flush.index
	}
	report, _ := r.far.Ask(q)
	return report.CPU
}

// addSides adds to a cost what either side pays of it.
func addSides(c *result.Cost, slices []sliceFigures) {
	for _, s := range slices {
		c.SendCPUNSPerMessage += s.cost.CPUNSPerMessage / float64(len(slices))
		c.ReceiveCPUNSPerMessage += s.far / float64(len(slices))
	}
}

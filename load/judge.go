package load

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"mqttrace/load/record"
	"mqttrace/load/result"
	"mqttrace/scenarios"
)

const (
	// ownLagLimit is the 99th percentile of the generator's own lateness from which a run is invalid, ownLagDoubt from which
	// it is doubted.
	ownLagLimit = 20 * time.Millisecond
	ownLagDoubt = time.Millisecond
	// brokenTraces is the share of messages whose trace may be broken before the trace latency is withheld.
	brokenTraces = 0.001
)

// judge turns what was measured into the result.
func (r *run) judge() (*result.Result, error) {
	res, err := r.newResult()
	if err != nil {
		return nil, err
	}
	res.Overhead, res.BrokerMetrics, res.Reconciled = r.overhead(), r.brokerMetrics, r.reconciled
	if r.measured.started.IsZero() {
		res.Started = r.start().Time().UTC()
	}
	for _, a := range r.arms {
		figures, err := r.figures(a)
		if err != nil {
			return nil, err
		}
		for _, t := range r.thresholds() {
			if judged, has := judgeThreshold(t, figures); has {
				res.Thresholds = append(res.Thresholds, judged)
			}
		}
		r.doubtArm(a, figures)
		res.Arms = append(res.Arms, *figures)
	}
	res.Environment.Floor = r.besideFloor(res)
	res.Faults = r.faults() // the ledgers have been settled
	r.doubtRun(res.Arms)
	res.Verdict, res.Reason = r.verdict(res.Arms, res.Thresholds)
	res.Warnings = append([]result.Warning{}, r.warnings...)
	res.Reasons = r.reasons.all()
	return res, nil
}

// thresholds are those that this process can judge: what a shard measured is only a part.
func (r *run) thresholds() []scenarios.Threshold {
	if r.share != nil {
		return nil
	}
	return r.scenario.Thresholds
}

// knownDelivery is the ledger of an arm, as far as this process knows it.
func (r *run) knownDelivery(arm int) result.Delivery {
	if r.share != nil {
		return r.partOfDelivery()
	}
	return r.delivery(arm)
}

// newResult is a result that says what ran and where, with no figures yet.
func (r *run) newResult() (*result.Result, error) {
	scenario, err := json.Marshal(r.scenario)
	if err != nil {
		return nil, fmt.Errorf("write the scenario into the result: %w", err)
	}
	return &result.Result{
		Schema: result.Schema, Started: r.measured.started.UTC(), Scenario: scenario, Environment: r.environment(),
		TraceURL: r.opts.TraceURL, Stages: r.stages(), Arms: []result.Arm{}, Overhead: []result.Difference{}, Thresholds: []result.Threshold{},
	}, nil
}

// figures computes what one arm measured.
func (r *run) figures(a *arm) (*result.Arm, error) {
	latencies, err := a.counted.Latencies()
	if err != nil {
		return nil, err
	}
	counts := a.counted.Counts()
	delivery := r.knownDelivery(a.index)
	f := &result.Arm{
		Name: a.setting.Name, Sent: counts.Sent, Acked: counts.Acked, Refused: counts.Refused,
		Received: delivery.Received + delivery.Duplicated,
		Latency:  latencies, Delivery: delivery, Slowest: a.counted.Slowest(), Series: append([]result.Point{}, a.series...),
	}
	for _, s := range r.mine.senders {
		f.Scheduled += s.scheduled(a.index, r.measured.until)
	}
	f.Unsent = f.Scheduled - min(f.Scheduled, f.Sent)
	due, took := r.elapsed(a)
	f.ElapsedNS = int64(took)
	if took > 0 {
		f.RatePerS = float64(f.Sent) / took.Seconds()
		f.ReceivedRatePerS = float64(f.Received) / took.Seconds()
		f.ScheduledRatePerS = float64(f.Scheduled) / max(due, 1).Seconds()
	}
	if a.spans != nil {
		f.Spans = a.spans.Result()
		if a.exports != nil {
			a.exports.addTo(f.Spans)
		}
		withholdTrace(f)
	}
	r.addCost(a, f, r.measured.began, r.measured.ended)
	return f, nil
}

// elapsed is the time in which messages of an arm that count were due, and in which they were sent: longer, if the broker held
// the senders back. In a comparison the two are not told apart.
func (r *run) elapsed(a *arm) (due, took time.Duration) {
	for _, s := range r.timeline.slices {
		if s.arm == a.index {
			due += max(min(s.end, r.measured.until)-s.begin-r.timeline.settle, 0)
		}
	}
	if r.comparing() || due == 0 {
		return due, due
	}
	return due, max(due, r.measured.sentUntil.Sub(r.counting()))
}

// withholdTrace marks the trace latency of a run in which too many traces are broken: it would be the survivors'.
func withholdTrace(a *result.Arm) {
	broken := a.Spans.Messages - a.Spans.Whole
	latency, ok := a.Latency[result.Trace]
	if ok && float64(broken) > brokenTraces*float64(a.Spans.Messages) {
		latency.Withheld = fmt.Sprintf("%d of %d traces are not whole", broken, a.Spans.Messages)
		a.Latency[result.Trace] = latency
	}
}

// addCost computes what a message cost, and what each process used. In a comparison that is the mean over the arm's slices.
func (r *run) addCost(a *arm, f *result.Arm, began, ended snapshot) {
	elapsed := ended.at.Sub(began.at)
	generator := process(ended.generator.CPU-began.generator.CPU, elapsed, ended.generator.PeakRSS)
	generator.GCPauseNS = int64(ended.generator.GCPause - began.generator.GCPause)
	generator.GCCycles = ended.generator.GCCycles - began.generator.GCCycles
	generator.Allocs, generator.AllocBytes = ended.generator.Allocs-began.generator.Allocs, ended.generator.AllocBytes-began.generator.AllocBytes
	f.Process.Generator = generator
	if r.target.process != nil {
		f.Process.Broker = process(ended.broker.CPU-began.broker.CPU, elapsed, ended.broker.PeakRSS)
		f.Process.Broker.Dropped = ended.broker.Dropped + ended.broker.Discarded - began.broker.Dropped - began.broker.Discarded
	}
	if r.sink != nil {
		f.Process.Sink = process(ended.sink.CPU-began.sink.CPU, elapsed, ended.sink.PeakRSS)
	}
	if r.comparing() {
		f.Cost = costOf(a.slices)
		addSides(&f.Cost, a.sides)
	} else if f.Sent > 0 {
		f.Cost = costBetween(began, r.aside.without(ended), float64(max(f.Sent-min(f.Sent, r.aside.sent), 1)))
	}
	f.Cost.WireBytesPerMessage = float64(a.counted.Counts().SentBytes) / float64(max(f.Sent, 1))
}

// costBetween is what each of n messages cost between two snapshots.
func costBetween(began, ended snapshot, n float64) result.Cost {
	busy, gc := ended.generator.BusyCPU-began.generator.BusyCPU, ended.generator.GCCPU-began.generator.GCCPU
	return result.Cost{
		CPUNSPerMessage:       float64(ended.generator.CPU-began.generator.CPU) / n,
		AllocsPerMessage:      float64(ended.generator.Allocs-began.generator.Allocs) / n,
		AllocBytesPerMsg:      float64(ended.generator.AllocBytes-began.generator.AllocBytes) / n,
		BrokerCPUNSPerMessage: float64(ended.broker.CPU-began.broker.CPU) / n,
		GCShare:               float64(gc) / float64(max(busy, gc, 1)),
	}
}

func process(cpu, elapsed time.Duration, rss int64) *result.Process {
	return &result.Process{CPUNS: int64(cpu), CPUCores: float64(cpu) / float64(max(elapsed, 1)), RSSBytes: rss}
}

// verdict is what the run comes to, and in one sentence why.
func (r *run) verdict(arms []result.Arm, thresholds []result.Threshold) (result.Verdict, string) {
	if r.measured.interrupted && r.measured.started.IsZero() {
		return result.Interrupted, r.share.who() + "interrupted before anything was counted"
	}
	if r.measured.interrupted {
		return result.Interrupted, fmt.Sprintf("%sinterrupted after %s of %s", r.share.who(), brief(time.Duration(arms[0].ElapsedNS)), brief(r.scenario.Duration.Std()))
	}
	if broken := r.broken(arms); broken != "" {
		return result.Invalid, broken
	}
	if failures := r.failures(arms, thresholds); len(failures) > 0 {
		return result.Fail, strings.Join(failures, "; ")
	}
	return result.Pass, ""
}

// failures lists what was asked of the broker and not done.
func (r *run) failures(arms []result.Arm, thresholds []result.Threshold) (failures []string) {
	for _, t := range thresholds {
		if !t.OK {
			failures = append(failures, r.inArm(t.Arm)+"threshold missed: "+t.Expression)
		}
	}
	for _, a := range arms {
		failures = append(failures, r.failuresOf(a)...)
	}
	return failures
}

// inArm names the arm, where there is more than one.
func (r *run) inArm(name string) string {
	if !r.comparing() {
		return ""
	}
	return "arm " + name + ": "
}

// failuresOf lists what the broker did not do for an arm's messages.
func (r *run) failuresOf(a result.Arm) (failures []string) {
	for _, violation := range a.Delivery.Violations {
		failures = append(failures, r.inArm(a.Name)+violation)
	}
	if a.Refused > 0 {
		failures = append(failures, fmt.Sprintf("%sthe broker refused %d of %d messages", r.inArm(a.Name), a.Refused, a.Sent))
	}
	if a.Unsent > 0 {
		failures = append(failures, fmt.Sprintf("%sthe broker held the senders back: %d of %d messages could not be sent in time", r.inArm(a.Name), a.Unsent, a.Scheduled))
	}
	return failures
}

// broken says why the figures do not describe the broker; empty when they do.
func (r *run) broken(arms []result.Arm) string {
	if r.measured.broken != nil {
		return r.measured.broken.Error()
	}
	if r.measured.senderErr != nil {
		return r.measured.senderErr.Error()
	}
	for i, a := range r.arms {
		if own := a.counted.Histogram(record.OwnLag); own.Count() >= 100 && own.Quantile(0.99) > ownLagLimit {
			r.generatorLate = true
			return fmt.Sprintf("%sthe generator did not keep up: it sent messages late by %s (p99) of its own doing; ask for less, or give it more cores",
				r.inArm(a.setting.Name), brief(own.Quantile(0.99)))
		}
		if arms[i].Sent == 0 && arms[i].Scheduled > 0 {
			return r.inArm(a.setting.Name) + "no message could be sent"
		}
	}
	return ""
}

// judgeThreshold compares a threshold with the figure it is about; has is false for a figure that arms of this kind do not have.
func judgeThreshold(t scenarios.Threshold, a *result.Arm) (judged result.Threshold, has bool) {
	if (strings.HasPrefix(t.Figure, "trace.") || strings.HasPrefix(t.Figure, "spans.")) && a.Spans == nil {
		return judged, false
	}
	judged = result.Threshold{Arm: a.Name, Expression: t.Text}
	actual, missing := a.Figure(t.Figure)
	if missing != "" {
		judged.Reason = missing
		return judged, true
	}
	judged.Actual, judged.OK = actual, t.Holds(actual)
	return judged, true
}

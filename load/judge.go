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
	scenario, err := json.Marshal(r.scenario)
	if err != nil {
		return nil, fmt.Errorf("write the scenario into the result: %w", err)
	}
	arm, err := r.arm()
	if err != nil {
		return nil, err
	}
	res := &result.Result{
		Schema: result.Schema, Started: r.measured.started.UTC(), Scenario: scenario, Environment: r.environment(),
		Overhead: []result.Difference{}, Thresholds: []result.Threshold{},
	}
	if r.measured.started.IsZero() {
		res.Started = r.start.Time().UTC()
	}
	for _, t := range r.scenario.Thresholds {
		res.Thresholds = append(res.Thresholds, judgeThreshold(t, arm))
	}
	r.doubt(arm)
	res.Arms = []result.Arm{*arm}
	res.Verdict, res.Reason = r.verdict(arm, res.Thresholds)
	res.Warnings = append([]result.Warning{}, r.warnings...)
	return res, nil
}

// arm computes the figures of the one arm that ran.
func (r *run) arm() (*result.Arm, error) {
	latencies, err := r.counted.recorder.Latencies()
	if err != nil {
		return nil, err
	}
	counts := r.counted.recorder.Counts()
	delivery := r.delivery()
	a := &result.Arm{
		Name: string(r.scenario.Tracing.Arm), ElapsedNS: int64(r.elapsed()),
		Sent: counts.Sent, Acked: counts.Acked, Refused: counts.Refused, Received: delivery.Received + delivery.Duplicated,
		Latency: latencies, Delivery: delivery, Series: append([]result.Point{}, r.measured.series...),
	}
	for _, s := range r.senders {
		a.Scheduled += s.scheduled(r.measured.until)
	}
	a.Unsent = a.Scheduled - min(a.Scheduled, a.Sent)
	if seconds := r.elapsed().Seconds(); seconds > 0 {
		a.RatePerS = float64(a.Sent) / seconds
		a.ReceivedRatePerS = float64(a.Received) / seconds
		a.ScheduledRatePerS = float64(a.Scheduled) / max(r.measured.until.Sub(r.counting), 1).Seconds()
	}
	if r.counted.spans != nil {
		a.Spans = r.counted.spans.Result()
		withholdTrace(a)
	}
	r.addCost(a)
	return a, nil
}

// elapsed is the measured time: the scenario's, or what it took to send everything if that was longer.
func (r *run) elapsed() time.Duration {
	return max(r.measured.until, r.measured.sentUntil, r.counting).Sub(r.counting)
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

// addCost computes what a message cost, and what each process used.
func (r *run) addCost(a *result.Arm) {
	began, ended := r.measured.began, r.measured.ended
	elapsed := ended.at.Sub(began.at)
	generator := process(ended.generator.CPU-began.generator.CPU, elapsed, ended.generator.PeakRSS)
	generator.GCPauseNS = int64(ended.generator.GCPause - began.generator.GCPause)
	generator.GCCycles = ended.generator.GCCycles - began.generator.GCCycles
	a.Process.Generator = generator
	if r.target.process != nil {
		a.Process.Broker = process(ended.broker.CPU-began.broker.CPU, elapsed, ended.broker.PeakRSS)
		a.Process.Broker.Dropped = ended.broker.Dropped + ended.broker.Discarded - began.broker.Dropped - began.broker.Discarded
	}
	if n := float64(a.Sent); n > 0 {
		a.Cost.CPUNSPerMessage = float64(generator.CPUNS) / n
		a.Cost.AllocsPerMessage = float64(ended.generator.Allocs-began.generator.Allocs) / n
		a.Cost.AllocBytesPerMsg = float64(ended.generator.AllocBytes-began.generator.AllocBytes) / n
	}
	if n := ended.published - began.published; n > 0 {
		a.Cost.WireBytesPerMessage = float64(ended.publishedBytes-began.publishedBytes) / float64(n)
	}
}

func process(cpu, elapsed time.Duration, rss int64) *result.Process {
	return &result.Process{CPUNS: int64(cpu), CPUCores: float64(cpu) / float64(max(elapsed, 1)), RSSBytes: rss}
}

// verdict is what the run comes to, and in one sentence why.
func (r *run) verdict(a *result.Arm, thresholds []result.Threshold) (result.Verdict, string) {
	if r.measured.interrupted {
		return result.Interrupted, fmt.Sprintf("interrupted after %v of %v", brief(r.elapsed()), r.scenario.Duration)
	}
	if broken := r.broken(a); broken != "" {
		return result.Invalid, broken
	}
	var failures []string
	for _, t := range thresholds {
		if !t.OK {
			failures = append(failures, "threshold missed: "+t.Expression)
		}
	}
	failures = append(failures, a.Delivery.Violations...)
	if a.Refused > 0 {
		failures = append(failures, fmt.Sprintf("the broker refused %d of %d messages", a.Refused, a.Sent))
	}
	if a.Unsent > 0 {
		failures = append(failures, fmt.Sprintf("the broker held the senders back: %d of %d messages could not be sent in time", a.Unsent, a.Scheduled))
	}
	if len(failures) > 0 {
		return result.Fail, strings.Join(failures, "; ")
	}
	return result.Pass, ""
}

// broken says why the figures do not describe the broker; empty when they do.
func (r *run) broken(a *result.Arm) string {
	if r.measured.broken != nil {
		return r.measured.broken.Error()
	}
	if r.measured.senderErr != nil {
		return r.measured.senderErr.Error()
	}
	own := r.counted.recorder.Histogram(record.OwnLag)
	if own.Count() >= 100 && own.Quantile(0.99) > ownLagLimit {
		return fmt.Sprintf("the generator did not keep up: it sent messages late by %v (p99) of its own doing; ask for less, or give it more cores",
			brief(own.Quantile(0.99)))
	}
	if a.Sent == 0 && a.Scheduled > 0 {
		return "no message could be sent"
	}
	return ""
}

// judgeThreshold compares a threshold with the figure it is about.
func judgeThreshold(t scenarios.Threshold, a *result.Arm) result.Threshold {
	judged := result.Threshold{Arm: a.Name, Expression: t.Text}
	actual, missing := figure(t.Figure, a)
	if missing != "" {
		judged.Reason = missing
		return judged
	}
	judged.Actual, judged.OK = actual, t.Holds(actual)
	return judged
}

// figure looks a figure up by its name in scenarios; missing says why the run does not have it.
func figure(name string, a *result.Arm) (value float64, missing string) {
	if latency, stat, ok := strings.Cut(name, "."); ok {
		if l, found := a.Latency[latency]; found {
			return statistic(l, stat)
		}
	}
	if count, ok := counts(a)[name]; ok {
		return count, ""
	}
	return 0, "nothing was measured"
}

func statistic(l result.Latency, stat string) (value float64, missing string) {
	if l.Withheld != "" {
		return 0, "withheld: " + l.Withheld
	}
	percentiles := map[string]*int64{"p50": l.P50NS, "p90": l.P90NS, "p95": l.P95NS, "p99": l.P99NS, "p999": l.P999NS}
	if p, ok := percentiles[stat]; ok {
		if p == nil {
			return 0, fmt.Sprintf("too few values (%d)", l.Count)
		}
		return float64(*p), ""
	}
	switch stat {
	case "min":
		return float64(l.MinNS), ""
	case "mean":
		return float64(l.MeanNS), ""
	case "max":
		return float64(l.MaxNS), ""
	case "count":
		return float64(l.Count), ""
	case "negative":
		return float64(l.Negative), ""
	}
	return 0, "unknown statistic " + stat
}

// counts are the figures that are no latencies, by their names in scenarios.
func counts(a *result.Arm) map[string]float64 {
	d, c := a.Delivery, a.Cost
	all := map[string]float64{
		"scheduled": float64(a.Scheduled), "sent": float64(a.Sent), "acked": float64(a.Acked), "refused": float64(a.Refused),
		"unsent": float64(a.Unsent), "received": float64(a.Received),
		"rate_per_s": a.RatePerS, "received_rate_per_s": a.ReceivedRatePerS,
		"delivery.expected": float64(d.Expected), "delivery.received": float64(d.Received), "delivery.lost": float64(d.Lost),
		"delivery.duplicated": float64(d.Duplicated), "delivery.reordered": float64(d.Reordered),
		"delivery.foreign": float64(d.Foreign), "delivery.late": float64(d.Late),
		"cost.cpu_per_message": c.CPUNSPerMessage, "cost.allocs_per_message": c.AllocsPerMessage,
		"cost.wire_bytes_per_message": c.WireBytesPerMessage,
	}
	if s := a.Spans; s != nil {
		all["spans.whole"] = float64(s.Whole)
		all["spans.missing_producer"] = float64(s.MissingProducer)
		all["spans.missing_consumer"] = float64(s.MissingConsumer)
		all["spans.wrong_parent"] = float64(s.WrongParent)
		all["spans.wrong_trace"] = float64(s.WrongTrace)
	}
	return all
}

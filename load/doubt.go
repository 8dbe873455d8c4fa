package load

import (
	"fmt"
	"math"
	"time"

	"mqttrace/load/record"
	"mqttrace/load/result"
)

// doubtArm notes every reason not to take a figure of an arm at its face value.
func (r *run) doubtArm(a *arm, f *result.Arm) {
	about := r.inArm(a.setting.Name)
	own := a.counted.Histogram(record.OwnLag)
	if p99 := own.Quantile(0.99); own.Count() >= 100 && p99 > ownLagDoubt {
		r.warn(result.ScheduleLag, "%sthe generator itself was late by %s (p99); response times contain that", about, brief(p99))
	}
	r.doubtFigures(f)
	r.doubtExports(a, f)
}

// doubtFigures notes what the figures of an arm themselves tell.
func (r *run) doubtFigures(f *result.Arm) {
	about := r.inArm(f.Name)
	for _, name := range result.LatencyNames {
		l := f.Latency[name]
		if l.Negative > 0 {
			r.warn(name, "%s%d of %d values are negative, the lowest %s: clocks disagree", about, l.Negative, l.Count, brief(time.Duration(l.MinNS)))
		}
		if l.Overflow > 0 {
			r.warn(name, "%s%d of %d values are past the histogram's 10 minutes; percentiles count them as that", about, l.Overflow, l.Count)
		}
	}
	for _, flow := range f.Delivery.Flows {
		if flow.QoS == 0 && flow.Lost > 0 {
			r.warn("delivery.lost", "%s%s → %s: %d of %d messages lost; QoS 0 allows it, but latencies are of the rest", about, flow.Sender, flow.Receiver, flow.Lost, flow.Expected)
		}
	}
	if n := f.Delivery.Overlapping; n > 0 {
		r.warn("delivery.duplicated", "%s%d copies came because several filters of a receiver matched; they are no duplicates", about, n)
	}
	if f.Delivery.Foreign > 0 {
		r.warn("delivery.foreign", "%s arrived that this run did not send", counted(f.Delivery.Foreign, "message"))
	}
	r.doubtTraces(f)
}

// doubtRun notes what concerns all arms.
func (r *run) doubtRun(arms []result.Arm) {
	generator := arms[0].Process.Generator
	if cores := float64(r.cores()); generator.CPUCores > 0.9*cores {
		r.warn("process.generator", "the generator kept %.2f of %.0f cores busy; latencies may be its own", generator.CPUCores, cores)
	}
	if share := float64(generator.GCPauseNS) / float64(max(r.total(), 1)); share > 0.01 {
		r.warn("process.generator", "garbage collection stopped the generator for %.1f %% of the time", 100*share)
	}
	for _, s := range r.scenario.Senders {
		if s.Rate.Max {
			r.warn(result.Response, "sender %s sends in a closed loop (rate: max): its response times leave out the waiting of messages that were not sent yet", s.Name)
		}
	}
	r.doubtBroker(arms[0].Process.Broker)
	r.doubtFeatures()
	var unknown uint64
	for _, s := range r.mine.senders {
		for _, l := range s.lanes {
			unknown += l.unknown.Load()
		}
	}
	if unknown > 0 {
		r.warn("acked", "%s never acknowledged: under way when the connection was lost", counted(unknown, "message"))
	}
	if !r.measured.drained && r.measured.broken == nil {
		r.warn("delivery.lost", "messages were still under way when the drain of %v ended", r.scenario.Drain)
	}
	if n := r.measured.disturbed; n > 0 {
		r.warn("cost.cpu_per_message", "%d of %d slices were left out because the machine was too busy to tell the arms apart", n, len(r.timeline.slices))
	}
	if n := r.measured.flushesMissed; n > 0 {
		r.warn("cost.cpu_per_message", "after %d of %d slices the spans could not be exported before the next arm's turn; its figures contain some of that", n, len(r.timeline.slices))
	}
}

// heldDoubt is the share of their time for which the senders may have waited for the broker before it is worth a word.
const heldDoubt = 0.01

func (r *run) doubtBroker(broker *result.Process) {
	if share := float64(r.measured.held) / float64(r.total()) / float64(max(len(r.mine.senders), 1)); share > heldDoubt && !r.closedLoop() && !r.comeAndGo() {
		r.warn(result.ScheduleLag, "the broker kept the senders waiting for %s in all; response contains that, transit does not", brief(r.measured.held))
	}
	if broker != nil && broker.Dropped > 0 {
		r.warn("delivery.lost", "the broker dropped %s because a client's queue was full or its session ended", counted(broker.Dropped, "message"))
	}
	if n := r.measured.connections; n > 0 && r.measured.broken == nil {
		again := "made again"
		if away := r.measured.away; away > 0 {
			again = fmt.Sprintf("%d of them not made again", away)
		}
		r.warn("run", "%s lost and %s; the latest ended with: %v", counted(n, "connection"), again, r.measured.lossCause)
	}
	for _, s := range r.scenario.Senders {
		if quota := r.limits.ReceiveMaximum; s.QoS > 0 && quota < 100 {
			r.warn(result.Response, "the broker takes %d unacknowledged messages of a client at a time (Receive Maximum); senders wait for the rest", quota)
			break
		}
	}
}

// doubtFeatures notes what was asked of the broker and not granted.
func (r *run) doubtFeatures() {
	r.doubtReceivers()
	r.doubtReasons()
	for _, dropped := range r.scenario.Plan().Oversized() {
		r.warn("delivery.lost", "%s", dropped)
	}
	for _, s := range r.scenario.Senders {
		switch granted := r.limits.TopicAliasMaximum; {
		case s.TopicAlias && granted == 0:
			r.warn("cost.wire_bytes_per_message", "the broker grants no topic aliases: the topics of %s were sent whole", s.Name)
		case s.TopicAlias && s.Topic.Len() > int(granted):
			r.warn("cost.wire_bytes_per_message", "the broker grants %d topic aliases to a client: %d of the %d topics of each of %s were sent whole",
				granted, s.Topic.Len()-int(granted), s.Topic.Len(), s.Name)
		}
	}
}

// comeAndGo reports whether senders are away at times, as the scenario has it: they wait for themselves then.
func (r *run) comeAndGo() bool {
	for _, s := range r.scenario.Senders {
		if !s.Lifetime.IsZero() {
			return true
		}
	}
	return false
}

// doubtReceivers notes sessions that were not resumed and messages without the identifier of their subscription.
func (r *run) doubtReceivers() {
	var unidentified uint64
	for _, v := range r.mine.receivers {
		unidentified += v.unidentified.Load()
	}
	if unidentified > 0 {
		r.warn("delivery.received", "%s came without the subscription identifier that was asked for", counted(unidentified, "message"))
	}
	if lost := r.sessionsLost.Load(); lost > 0 {
		r.warn("delivery.lost", "%d of %d times a receiver that came back found its session gone (no Session Present)", lost, lost+r.sessionsResumed.Load())
	}
}

func (r *run) closedLoop() bool {
	for _, s := range r.scenario.Senders {
		if s.Rate.Max {
			return true
		}
	}
	return false
}

// The medians of trace and transit may lie apart by traceOwn, because a span starts a little before the message is handed to the
// socket and the consumer's a little after it was read, or by a share of transit of traceSlack.
const (
	traceOwn   = 150 * time.Microsecond
	traceSlack = 0.25
)

func (r *run) doubtTraces(f *result.Arm) {
	about := r.inArm(f.Name)
	trace, transit := f.Latency[result.Trace], f.Latency[result.Transit]
	if trace.P50NS != nil && transit.P50NS != nil {
		difference := float64(*trace.P50NS - *transit.P50NS)
		if math.Abs(difference) > max(traceSlack*float64(*transit.P50NS), float64(traceOwn)) {
			r.warn(result.Trace, "%sthe median is %s from transit's; the traces tell of more than the broker and the network", about, brief(time.Duration(difference)))
		}
	}
}

// doubtExports notes spans that did not get out.
func (r *run) doubtExports(a *arm, f *result.Arm) {
	about := r.inArm(f.Name)
	if f.Spans == nil || a.exports == nil {
		return
	}
	if lost := f.Spans.Dropped + f.Spans.Failed + f.Spans.Queued; lost > 0 {
		r.warn("spans.dropped", "%s%d of %d spans did not get out: %d dropped by the full queue, %d in failed exports, %d left at the end; what a backend shows is of the rest",
			about, lost, f.Spans.Ended, f.Spans.Dropped, f.Spans.Failed, f.Spans.Queued)
	}
	if err := a.exports.lastError.Load(); err != nil {
		r.warn("spans.exported", "%s%d of %d exports failed; the latest with: %v", about, f.Spans.ExportFailures, f.Spans.ExportCalls, *err)
	}
}

// brief formats a duration with three significant digits: "6.89 ms".
func brief(d time.Duration) string {
	if d.Abs() >= 100*time.Second {
		return d.Round(time.Second).String()
	}
	for _, unit := range []struct {
		name string
		size time.Duration
	}{{"s", time.Second}, {"ms", time.Millisecond}, {"µs", time.Microsecond}} {
		if d.Abs() >= unit.size {
			return fmt.Sprintf("%.3g %s", float64(d)/float64(unit.size), unit.name)
		}
	}
	return fmt.Sprintf("%d ns", d)
}

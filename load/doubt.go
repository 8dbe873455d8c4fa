package load

import (
	"fmt"
	"math"
	"time"

	"mqttrace/load/record"
	"mqttrace/load/result"
	"mqttrace/scenarios"
)

// doubt notes every reason not to take a figure at its face value.
func (r *run) doubt(a *result.Arm) {
	r.doubtGenerator(a)
	r.doubtBroker(a)
	r.doubtDelivery(a)
	r.doubtTraces(a)
	for _, name := range result.LatencyNames {
		l := a.Latency[name]
		if l.Negative > 0 {
			r.warn(name, "%d of %d values are negative, the lowest %v: clocks disagree", l.Negative, l.Count, brief(time.Duration(l.MinNS)))
		}
		if l.Overflow > 0 {
			r.warn(name, "%d of %d values are past the histogram's 10 minutes; percentiles count them as that", l.Overflow, l.Count)
		}
	}
}

func (r *run) doubtGenerator(a *result.Arm) {
	own := r.counted.recorder.Histogram(record.OwnLag)
	if p99 := own.Quantile(0.99); own.Count() >= 100 && p99 > ownLagDoubt {
		r.warn(result.ScheduleLag, "the generator itself was late by %s (p99); response times contain that", brief(p99))
	}
	generator := a.Process.Generator
	if cores := float64(r.cores()); generator.CPUCores > 0.9*cores {
		r.warn("process.generator", "the generator kept %.2f of %.0f cores busy; latencies may be its own", generator.CPUCores, cores)
	}
	if share := float64(generator.GCPauseNS) / float64(max(r.elapsed(), 1)); share > 0.01 {
		r.warn("process.generator", "garbage collection stopped the generator for %.1f %% of the time", 100*share)
	}
	for _, s := range r.scenario.Senders {
		if s.Rate.Max {
			r.warn(result.Response, "sender %s sends in a closed loop (rate: max): its response times leave out the waiting of messages that were not sent yet", s.Name)
		}
	}
}

// heldDoubt is the share of their time for which the senders may have waited for the broker before it is worth a word.
const heldDoubt = 0.01

func (r *run) doubtBroker(a *result.Arm) {
	if share := float64(r.measured.held) / float64(r.total()) / float64(len(r.senders)); share > heldDoubt && !r.closedLoop() {
		r.warn(result.ScheduleLag, "the broker kept the senders waiting for %v in all; response contains that, transit does not", brief(r.measured.held))
	}
	if broker := a.Process.Broker; broker != nil && broker.Dropped > 0 {
		r.warn("delivery.lost", "the broker dropped %d messages because a client's queue was full or its session ended", broker.Dropped)
	}
	if n := r.measured.connections; n > 0 && r.measured.broken == nil {
		r.warn("run", "%d connections were lost and made again; the latest ended with: %v", n, r.measured.lossCause)
	}
	for _, s := range r.scenario.Senders {
		if quota := r.limits.ReceiveMaximum; s.QoS > 0 && quota < 100 {
			r.warn(result.Response, "the broker takes %d unacknowledged messages of a client at a time (Receive Maximum); senders wait for the rest", quota)
			break
		}
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

func (r *run) doubtDelivery(a *result.Arm) {
	for _, f := range a.Delivery.Flows {
		if f.QoS == 0 && f.Lost > 0 {
			r.warn("delivery.lost", "%s → %s: %d of %d messages lost; QoS 0 allows it, but latencies are of the rest", f.Sender, f.Receiver, f.Lost, f.Expected)
		}
	}
	if a.Delivery.Foreign > 0 {
		r.warn("delivery.foreign", "%d messages arrived that this run did not send", a.Delivery.Foreign)
	}
	var unknown uint64
	for _, s := range r.senders {
		unknown += s.unknown.Load()
	}
	if unknown > 0 {
		r.warn("acked", "%d messages were under way when their connection was lost and were never acknowledged", unknown)
	}
	if !r.measured.drained && r.measured.broken == nil {
		r.warn("delivery.lost", "messages were still under way when the drain of %v ended", r.scenario.Drain)
	}
}

// traceSlack is how far the medians of trace and transit may lie apart: a span starts a little before the message is handed to
// the socket and the consumer's a little after it was read.
const traceSlack = 0.25

func (r *run) doubtTraces(a *result.Arm) {
	trace, transit := a.Latency[result.Trace], a.Latency[result.Transit]
	if r.scenario.Tracing.Arm != scenarios.ArmRecord || trace.P50NS == nil || transit.P50NS == nil {
		return
	}
	difference := float64(*trace.P50NS - *transit.P50NS)
	if math.Abs(difference) > traceSlack*float64(*transit.P50NS) && math.Abs(difference) > float64(50*time.Microsecond) {
		r.warn(result.Trace, "the traces tell a median %v away from transit's", brief(time.Duration(difference)))
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

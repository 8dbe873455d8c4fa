package manifest

import (
	"math"

	"mqttrace/scenarios"
)

// need is what a shard is expected to take of its node.
type need struct {
	// PerSecond messages go in and out of a shard, which has that many Clients.
	PerSecond, Clients int
	Unbounded          bool
	// MilliCPU is how much processor time, in thousandths of a core.
	MilliCPU int
	// KiBPerClient, MiB and LimitMiB are of memory.
	KiBPerClient, MiB, LimitMiB int
}

// What a message and a client take, measured on the harness's own embedded broker with 20 to 8,000 senders at 1,000 to 4,000
// messages a second: 50 to 100 CPU-µs for each message sent and received again, 40 MiB and 18 KiB for each client on lean clients;
// spans that are joined in process double and treble the memory.
const (
	cpuMicros      = 50 // for each message sent, and for each received
	leastMilliCPU  = 100
	baseMiB        = 64
	kiBPerClient   = 20
	kiBPaho        = 20 // more, on a paho client
	kiBSpans       = 40 // more, with spans
	unboundedMilli = 1000
)

// needOf estimates what the largest of n shards takes.
func needOf(sc *scenarios.Scenario, n int) need {
	p := sc.Plan()
	perShard := func(total float64) int { return int(math.Ceil(total / float64(n))) }
	d := need{
		PerSecond: perShard(p.InPerSecond + p.OutPerSecond), Clients: perShard(float64(p.Clients)), Unbounded: p.Unbounded,
		KiBPerClient: kiBPerClient,
	}
	d.MilliCPU = max(leastMilliCPU, (d.PerSecond*cpuMicros+999)/1000)
	if p.Unbounded {
		d.MilliCPU = max(d.MilliCPU, unboundedMilli)
	}
	if sc.Client == scenarios.Paho {
		d.KiBPerClient += kiBPaho
	}
	for _, arm := range sc.Tracing.Arms() {
		if arm.Arm.Spans() {
			d.KiBPerClient += kiBSpans
			break
		}
	}
	d.MiB = baseMiB + (d.Clients*d.KiBPerClient+1023)>>10
	d.LimitMiB = max(4*baseMiB, 2*d.MiB)
	return d
}

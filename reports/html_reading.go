package reports

// How to read what is in each section of a page.
var (
	readingOverhead = []htmlTerm{
		{"95 % interval", "Where the difference lies, by all turns of both arms; the dot is their mean difference. The line across all bars of a figure is zero: no difference."},
		{"filled and blue", "A difference that was detected: an interval of 99 % leaves out zero, and the noise floor is exceeded."},
		{"none (< x)", "No difference was detected; if there is one, it is below x, the farther end of the interval or the noise floor."},
		{"gray area", "The noise floor: how far apart the turns of the first arm are from each other by chance."},
		{"CPU, send, receive, broker", "CPU time a message: of the generator, of its two sides by a second measurement, and of the broker if mqttrace started it."},
		{"allocs, heap, GC", "Allocations of the generator a message, the bytes that they took from the heap, and the share of its CPU time that went into collecting garbage."},
		{"PUBLISH", "Bytes of a PUBLISH on the wire, header included."},
	}
	readingSweep = []htmlTerm{
		{"role", "sweep: a value of the list. probe: a search that feels its way. confirmation: the run at the end of a search that settles it."},
		{"holds up to", "The highest value at which the thresholds were kept, found by a search."},
		{"INVALID", "The generator could not keep up: the figures describe this machine, not the broker."},
	}
	readingLatency = []htmlTerm{
		{"response", "From when the schedule says that the message leaves until it was received. It is safe from coordinated omission: a stalled broker shows in full."},
		{"transit", "From when it was sent until it was received: broker and network alone; what most tools report."},
		{"trace", "From the producer span's start to the consumer span's: the same journey as the traces tell it."},
		{"send", "From sent to acknowledged, at QoS 1 and 2."},
		{"process", "From received to handled: the receiver's own queue and work."},
		{"schedule_lag", "How late messages left: the generator's own lateness, and waiting for the broker."},
		{"connect, subscribe", "From dialing to CONNACK, and from SUBSCRIBE to SUBACK."},
		{"by percentile", "Each further nine is as wide as the one before. Where a curve is at 99 %, one message in a hundred took longer. The markers are the figures of the table."},
		{"how response times are spread", "Each cell is the messages received in that time that took that long; colors are on a logarithmic scale, so that a single slow message is seen."},
		{"±", "How far off the figures of the row may be, either way, because they were measured between the clocks of several machines. A row whose ± is more than a tenth of its p50 is clock-limited."},
		{"–", "The sample is too small for the percentile (p90 wants 10 messages, p99 100, p99.9 10,000), or it must not be quoted."},
	}
	readingLoad = []htmlTerm{
		{"asked", "What the schedule asked for, in messages per second."},
		{"unsent, refused", "Due and never handed to a connection; answered with an error."},
		{"traced, whole", "Messages that carried a sampled context, and the share of them whose trace has both spans, properly linked."},
		{"schedule lag", "How late messages left. A run whose generator was late by too much is invalid."},
		{"cores", "1 is one core kept busy. The generator is senders and receivers together; the broker is known if mqttrace started it."},
		{"pauses", "How long the generator's garbage collector stopped it, summed over a second."},
	}
	readingShards = []htmlTerm{
		{"lag p99", "schedule_lag: of a hundred messages of the shard one left later than this."},
		{"offset", "By how much the wall clock of the shard's host was ahead of shard 0's when load began. Latencies between them are corrected for it. same: both read one monotonic clock, because they are on one host."},
		{"drift", "By how much that grew, in microseconds a second."},
		{"±", "How far off a corrected instant may be at most. Nothing is ever clamped: a latency between shards is off by at most the bounds of both."},
		{"round trip / 2", "Half the median time that a question to shard 0 and its answer took over the broker, by this shard's clock alone."},
	}
	readingFaults = []htmlTerm{
		{"worst p99, most memory", "The highest p99 of response times in any second of the fault, and the most memory that the generator held meanwhile."},
		{"noticed, all back, p99 back", "From its begin until the first client that was cut off knew; from its end until the last was connected, and until response times were within twice those of before."},
		{"highest, drained in", "The most messages that were owed to receivers and had not arrived, and how long it took from there until no more were missing than before, or a hundredth of them; what is lost does not count."},
		{"received, owed", "Messages a second that the receivers got while the backlog was drained, and that came to be owed to them meanwhile: to each of several receivers a copy."},
		{"held back, failed", "Spans that were still queued, or dropped, when it was over; spans in exports that failed."},
	}
	readingDelivery = []htmlTerm{
		{"expected, received, lost", "What each receiver was owed, the distinct messages it got, and what never arrived. A shared subscription counts as one receiver."},
		{"duplicated", "Copies past the first."},
		{"reordered", "Arrived after a later message of the same sender."},
		{"foreign", "Not of this run."},
		{"late", "Came after the drain had ended."},
		{"promise", "Broken by a message lost at QoS 1 or 2, one duplicated at QoS 0 or 2, and one out of order, shared subscriptions apart."},
	}
	readingSpans = []htmlTerm{
		{"sampled, ended", "Spans that the sampler let through, and those of them that ended. The warm-up's count too."},
		{"dropped, failed", "Thrown away by an exporter whose queue was full; in an export that was refused or not answered."},
		{"in sink", "Arrived at the sink that the run started."},
	}
	readingSlowest = []htmlTerm{
		{"received at", "From the start of the measured phase."},
		{"trace", "The id of the trace that the message is in, to be looked up where its spans went."},
	}
	readingObserved = []htmlTerm{
		{"latency", "From the start of the producer span to the start of the consumer span. It is as good as the services' clocks; nothing is corrected."},
		{"from the producer span's end", "Negative where the acknowledgement came after the delivery."},
	}
)

func (b *htmlBuilder) readingLatency() []htmlTerm {
	if b.page.saved.Observed != nil {
		return readingObserved
	}
	return readingLatency
}

package load

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"mqttrace/load/record"
	"mqttrace/load/result"
)

// arm adds up what the shards measured in one arm.
func (m *merger) arm(index int) (*result.Arm, error) {
	parts := make([]*result.Arm, len(m.shards))
	for i, one := range m.shards {
		parts[i] = &one.Arms[index]
	}
	delivery := m.deliveries[index]
	a := &result.Arm{Name: parts[0].Name, Delivery: delivery, Received: delivery.Received + delivery.Duplicated, Slowest: slowestOf(parts), Series: seriesOf(parts, len(m.shards) == m.shards[0].Shard.Of)}
	for _, p := range parts {
		a.ElapsedNS = max(a.ElapsedNS, p.ElapsedNS)
		a.Scheduled += p.Scheduled
		a.Sent += p.Sent
		a.Acked += p.Acked
		a.Refused += p.Refused
		a.Unsent += p.Unsent
		a.ScheduledRatePerS += p.ScheduledRatePerS
	}
	if took := time.Duration(a.ElapsedNS); took > 0 {
		a.RatePerS, a.ReceivedRatePerS = float64(a.Sent)/took.Seconds(), float64(a.Received)/took.Seconds()
	}
	var err error
	if a.Latency, err = m.latencies(parts); err != nil {
		return nil, err
	}
	if a.Spans = spansOf(parts); a.Spans != nil {
		withholdTrace(a)
	}
	a.Cost = costOfShards(parts)
	a.Process = processesOf(parts)
	return a, nil
}

// acrossClocks are the latencies that may begin by one shard's clock and end by another's.
var acrossClocks = []string{result.Response, result.Transit, result.Trace}

// latencies add up the distributions of an arm.
func (m *merger) latencies(parts []*result.Arm) (map[string]result.Latency, error) {
	all := make(map[string]result.Latency)
	for _, name := range result.LatencyNames {
		sum := new(record.Histogram)
		withheld := ""
		for i, p := range parts {
			l := p.Latency[name]
			h, err := record.HistogramOf(l)
			if err != nil {
				return nil, fmt.Errorf("the histogram of %s of shard %d cannot be read: %w", name, m.shards[i].Shard.Index, err)
			}
			sum.Merge(h)
			withheld = cmp.Or(withheld, l.Withheld)
		}
		if sum.Count() == 0 {
			continue
		}
		l, err := sum.Latency()
		if err != nil {
			return nil, err
		}
		if name != result.Trace {
			l.Withheld = withheld // that of traces is judged on the whole
		}
		if slices.Contains(acrossClocks, name) {
			l.BoundNS = m.bound()
			l.ClockLimited = l.P50NS != nil && 10*l.BoundNS > max(*l.P50NS, 0) && l.BoundNS > 0
		}
		all[name] = l
	}
	return all, nil
}

// slowestOf are the slowest of all shards, as many as a result has.
func slowestOf(parts []*result.Arm) []result.Exemplar {
	all := []result.Exemplar{}
	for _, p := range parts {
		all = append(all, p.Slowest...)
	}
	slices.SortStableFunc(all, func(a, b result.Exemplar) int { return cmp.Compare(b.ResponseNS, a.ResponseNS) })
	return all[:min(len(all), record.MostSlowest)]
}

// spansOf adds up span ledgers; nil if there are none.
func spansOf(parts []*result.Arm) (sum *result.Spans) {
	for _, p := range parts {
		s := p.Spans
		if s == nil {
			continue
		}
		if sum == nil {
			sum = new(result.Spans)
		}
		for _, field := range []struct {
			to   *uint64
			more uint64
		}{
			{&sum.Started, s.Started}, {&sum.Sampled, s.Sampled}, {&sum.Ended, s.Ended}, {&sum.Queued, s.Queued}, {&sum.Dropped, s.Dropped},
			{&sum.Exported, s.Exported}, {&sum.Failed, s.Failed}, {&sum.ExportCalls, s.ExportCalls}, {&sum.ExportFailures, s.ExportFailures},
			{&sum.Messages, s.Messages}, {&sum.Whole, s.Whole}, {&sum.MissingProducer, s.MissingProducer},
			{&sum.MissingConsumer, s.MissingConsumer}, {&sum.WrongParent, s.WrongParent}, {&sum.WrongTrace, s.WrongTrace},
		} {
			*field.to += field.more
		}
		if s.Received != nil && sum.Received == nil {
			sum.Received = new(uint64)
		}
		if s.Received != nil {
			*sum.Received += *s.Received
		}
	}
	return sum
}

// costOfShards is what all shards spent over all messages. What a shard spent that sent none is not in its costs, but in what its process
// used.
func costOfShards(parts []*result.Arm) (c result.Cost) {
	if len(parts) == 1 {
		return parts[0].Cost
	}
	var sent, cpu float64
	for _, p := range parts {
		n, cost := float64(p.Sent), p.Cost
		if g := p.Process.Generator; p.Sent == 0 && g != nil {
			n, cost = 1, result.Cost{CPUNSPerMessage: float64(g.CPUNS), AllocsPerMessage: float64(g.Allocs), AllocBytesPerMsg: float64(g.AllocBytes)}
		}
		sent += float64(p.Sent)
		cpu += n * p.Cost.CPUNSPerMessage
		c.CPUNSPerMessage += n * cost.CPUNSPerMessage
		c.AllocsPerMessage += n * cost.AllocsPerMessage
		c.AllocBytesPerMsg += n * cost.AllocBytesPerMsg
		c.WireBytesPerMessage += n * cost.WireBytesPerMessage
		c.BrokerCPUNSPerMessage += n * cost.BrokerCPUNSPerMessage
		c.GCShare += n * p.Cost.CPUNSPerMessage * cost.GCShare
	}
	c.GCShare /= max(cpu, 1)
	for _, figure := range []*float64{&c.CPUNSPerMessage, &c.AllocsPerMessage, &c.AllocBytesPerMsg, &c.WireBytesPerMessage, &c.BrokerCPUNSPerMessage} {
		*figure /= max(sent, 1)
	}
	return c
}

// processesOf adds up the generators. What else there was besides them belongs to the first shard.
func processesOf(parts []*result.Arm) result.Processes {
	all := parts[0].Process
	sum := new(result.Process)
	for _, p := range parts {
		g := p.Process.Generator
		if g == nil {
			continue
		}
		sum.CPUNS += g.CPUNS
		sum.CPUCores += g.CPUCores
		sum.RSSBytes += g.RSSBytes
		sum.GCPauseNS += g.GCPauseNS
		sum.GCCycles += g.GCCycles
		sum.Allocs += g.Allocs
		sum.AllocBytes += g.AllocBytes
	}
	all.Generator = sum
	return all
}

// seriesOf adds up the seconds of all shards, which begin at the same instants. There is a backlog only where all that ran have one.
func seriesOf(parts []*result.Arm, whole bool) []result.Point {
	at := make(map[int64][]result.Point)
	ran := 0
	for _, p := range parts {
		if len(p.Series) > 0 {
			ran++
		}
		for _, point := range p.Series {
			at[point.AtNS] = append(at[point.AtNS], point)
		}
	}
	all := []result.Point{}
	for _, second := range slices.Sorted(maps.Keys(at)) {
		sum := sumOfSecond(at[second])
		if !whole || len(at[second]) < ran {
			sum.Backlog = nil
		}
		all = append(all, sum)
	}
	return all
}

// sumOfSecond adds up one second of several shards.
func sumOfSecond(points []result.Point) result.Point {
	if len(points) == 1 {
		return points[0]
	}
	sum := result.Point{AtNS: points[0].AtNS}
	var sizes [result.MaxBins]uint64
	heard := 0
	for _, p := range points {
		sum.LengthNS = max(sum.LengthNS, p.LengthNS)
		sum.Scheduled += p.Scheduled
		sum.Sent += p.Sent
		sum.Received += p.Received
		sum.ScheduleLagP99NS = max(sum.ScheduleLagP99NS, p.ScheduleLagP99NS)
		sum.GeneratorCPU += p.GeneratorCPU
		sum.GeneratorRSS += p.GeneratorRSS
		sum.GCPauseNS += p.GCPauseNS
		sum.BrokerCPU, sum.BrokerRSS = max(sum.BrokerCPU, p.BrokerCPU), max(sum.BrokerRSS, p.BrokerRSS)
		sum.SpansExported += p.SpansExported
		sum.SpansFailed += p.SpansFailed
		sum.SpansWaiting += p.SpansWaiting
		sum.Backlog = addedTo(sum.Backlog, p.Backlog)
		if p.Received == 0 {
			continue
		}
		if heard++; heard == 1 || p.MaxNS > sum.MaxNS {
			sum.MaxNS = p.MaxNS
		}
		sum.P50NS, sum.P99NS = p.P50NS, p.P99NS
		p.Response.AddTo(&sizes)
	}
	sum.Response = result.NewBins(&sizes)
	if heard > 1 {
		sum.P50NS, sum.P99NS = quantileOfBins(&sizes, 0.5, sum.MaxNS), quantileOfBins(&sizes, 0.99, sum.MaxNS)
	}
	return sum
}

// addedTo is a sum of which either part may be missing.
func addedTo(sum, more *int64) *int64 {
	if sum == nil || more == nil {
		return cmp.Or(sum, more)
	}
	return new(*sum + *more)
}

// quantileOfBins is the upper end of the bin that a share q of all values do not exceed, or the largest value if that is less.
func quantileOfBins(sizes *[result.MaxBins]uint64, q float64, largest int64) int64 {
	var all, below uint64
	for _, n := range sizes {
		all += n
	}
	rank := uint64(math.Ceil(q * float64(all)))
	for bin, n := range sizes[:result.MaxBins-1] {
		if below += n; below >= rank {
			return min(int64(result.BinStart(bin+1)), largest)
		}
	}
	return largest
}

package load

import (
	"context"
	"math"
	"time"

	"mqttrace/load/clock"
	"mqttrace/load/record"
	"mqttrace/load/result"
)

// sliceFigures are what one slice of a comparison measured.
type sliceFigures struct {
	messages          uint64 // sent
	cost              result.Cost
	far               float64 // CPU time of the receiving side per message, ns; 0 if it is in this process
	wire              float64 // bytes per PUBLISH
	rate              float64 // messages per second
	response, transit quantiles
}

// quantiles of a latency in one slice, in ns; NaN where the slice has too few values.
type quantiles struct{ p50, p99, p999 float64 }

func quantilesOf(h *record.Histogram) quantiles {
	at := func(q float64, atLeast uint64) float64 {
		if h.Count() < atLeast {
			return math.NaN()
		}
		return float64(h.Quantile(q))
	}
	return quantiles{at(0.5, 1), at(0.99, 100), at(0.999, 1000)}
}

// comparing reports whether arms run in turns.
func (r *run) comparing() bool { return len(r.arms) > 1 }

// inSlices reports whether there are slices left whose figures are to be taken.
func (m *monitor) inSlices() bool {
	return m.comparing() && m.slice < len(m.timeline.slices) && m.measured.until >= m.timeline.slices[m.slice].end
}

// nextSliceEvent is when the current slice begins or ceases to count.
func (m *monitor) nextSliceEvent() clock.Instant {
	if !m.inSlices() {
		return m.deadline
	}
	if m.sliceBegan.at == 0 {
		return m.start().Add(m.timeline.sliceCounts(m.slice))
	}
	return m.start().Add(m.timeline.sliceEnd(m.slice) + flushAfter)
}

// flushAfter is the time at the end of a slice in which the messages under way arrive before its costs are taken.
const flushAfter = 20 * time.Millisecond

// disturbedFrom is how late the figures of a slice may be taken: past that they are of the next arm as well, and left out.
const disturbedFrom = sliceGap / 4

// tickSlice takes the figures of a slice that ends and begins to count one that has settled.
func (m *monitor) tickSlice(now clock.Instant) {
	if !m.inSlices() || now < m.nextSliceEvent() {
		return
	}
	m.sliceLate = max(m.sliceLate, now.Sub(m.nextSliceEvent()))
	m.take(false)
	if m.sliceBegan.at == 0 {
		m.inSlice.Reset()
		m.sliceBegan = m.snapshot()
		m.sliceBegan.far = m.farCPU(nil)
		return
	}
	m.endSlice()
	if cycle := len(m.arms) * len(m.arms); m.slice%cycle == 0 && m.settled(narrowEnough) {
		m.endAfter(m.slice - 1)
	}
}

// narrowEnough is the width of the interval of every arm's CPU time per message, as a share of it, at which a comparison has found
// out what it can and ends.
const narrowEnough = 0.05

// endAfter ends the load with a slice.
func (m *monitor) endAfter(slice int) {
	end := m.timeline.slices[slice].end
	m.measured.until = min(m.measured.until, end)
	m.ending.Store(int64(m.measured.until))
}

// endSlice flushes the arm's exporter, so that what its spans cost is in its own figures, and notes them.
func (m *monitor) endSlice() {
	a := m.arms[m.timeline.slices[m.slice].arm]
	ctx, cancel := context.WithTimeout(context.Background(), m.timeline.gap-flushAfter)
	defer cancel()
	if err := a.flush(ctx); err != nil {
		m.measured.flushesMissed++
	}
	m.take(false)
	ended := m.snapshot()
	ended.far = m.farCPU(a)
	began := m.sliceBegan
	point := m.point(began, ended, &m.inSlice)
	counts := m.timeline.slices[m.slice].end - m.timeline.slices[m.slice].begin - m.timeline.settle
	point.AtNS, point.LengthNS = int64(m.start().Add(m.timeline.sliceCounts(m.slice)).Sub(m.counting())), int64(counts)
	point.Scheduled = m.dueInSlice()
	a.addExports(&point)
	a.series = append(a.series, point)
	a.due += point.Scheduled
	if now := clock.Now(); now.Sub(m.lastShown) >= time.Second {
		m.lastShown = now
		defer m.opts.Partial(m.soFar) // in the gap, where nothing is counted
	}
	late := m.sliceLate
	m.sliceBegan, m.sliceLate = snapshot{}, 0
	m.slice++
	if late > disturbedFrom {
		m.measured.disturbed++
		return
	}
	if n := float64(m.inSlice.Sent); n > 0 {
		a.slices = append(a.slices, sliceFigures{
			messages: m.inSlice.Sent, cost: costBetween(began, ended, n), far: float64(ended.far-began.far) / n, wire: float64(m.inSlice.SentBytes) / n,
			rate: n / counts.Seconds(), response: quantilesOf(&m.inSlice.Response), transit: quantilesOf(&m.inSlice.Transit),
		})
	}
}

// dueInSlice counts the messages that were due in the counted part of the current slice.
func (m *monitor) dueInSlice() uint64 {
	s := m.timeline.slices[m.slice]
	m.scheduledUntil(s.begin + m.timeline.settle)
	return m.scheduledUntil(s.end)
}

// costOf is the mean cost over an arm's slices.
func costOf(slices []sliceFigures) (c result.Cost) {
	n := float64(len(slices))
	for _, s := range slices {
		c.CPUNSPerMessage += s.cost.CPUNSPerMessage / n
		c.AllocsPerMessage += s.cost.AllocsPerMessage / n
		c.AllocBytesPerMsg += s.cost.AllocBytesPerMsg / n
		c.BrokerCPUNSPerMessage += s.cost.BrokerCPUNSPerMessage / n
		c.GCShare += s.cost.GCShare / n
	}
	return c
}

package load

import (
	"slices"
	"time"

	"mqttrace/load/result"
)

// soFar is what has been measured up to now, without what is known only when the receivers have ended and the differences of
// arms, which take too long to work out while load runs. It takes next to no memory, which would be part of the run's figures.
func (m *monitor) soFar() (*result.Result, error) {
	now := m.snapshot()
	res, err := m.newResult()
	if err != nil {
		return nil, err
	}
	res.Faults = m.faults()
	for _, a := range m.arms {
		res.Arms = append(res.Arms, *m.armSoFar(a, now))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	res.Warnings = append([]result.Warning{}, m.warnings...)
	return res, nil
}

// aside is what telling people about a run has cost it, and what it sent meanwhile. Neither belongs to what a message costs.
type aside struct {
	cost snapshot // differences
	sent uint64
}

// setAside calls partial, and keeps what it cost apart if it made anything of the run so far.
func (m *monitor) setAside(partial func(func() (*result.Result, error))) {
	var before snapshot
	var sent uint64
	partial(func() (*result.Result, error) {
		before, sent = m.snapshot(), m.arms[0].counted.Counts().Sent
		return m.soFar()
	})
	if before.at == 0 || m.phase == WarmingUp {
		return
	}
	after := m.snapshot()
	a := &m.aside
	a.sent += m.arms[0].counted.Counts().Sent - sent
	a.cost.generator.CPU += after.generator.CPU - before.generator.CPU
	a.cost.generator.BusyCPU += after.generator.BusyCPU - before.generator.BusyCPU
	a.cost.generator.GCCPU += after.generator.GCCPU - before.generator.GCCPU
	a.cost.generator.Allocs += after.generator.Allocs - before.generator.Allocs
	a.cost.generator.AllocBytes += after.generator.AllocBytes - before.generator.AllocBytes
	a.cost.broker.CPU += after.broker.CPU - before.broker.CPU
}

// without takes from what was used until the end of the run what was set aside.
func (a aside) without(s snapshot) snapshot {
	s.generator.CPU -= a.cost.generator.CPU
	s.generator.BusyCPU -= a.cost.generator.BusyCPU
	s.generator.GCCPU -= a.cost.generator.GCCPU
	s.generator.Allocs -= a.cost.generator.Allocs
	s.generator.AllocBytes -= a.cost.generator.AllocBytes
	s.broker.CPU -= a.cost.broker.CPU
	return s
}

// armSoFar are the figures of one arm that are known by now.
func (m *monitor) armSoFar(a *arm, now snapshot) *result.Arm {
	counts := a.counted.Counts()
	f := &result.Arm{
		Name: a.setting.Name, Scheduled: a.due, Sent: counts.Sent, Acked: counts.Acked, Refused: counts.Refused, Received: counts.Received,
		Latency: m.sketch.Latencies(a.counted), Slowest: a.counted.Slowest(), Series: slices.Clip(a.series), // points do not change
	}
	var took time.Duration
	for _, p := range a.series {
		if p.AtNS >= 0 {
			took += time.Duration(p.LengthNS)
		}
	}
	f.ElapsedNS = int64(took)
	if took > 0 {
		f.ScheduledRatePerS = float64(f.Scheduled) / took.Seconds()
		f.RatePerS = float64(f.Sent) / took.Seconds()
		f.ReceivedRatePerS = float64(f.Received) / took.Seconds()
	}
	if m.phase != WarmingUp {
		m.addCost(a, f, m.measured.began, now)
	}
	return f
}

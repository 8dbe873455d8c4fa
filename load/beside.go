package load

import (
	"time"

	"mqttrace/load/floor"
	"mqttrace/load/result"
	"mqttrace/scenarios"
)

// nearFloor is how many times the floor a median has to be to tell of the broker rather than of the machine.
const nearFloor = 3

// besideFloor is what this machine does at best at about the rate of the run; nil if nobody knows. It doubts medians that are close
// to it, unless the run is on the very broker that the floor was measured with.
func (r *run) besideFloor(res *result.Result) *result.Floor {
	var perSecond float64
	for _, a := range res.Arms {
		perSecond = max(perSecond, a.ScheduledRatePerS)
	}
	at := r.opts.Floor.Near(perSecond, floor.MachineOf(res.Environment))
	if at == nil || r.scenario.Broker.Kind == scenarios.Embedded {
		return at
	}
	for _, a := range res.Arms {
		p50 := a.Latency[result.Response].P50NS
		if p50 != nil && *p50 < nearFloor*at.ResponseP50NS {
			r.warn(result.Response, "%sthe median is within %d times of what this machine does at best (%s at %.0f/s on the embedded broker): much of it is the machine, not the broker",
				r.inArm(a.Name), nearFloor, brief(time.Duration(at.ResponseP50NS)), at.RatePerS)
		}
	}
	return at
}

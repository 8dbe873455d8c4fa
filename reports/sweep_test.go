package reports_test

import "mqttrace/load/result"

// step is one at so many messages a second.
func step(role, value string, number float64, p99 int64, arms ...string) result.Step {
	s := result.Step{Value: value, Number: number, Role: role, Verdict: result.Pass}
	for _, name := range arms {
		a := record()
		a.Name, a.RatePerS = name, number
		a.Latency = map[string]result.Latency{result.Response: latency(20_000, 211_234, p99/3, p99/2, p99, 0, 2*p99)}
		s.Arms = append(s.Arms, a)
	}
	if p99 > 20e6 {
		s.Verdict, s.Reason = result.Fail, "threshold missed: response.p99 < 20ms"
	}
	return s
}

// stepped ran at one rate after another; the last but one lost messages and the last could not be judged.
func stepped() *result.Result {
	r := passed()
	r.Repetition = &result.Repetition{Run: 2, Of: 5}
	steps := []result.Step{
		step(result.SweepStep, "100/s", 100, 1_203_456, "record"),
		step(result.SweepStep, "1000/s", 1000, 2_103_456, "record"),
		step(result.SweepStep, "10000/s", 10_000, 31_203_456, "record"),
	}
	steps[1].Arms[0].Delivery.Lost = 12
	steps = append(steps, result.Step{Value: "100000/s", Number: 100_000, Role: result.SweepStep, Verdict: result.Invalid, Reason: "no message could be sent"})
	r.Sweep = &result.Sweep{Over: "senders[0].rate", Unit: "msg/s", Steps: steps}
	return r
}

// combined ran with each of two sizes at each quality of service.
func combined(arms ...string) *result.Result {
	r := passed()
	r.Sweep = &result.Sweep{Over: "senders.sensors.payload.size", With: []string{"senders.sensors.qos", "senders.sensors.client"}, Unit: "B"}
	for i, qos := range []string{"0", "1"} {
		for _, size := range []struct {
			value  string
			number float64
		}{{"64B", 64}, {"4KiB", 4096}} {
			s := step(result.SweepStep, size.value, size.number, int64(1_000_000*float64(i+1)+1000*size.number), arms...)
			s.With = []string{qos, "lean"}
			r.Sweep.Steps = append(r.Sweep.Steps, s)
		}
	}
	r.Sweep.Steps[3].Verdict, r.Sweep.Steps[3].Reason = result.Invalid, "no message could be sent"
	return r
}

// searched looked for the highest rate.
func searched() *result.Result {
	r := passed()
	r.Sweep = &result.Sweep{
		Over: "senders[0].rate", Unit: "msg/s",
		Steps: []result.Step{
			step(result.ProbeStep, "1000/s", 1000, 1_203_456, "record"),
			step(result.ProbeStep, "2000/s", 2000, 41_203_456, "record"),
			step(result.ConfirmStep, "1000/s", 1000, 1_303_456, "record"),
		},
		Found: []result.Found{{Arm: "record", Number: 1000, Limit: result.LimitThresholds, Confirmed: true}},
	}
	return r
}

// searchedArms looked for the highest rate of each of several arms, and what it found differs.
func searchedArms() *result.Result {
	r := arms("off", "record", "export")
	r.Sweep = &result.Sweep{
		Over: "senders[0].rate", Unit: "msg/s",
		Steps: []result.Step{
			step(result.ProbeStep, "1000/s", 1000, 1_203_456, "off", "record", "export"),
			step(result.ConfirmStep, "1000/s", 1000, 1_303_456, "off", "record", "export"),
		},
		Found: []result.Found{
			{Arm: "off", Number: 40_000, Limit: result.LimitRange, Confirmed: true},
			{Arm: "record", Number: 10_000, Limit: result.LimitGenerator},
			{Arm: "export"},
		},
	}
	return r
}

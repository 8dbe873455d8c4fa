package load

import (
	"cmp"
	"slices"

	"mqttrace/load/result"
	"mqttrace/scenarios"
)

// stages are what the scenario's groups do at different times, as the result has it.
func (r *run) stages() (all []result.Stage) {
	for _, s := range r.scenario.Senders {
		all = append(all, stagesOf(s, r.scenario.Duration)...)
	}
	for _, v := range r.scenario.Receivers {
		if v.Start > 0 || v.Stop > 0 {
			until := cmp.Or(v.Stop, r.scenario.Duration)
			all = append(all, result.Stage{AtNS: int64(v.Start), ForNS: int64(until - v.Start), Group: v.Name, Name: "subscribed"})
		}
	}
	slices.SortStableFunc(all, func(a, b result.Stage) int { return cmp.Compare(a.AtNS, b.AtNS) })
	return all
}

// stagesOf are the stages of one group; one that sends only some of the time has a single stage.
func stagesOf(s scenarios.Sender, duration scenarios.Duration) (all []result.Stage) {
	at := s.Start
	for _, stage := range s.Stages {
		all = append(all, result.Stage{AtNS: int64(at), ForNS: int64(stage.For), Group: s.Name, Name: stage.Title(s.Count)})
		at += stage.For
	}
	if len(all) == 0 && (s.Start > 0 || s.Stop > 0) {
		until := cmp.Or(s.Stop, duration)
		all = append(all, result.Stage{AtNS: int64(at), ForNS: int64(until - at), Group: s.Name, Name: "sends"})
	}
	return all
}

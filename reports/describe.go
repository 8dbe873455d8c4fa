package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"mqttrace/load/result"
)

// passed says what a pass means for this run.
func passed(r *result.Result) string {
	judged := "no thresholds set"
	if n := len(r.Thresholds); n > 0 {
		judged = fmt.Sprintf("%d of %d thresholds met", n, n)
	}
	if r.Shard != nil {
		return judged + ", the generator kept up; delivery is judged when the shards are merged"
	}
	return judged + ", no delivery promise broken, the generator kept up"
}

// describe says what ran: the scenario, the broker, the machine, for how long.
func (p *page) describe(r *result.Result) {
	// Of the scenario as it ran a page shows these alone. Unreadable ones are left out rather than keeping the figures
	// from being read.
	var sc struct {
		Name        string `json:"name"`
		Description string `json:"description"`
		Duration    string `json:"duration"`
	}
	_ = json.Unmarshal(r.Scenario, &sc)
	p.name, p.purpose = sc.Name, sc.Description

	env := r.Environment
	p.ran = appendFact(p.ran, sc.Name)
	p.ran = appendFact(p.ran, env.Broker.String())
	if p.isOneArm && r.Arms[0].Name != "" {
		p.ran = appendFact(p.ran, "tracing "+r.Arms[0].Name)
	}
	if r.Sweep == nil {
		p.ran = appendFact(p.ran, turns(r.Arms))
	} else {
		p.ran = appendFact(p.ran, plural(len(r.Sweep.Steps), "step")+" of "+sweptOver(r.Sweep))
	}
	p.ran = appendFact(p.ran, repetition(r.Repetition))
	p.ran = appendFact(p.ran, shareOf(r))
	p.ran = appendFact(p.ran, measured(r.Arms, sc.Duration))
	if env.OS != "" {
		p.ran = appendFact(p.ran, fmt.Sprintf("%s/%s, %s", env.OS, env.Arch, plural(env.Cores, "core")))
	}
	if f := env.Floor; f != nil {
		p.ran = appendFact(p.ran, fmt.Sprintf("its floor at %s: response p50 %s, p99 %s", Rate(f.RatePerS), Duration(time.Duration(f.ResponseP50NS)), Duration(time.Duration(f.ResponseP99NS))))
	}
	if env.Client != "" {
		p.ran = appendFact(p.ran, env.Client+" clients")
	}
}

func appendFact(facts []string, fact string) []string {
	if fact == "" {
		return facts
	}
	return append(facts, fact)
}

// turns says how often several arms changed places.
func turns(arms []result.Arm) string {
	if len(arms) < 2 {
		return ""
	}
	n := 0
	for _, a := range arms {
		n += len(a.Series)
	}
	return plural(len(arms), "arm") + " in " + plural(n, "turn")
}

// repetition says which of several runs of the scenario this was.
func repetition(r *result.Repetition) string {
	if r == nil {
		return ""
	}
	return fmt.Sprintf("run %d of %d", r.Run, r.Of)
}

// measured says for how long load was counted, of all that was asked where it fell short. Arms that take turns never get all
// of it: they settle first, and end early once there is nothing more to find out.
func measured(arms []result.Arm, asked string) string {
	var elapsed time.Duration
	for _, a := range arms {
		elapsed += time.Duration(a.ElapsedNS)
	}
	want, err := time.ParseDuration(asked)
	switch {
	case elapsed == 0:
		return "nothing measured"
	case err == nil && elapsed < want*99/100 && len(arms) == 1:
		return fmt.Sprintf("%s of %s measured", Duration(elapsed), Duration(want))
	default:
		return Duration(elapsed) + " measured"
	}
}

// scenarioText is a scenario as people write it; empty if there is none.
func scenarioText(scenario json.RawMessage) string {
	if len(scenario) == 0 || !json.Valid(scenario) {
		return ""
	}
	if text, err := yaml.JSONToYAML(scenario); err == nil {
		return string(text)
	}
	var b bytes.Buffer
	_ = json.Indent(&b, scenario, "", "  ") // which is valid
	return b.String()
}

// machine says where a scenario ran, as far as that is known.
func machine(env result.Environment) (facts []string) {
	facts = appendFact(facts, strings.TrimSpace("mqttrace "+env.Tool))
	facts = appendFact(facts, env.Go)
	facts = appendFact(facts, strings.TrimSpace(env.OS+" "+env.Kernel))
	facts = appendFact(facts, env.CPU)
	if env.Clock != "" {
		facts = append(facts, "clock: "+env.Clock)
	}
	if env.Broker.URL != "" {
		facts = append(facts, "broker at "+env.Broker.URL)
	}
	return facts
}

package reports

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"mqttrace/load/result"
)

// JSONSchema is the version of the format that JSON writes. It gains fields without becoming another; it becomes another when one
// changes its meaning or goes.
const JSONSchema = "mqttrace/report/1"

// summaries are what JSON writes: a summary of each result, in the order given.
type summaries struct {
	Schema  string    `json:"schema"`
	Results []summary `json:"results"`
}

// summary is a result without its histograms and its series.
type summary struct {
	File        string              `json:"file,omitempty"`
	Verdict     result.Verdict      `json:"verdict"`
	Reason      string              `json:"reason"`
	Scenario    string              `json:"scenario"` // its name
	Started     time.Time           `json:"started"`
	Repetition  *result.Repetition  `json:"repetition,omitempty"`
	Shard       *result.Shard       `json:"shard,omitempty"`  // whose share of a run it is, without its ledger
	Shards      []result.Shard      `json:"shards,omitempty"` // that a merged result was made of
	Environment result.Environment  `json:"environment"`
	Arms        []armSummary        `json:"arms"`
	Differences []differenceSummary `json:"differences"`
	Thresholds  []thresholdSummary  `json:"thresholds"`
	Warnings    []result.Warning    `json:"warnings"`
	Faults      []result.Fault      `json:"faults"`
	Stages      []result.Stage      `json:"stages,omitempty"`
	// Reconciled compares the broker's counts with ours, where it told them.
	Reconciled []result.Reconciliation `json:"reconciled,omitempty"`
	Sweep      *sweepSummary           `json:"sweep,omitempty"`
}

// armSummary is an arm. Missing says of figures that are not there why.
type armSummary struct {
	Name    string            `json:"name"`
	Figures map[string]amount `json:"figures"`
	Missing map[string]string `json:"missing,omitempty"`
	// ClockLimited names the latencies whose bound, the figure of that name, is more than a tenth of their p50.
	ClockLimited []string `json:"clock_limited,omitempty"`
}

// amount is a value with its unit: ns, B, msg/s, cores (1 is one core kept busy), ratio (0 to 1) or count.
type amount struct {
	Value float64 `json:"value"`
	Unit  unit    `json:"unit"`
}

type differenceSummary struct {
	result.Difference
	Unit unit `json:"unit"`
}

type thresholdSummary struct {
	result.Threshold
	Unit unit `json:"unit"`
}

type sweepSummary struct {
	Over  string         `json:"over"`
	With  []string       `json:"with,omitempty"`
	Unit  string         `json:"unit,omitempty"`
	Steps []stepSummary  `json:"steps"`
	Found []result.Found `json:"found,omitempty"`
}

type stepSummary struct {
	Value      string             `json:"value"`
	With       []string           `json:"with,omitempty"`
	Number     float64            `json:"number"`
	Role       string             `json:"role"`
	Verdict    result.Verdict     `json:"verdict"`
	Reason     string             `json:"reason"`
	Arms       []armSummary       `json:"arms"`
	Thresholds []thresholdSummary `json:"thresholds"`
}

// JSON writes a summary of results to w for other programs, in the schema JSONSchema: no histograms, no series, figures by the
// names of thresholds with value and unit. The result files themselves have everything.
func JSON(w io.Writer, all []Saved) error {
	report := summaries{Schema: JSONSchema, Results: []summary{}}
	for _, s := range all {
		report.Results = append(report.Results, summarize(newPage(s)))
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	if err := enc.Encode(report); err != nil {
		return fmt.Errorf("encoding the report: %w", err)
	}
	return nil
}

func summarize(p *page) summary {
	r := p.saved.Result
	s := summary{
		File: p.saved.Path, Verdict: r.Verdict, Reason: p.reason, Scenario: p.name, Started: r.Started, Repetition: r.Repetition,
		Environment: r.Environment, Arms: armSummaries(p.arms), Differences: []differenceSummary{}, Thresholds: thresholdSummaries(r.Thresholds),
		Shards: r.Shards, Warnings: append([]result.Warning{}, r.Warnings...), Faults: append([]result.Fault{}, r.Faults...), Stages: r.Stages, Reconciled: r.Reconciled,
	}
	if r.Shard != nil {
		own := *r.Shard
		own.Ledger = ""
		s.Shard = &own
	}
	for _, d := range r.Overhead {
		s.Differences = append(s.Differences, differenceSummary{d, unitOf(d.Figure)})
	}
	if r.Sweep != nil {
		s.Sweep = &sweepSummary{Over: r.Sweep.Over, With: r.Sweep.With, Unit: r.Sweep.Unit, Steps: stepSummaries(p.steps), Found: r.Sweep.Found}
	}
	return s
}

func armSummaries(arms []armInNumbers) []armSummary {
	all := []armSummary{}
	for _, a := range arms {
		s := armSummary{Name: a.name, Figures: map[string]amount{}, Missing: map[string]string{}, ClockLimited: a.clockLimited}
		for _, m := range a.measures {
			s.Figures[m.name] = amount{m.value, m.unit}
		}
		for _, l := range a.lacks {
			s.Missing[l.name] = l.reason
		}
		all = append(all, s)
	}
	return all
}

func thresholdSummaries(thresholds []result.Threshold) []thresholdSummary {
	all := []thresholdSummary{}
	for _, t := range thresholds {
		figure, _ := sides(t.Expression)
		all = append(all, thresholdSummary{t, unitOf(figure)})
	}
	return all
}

func stepSummaries(steps []stepInNumbers) []stepSummary {
	all := []stepSummary{}
	for _, s := range steps {
		all = append(all, stepSummary{
			Value: s.Value, With: s.With, Number: s.Number, Role: s.Role, Verdict: s.Verdict, Reason: s.Reason,
			Arms: armSummaries(s.arms), Thresholds: thresholdSummaries(s.Thresholds),
		})
	}
	return all
}

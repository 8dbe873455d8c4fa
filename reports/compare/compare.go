package compare

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"mqttrace/load/result"
	"mqttrace/reports"
)

// Schema is the version of the JSON that a comparison is written as.
const Schema = "mqttrace/comparison/1"

// Verdict is what a figure or a comparison comes to.
type Verdict string

// Verdicts, as the package's documentation defines them.
const (
	Regressed    Verdict = "regressed"
	Improved     Verdict = "improved"
	Same         Verdict = "same"
	Inconclusive Verdict = "inconclusive"
)

// Options say what is compared, and what may differ.
type Options struct {
	// Gates make their figures decide; without any, all figures do.
	Gates []Gate
	// Arms are those to compare; all that both sides have if there are none.
	Arms []string
	// Allow are the kinds in which runs may be unlike.
	Allow []Kind
	// Commands are the command lines that the runs of either side came from, and Notes what there is to say about how they came;
	// for the page.
	BaseCommand, NewCommand string
	Notes                   []string
}

// Comparison is two sides and what they come to.
type Comparison struct {
	Schema  string  `json:"schema"`
	Verdict Verdict `json:"verdict"`
	// Reason says in a sentence why.
	Reason   string `json:"reason"`
	Scenario string `json:"scenario"`
	Base     Side   `json:"base"`
	New      Side   `json:"new"`
	// Gates are as they were given; without any, all figures decide.
	Gates []string `json:"gates"`
	// Unlike is what the runs differ in and were allowed to.
	Unlike []Unlike `json:"unlike"`
	// Tests is how many figures the correction counts, Level the chance of a false alarm among all of them.
	Tests int     `json:"tests"`
	Level float64 `json:"level"`
	Arms  []Arm   `json:"arms"`
	// Notes are doubts about the whole.
	Notes []string `json:"notes"`
}

// Side is the runs of one side.
type Side struct {
	Runs    int       `json:"runs"` // that count
	Command string    `json:"command,omitempty"`
	Tools   []string  `json:"tools"` // versions of mqttrace
	Broker  string    `json:"broker"`
	Machine string    `json:"machine"`
	First   time.Time `json:"first"` // when the first and the last run started
	Last    time.Time `json:"last"`
	Files   []string  `json:"files"`
	LeftOut []LeftOut `json:"left_out"`
}

// LeftOut is a result that is not in the comparison.
type LeftOut struct {
	File   string `json:"file"`
	Reason string `json:"reason"`
}

// Arm is the figures of one arm, in the order of Specs.
type Arm struct {
	Name    string   `json:"name"`
	Figures []Figure `json:"figures"`
}

// New compares two sides. An error of type *UnlikeError lists in what they are unlike, one of type *GateError every gate and arm
// that they have nothing for; any other says that a side has no run left.
func New(base, changed []reports.Saved, opts Options) (*Comparison, error) {
	c := &Comparison{Schema: Schema, Level: level, Unlike: []Unlike{}, Gates: []string{}, Notes: []string{}}
	var runs [2][]reports.Saved
	runs[0], c.Base = choose(base, opts)
	runs[1], c.New = choose(changed, opts)
	if err := errors.Join(nobody("base", c.Base), nobody("new", c.New)); err != nil {
		return nil, err
	}
	c.Base.Command, c.New.Command = opts.BaseCommand, opts.NewCommand
	if err := c.alike(runs[0], runs[1], opts.Allow); err != nil {
		return nil, err
	}
	c.Scenario = scenarioName(runs[0][0].Result)
	for _, g := range opts.Gates {
		c.Gates = append(c.Gates, g.Text)
	}
	if err := c.collect(runs[0], runs[1], opts); err != nil {
		return nil, err
	}
	c.test(opts.Gates)
	c.judge()
	c.doubt(runs[0], runs[1], opts)
	return c, nil
}

// choose leaves out the runs whose figures are not of the broker, and says of the others what they are.
func choose(all []reports.Saved, opts Options) (runs []reports.Saved, side Side) {
	side = Side{Tools: []string{}, Files: []string{}, LeftOut: []LeftOut{}}
	for _, s := range all {
		if reason := unfit(s, runs, opts.Allow); reason != "" {
			side.LeftOut = append(side.LeftOut, LeftOut{s.Path, reason})
			continue
		}
		runs = append(runs, s)
		side.Files = append(side.Files, s.Path)
		if tool := s.Environment.Tool; !slices.Contains(side.Tools, tool) {
			side.Tools = append(side.Tools, tool)
		}
	}
	slices.SortStableFunc(runs, func(a, b reports.Saved) int { return a.Started.Compare(b.Started) })
	if side.Runs = len(runs); side.Runs > 0 {
		side.First, side.Last = runs[0].Started, runs[len(runs)-1].Started
		side.Broker = runs[0].Environment.Broker.String()
		side.Machine = machineName(runs[0].Environment)
	}
	return runs, side
}

// unfit says why a result is not compared; empty if it is.
func unfit(s reports.Saved, before []reports.Saved, allow []Kind) string {
	isCopy := func(other reports.Saved) bool { return sameRun(s, other) }
	switch {
	case s.Observed != nil:
		return "it is of observed services, and not of a run"
	case s.Verdict == result.Interrupted:
		return "the run was interrupted"
	case s.Verdict == result.Invalid && !slices.Contains(allow, Invalid):
		return "the run is invalid: " + s.Reason
	case s.Shard != nil && !slices.Contains(allow, Shards):
		return fmt.Sprintf("it is of shard %d of %d alone, and not of the whole run", s.Shard.Index, s.Shard.Of)
	case s.Verdict == "":
		return "the run has not ended"
	case slices.ContainsFunc(before, isCopy):
		return "it is a copy of another file's"
	}
	return ""
}

// sameRun recognises a run that is in two files.
func sameRun(a, b reports.Saved) bool {
	return a.Started.Equal(b.Started) && a.Environment.Host == b.Environment.Host && string(a.Scenario) == string(b.Scenario) &&
		len(a.Arms) == len(b.Arms) && len(a.Arms) > 0 && a.Arms[0].Cost == b.Arms[0].Cost
}

// nobody is an error for a side without runs.
func nobody(name string, s Side) error {
	if s.Runs > 0 {
		return nil
	}
	if len(s.LeftOut) == 0 {
		return fmt.Errorf("%s has no result", name)
	}
	err := fmt.Errorf("%s has no run left to compare", name)
	for _, l := range s.LeftOut {
		err = fmt.Errorf("%w\n  %s: %s", err, l.File, l.Reason)
	}
	return err
}

// alike keeps the differences that are allowed and refuses the others.
func (c *Comparison) alike(base, changed []reports.Saved, allow []Kind) error {
	var refused []Unlike
	for _, u := range unlike(base, changed) {
		if slices.Contains(allow, u.Kind) {
			c.Unlike = append(c.Unlike, u)
		} else {
			refused = append(refused, u)
		}
	}
	if len(refused) > 0 {
		return &UnlikeError{refused}
	}
	return nil
}

// doubt notes what the figures cannot tell.
func (c *Comparison) doubt(base, changed []reports.Saved, opts Options) {
	c.Notes = append(c.Notes, opts.Notes...)
	c.doubtInvalid("base", base)
	c.doubtInvalid("new", changed)
	c.doubtClocks("base", base)
	c.doubtClocks("new", changed)
	for _, s := range base {
		if slices.ContainsFunc(changed, func(other reports.Saved) bool { return sameRun(s, other) }) {
			c.Notes = append(c.Notes, "a run is on both sides: "+s.Path)
		}
	}
	isApart := c.Base.Last.Before(c.New.First) || c.New.Last.Before(c.Base.First)
	if isApart && c.Base.Runs+c.New.Runs > 2 {
		c.Notes = append(c.Notes, "the sides did not take turns: a machine that changed in between looks like a difference (mqttrace compare --run takes turns)")
	}
}

// doubtClocks notes runs whose response times are no better than the clocks of their shards.
func (c *Comparison) doubtClocks(side string, runs []reports.Saved) {
	n, bound := 0, int64(0)
	for _, r := range runs {
		isLimited := false
		for _, a := range r.Arms {
			if l := a.Latency[result.Response]; l.ClockLimited {
				isLimited, bound = true, max(bound, l.BoundNS)
			}
		}
		if isLimited {
			n++
		}
	}
	if n > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("of %s %s clock-limited: response times may be off by ± %s",
			side, reports.Plural(n, "run"), reports.Duration(time.Duration(bound))))
	}
}

// doubtInvalid notes runs that count though their generator did not keep up.
func (c *Comparison) doubtInvalid(side string, runs []reports.Saved) {
	n := 0
	for _, r := range runs {
		if r.Verdict == result.Invalid {
			n++
		}
	}
	if n > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("of %s %s invalid: the figures may be the generator's own", side, reports.Plural(n, "run")))
	}
}

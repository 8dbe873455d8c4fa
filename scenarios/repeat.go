package scenarios

import (
	"time"

	"github.com/invopop/jsonschema"
)

// Repeat is how often a scenario runs, each time from scratch and with a result of its own: one run says nothing of the spread
// that the next one shows.
type Repeat struct {
	// Runs is 1 or more.
	Runs int `json:"runs"`
	// Pause is the time from the end of one run to the start of the next; 0 s or more, and 0 s where there is no next.
	Pause Duration `json:"pause"`
}

const (
	// MaxRuns bounds Repeat.Runs.
	MaxRuns = 1000
	// defaultPause lets sockets close and a broker settle, for a run to find what the one before it found.
	defaultPause = Duration(2 * time.Second)
)

// once is how often a scenario runs unless it says otherwise.
var once = Repeat{Runs: 1}

// IsZero reports whether the scenario runs once; nobody writes that down.
func (r Repeat) IsZero() bool { return r.Runs <= 1 }

// Times is r with another number of runs, 1 to MaxRuns.
func (r Repeat) Times(runs int) Repeat {
	if r.IsZero() {
		r.Pause = defaultPause
	}
	if r.Runs = runs; r.IsZero() {
		return once
	}
	return r
}

// repeat reads a number of runs, or a mapping of it and the pause.
func (d *decoder) repeat(to *Repeat) func(*node) {
	return func(n *node) {
		*to = Repeat{Runs: 1, Pause: defaultPause}
		switch n.kind {
		case number:
			d.whole(&to.Runs, 1, MaxRuns)(n)
		case mapping:
			d.mapping(n,
				required("runs", "how often the scenario runs, such as 5", d.whole(&to.Runs, 1, MaxRuns)),
				optional("pause", d.duration(&to.Pause, mayBeZero)),
			)
		default:
			d.wrongType(n, "a number of runs such as 5, or {runs: 5, pause: 10s}")
		}
		if to.IsZero() {
			*to = once
		}
	}
}

func repeatSchema() *jsonschema.Schema {
	runs := func() *jsonschema.Schema {
		return &jsonschema.Schema{Type: "integer", Minimum: "1", Maximum: "1000", Description: "How often the scenario runs."}
	}
	pause := durationSchema()
	pause.Description = "Pause between two runs. Default: 2s."
	long := object(property{"runs", runs()}, property{"pause", pause})
	long.Required = []string{"runs"}
	return anyOf(runs(), long)
}

// words is the plan's account of it, to stand behind the times of one run; empty for one run.
func (r Repeat) words() string {
	if r.IsZero() {
		return ""
	}
	return "; " + plural(r.Runs, "run") + ", " + r.Pause.String() + " apart"
}

package history

import (
	"cmp"
	"slices"
	"time"
)

// Schema is the version of the JSON that a history is written as.
const Schema = "mqttrace/history/1"

// History is the runs of a folder, put in order.
type History struct {
	Schema string   `json:"schema"`
	Series []Series `json:"series"`
	// Results is how many results were read, Copies how many of them are of runs found in another file as well,
	// Observations how many are of other services and in no series.
	Results      int       `json:"results"`
	Copies       int       `json:"copies"`
	Observations int       `json:"observations"`
	LeftOut      []LeftOut `json:"left_out"`
}

// Series is the runs of one scenario on one broker in one arm.
type Series struct {
	Scenario string `json:"scenario"`
	Broker   string `json:"broker"` // without its version
	Arm      string `json:"arm"`
	// Runs are the newest ones, the oldest of these first; Older is how many there are before them.
	Runs  []Run `json:"runs"`
	Older int   `json:"older"`
	// Points is when each point of the trends is: at the start of the run, or of the first that was asked for with it.
	Points []time.Time `json:"points"`
	Trends []Trend     `json:"trends"` // those of figures that some run has
	// Changes are what else differs from one run to the next.
	Changes []Change `json:"changes"`
}

// Change is something that was another thing from a run on.
type Change struct {
	At   time.Time `json:"at"`
	What string    `json:"what"` // one of the names below
	From string    `json:"from,omitempty"`
	To   string    `json:"to,omitempty"`
}

// What may change.
const (
	ChangedVersion  = "version"  // of mqttrace
	ChangedBroker   = "broker"   // its version
	ChangedMachine  = "machine"  // system, processor or cores
	ChangedScenario = "scenario" // what runs; From and To are empty
)

// Options say how much a history tells. The zero value is what mqttrace does by default.
type Options struct {
	// Newest is how many runs of each series are told, the newest ones; [DefaultNewest] if 0.
	Newest int
}

// DefaultNewest is how many runs of a series are told unless asked for otherwise: as many as a small plot has room for.
const DefaultNewest = 100

// New works a history out. The runs of f may be in any order and are left alone.
func New(f *Folder, opts Options) *History {
	runs, copies := withoutCopies(f.Runs)
	h := &History{
		Schema: Schema, Series: []Series{}, Results: f.Results, Copies: copies, Observations: f.Observations,
		LeftOut: append([]LeftOut{}, f.LeftOut...),
	}
	slices.SortFunc(runs, func(a, b Run) int { return cmp.Or(a.comparePlace(b), a.compareTime(b)) })
	for len(runs) > 0 {
		n := 1
		for n < len(runs) && runs[n].comparePlace(runs[0]) == 0 {
			n++
		}
		h.Series = append(h.Series, newSeries(runs[:n:n], cmp.Or(opts.Newest, DefaultNewest)))
		runs = runs[n:]
	}
	h.orderArms()
	return h
}

// comparePlace is 0 for runs of one series.
func (r Run) comparePlace(other Run) int {
	return cmp.Or(cmp.Compare(r.scenario, other.scenario), cmp.Compare(r.broker, other.broker), cmp.Compare(r.arm, other.arm))
}

func (r Run) compareTime(other Run) int {
	return cmp.Or(r.Started.Compare(other.Started), cmp.Compare(r.File, other.File))
}

// orderArms puts the series of a scenario and broker in the order that the arms have in the newest result.
func (h *History) orderArms() {
	slices.SortStableFunc(h.Series, func(a, b Series) int {
		return cmp.Or(cmp.Compare(a.Scenario, b.Scenario), cmp.Compare(a.Broker, b.Broker), cmp.Compare(a.newest().order, b.newest().order))
	})
}

func (s Series) newest() Run { return s.Runs[len(s.Runs)-1] }

// withoutCopies drops what was found before, and counts the files that it was found in. Of a run with a report and one
// without, that with it stays.
func withoutCopies(runs []Run) (distinct []Run, copies int) {
	type identity struct {
		scenario, broker, arm, host string
		started                     time.Time
	}
	at := map[identity]int{}
	files := map[string]bool{}
	for _, r := range runs {
		id := identity{r.scenario, r.broker, r.arm, r.host, r.Started}
		first, isCopy := at[id]
		if !isCopy {
			at[id] = len(distinct)
			distinct = append(distinct, r)
			continue
		}
		copied := r.File
		if distinct[first].Page == "" && r.Page != "" {
			copied, distinct[first] = distinct[first].File, r
		}
		files[copied] = true
	}
	return distinct, len(files)
}

// newSeries makes a series of runs in order of time.
func newSeries(runs []Run, newest int) Series {
	s := Series{Scenario: runs[0].scenario, Broker: runs[0].broker, Arm: runs[0].arm, Older: max(0, len(runs)-newest)}
	s.Runs = runs[s.Older:]
	s.Points = gather(s.Runs)
	s.Trends = trends(s)
	s.Changes = changes(s.Runs)
	return s
}

// gather puts runs that were asked for together into one point each, says of each run which it is in, and returns when they
// are.
func gather(runs []Run) []time.Time {
	points := []time.Time{}
	at := map[time.Time]int{} // by when the first run of a point began
	for i, r := range runs {
		point, isKnown := at[r.asked]
		if r.asked.IsZero() || !isKnown {
			point = len(points)
			points = append(points, r.Started)
			at[r.asked] = point
		}
		runs[i].Point = point
	}
	return points
}

// changes finds what differs between runs that follow each other.
func changes(runs []Run) []Change {
	all := []Change{}
	for i := 1; i < len(runs); i++ {
		before, now := runs[i-1], runs[i]
		for _, c := range []Change{
			{now.Started, ChangedVersion, before.Version, now.Version},
			{now.Started, ChangedBroker, before.Broker, now.Broker},
			{now.Started, ChangedMachine, before.Machine, now.Machine},
		} {
			if c.From != c.To {
				all = append(all, c)
			}
		}
		if before.setting != now.setting {
			all = append(all, Change{At: now.Started, What: ChangedScenario})
		}
	}
	return all
}

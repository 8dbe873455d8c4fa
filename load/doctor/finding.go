package doctor

// Finding is one thing that was looked at.
type Finding struct {
	// Name is what was looked at, in a few words.
	Name string `json:"name"`
	// Value is what it is, for people.
	Value string `json:"value"`
	// Status says whether that is good enough.
	Status Status `json:"status"`
	// Advice says what to do; empty if there is nothing to do.
	Advice string `json:"advice,omitempty"`
}

// Status of a finding.
type Status string

const (
	OK      Status = "ok"
	Doubt   Status = "doubt"   // figures may suffer
	Problem Status = "problem" // a run would fail
	Unknown Status = "unknown" // the system does not tell
)

// Worst is the worst status of findings; OK for none. What is unknown is no worse than OK.
func Worst(all []Finding) Status {
	worst := OK
	for _, f := range all {
		switch {
		case f.Status == Problem:
			return Problem
		case f.Status == Doubt:
			worst = Doubt
		}
	}
	return worst
}

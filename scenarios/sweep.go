package scenarios

// Sweep runs the scenario once for each of several values of one of its keys.
type Sweep struct {
	// Over is the path of the key, as --set takes it: senders[0].rate. Required.
	Over string `json:"over" jsonschema:"required,minLength=1"`
	// Values are what the key is set to, one run each, in this order. A file may give a range instead: from, to, how many steps, and
	// whether these are apart by the same ratio (scale: log) or the same amount (scale: linear).
	Values []string `json:"values"`

	source *source
}

// Search looks for the highest value of a key at which the thresholds still hold and messages arrive as fast as they are due.
type Search struct {
	// Over is the path of the key, as --set takes it: senders[0].rate. It must be one of which more is harder. Required.
	Over string `json:"over" jsonschema:"required,minLength=1"`
	// From is the value that is tried first, such as 100/s. Required.
	From string `json:"from" jsonschema:"required"`
	// To is the highest value that may be tried. Required.
	To string `json:"to" jsonschema:"required"`
	// Step is how long load is counted at each value on the way, after the warm-up; the value found is confirmed for the whole
	// duration. More than 0. Default: 5 s.
	Step Duration `json:"step"`
	// Precision is how close to the limit the search goes, as a share of it: 0.01 to 0.5. Default: 0.05.
	Precision float64 `json:"precision" jsonschema:"minimum=0.01,maximum=0.5,default=0.05"`

	source *source
}

// source is what a scenario was decoded from, so that it can be decoded again with another value.
type source struct {
	name string
	data []byte
	sets []Set
}

// At is the scenario of one run of the sweep. The error, if any, is of type Problems; a value of Values has none.
func (s *Sweep) At(value string) (*Scenario, error) { return s.source.at("sweep", s.Over, value) }

// At is the scenario with the value set. The error, if any, is of type Problems; From and To have none.
func (s *Search) At(value string) (*Scenario, error) { return s.source.at("search", s.Over, value) }

// on is the scenario of one step on the way to the value that is confirmed.
func (s *Search) on(value string) (*Scenario, error) {
	return s.source.at("search", s.Over, value, Set{Origin: "search", Path: "duration", Value: s.Step.String()})
}

func (s *source) at(origin, over, value string, more ...Set) (*Scenario, error) {
	sets := append(s.sets[:len(s.sets):len(s.sets)],
		Set{Origin: origin, Path: "sweep", Value: "null"}, Set{Origin: origin, Path: "search", Value: "null"},
		Set{Origin: origin, Path: over, Value: value})
	return Decode(s.name, s.data, append(sets, more...)...)
}

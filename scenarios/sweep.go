package scenarios

import (
	"slices"
	"strings"
)

// Sweep runs the scenario once for each of several values of one of its keys, or for each combination of the values of several.
type Sweep struct {
	// Over is the path of the key, as --set takes it: senders[0].rate. Required.
	Over string `json:"over" jsonschema:"required,minLength=1"`
	// Values are what the key is set to, one run each, in this order. A file may give a range instead: from, to, how many steps, and
	// whether these are apart by the same ratio (scale: log) or the same amount (scale: linear).
	Values []string `json:"values"`
	// With are further keys with values of their own, up to four: the scenario runs with every combination, in which the values of over
	// change fastest. At most 100 runs in all. Default: none.
	With []Dimension `json:"with,omitempty"`

	source *source
}

// Dimension is a key of a sweep beside the first, and the values that it takes.
type Dimension struct {
	// Over is the path of the key, as --set takes it: senders[0].qos. Required.
	Over string `json:"over" jsonschema:"required,minLength=1"`
	// Values are what the key is set to. A file may give a range instead, as for the first key.
	Values []string `json:"values"`
}

// Setting is what one run of a sweep sets the keys to.
type Setting struct {
	Value string   // of Over
	With  []string // of With, in its order; nil if there are none
}

// String is the values, one after the other.
func (s Setting) String() string { return strings.Join(append([]string{s.Value}, s.With...), ", ") }

// Settings are those of all runs of the sweep, in their order.
func (s *Sweep) Settings() (all []Setting) {
	combinations := [][]string{nil}
	for _, d := range s.With {
		var longer [][]string
		for _, c := range combinations {
			for _, value := range d.Values {
				longer = append(longer, append(slices.Clone(c), value))
			}
		}
		combinations = longer
	}
	for _, c := range combinations {
		for _, value := range s.Values {
			all = append(all, Setting{value, c})
		}
	}
	return all
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

// At is the scenario of one run of the sweep. The error, if any, is of type Problems; one of Settings has none. Keys of With without a
// value in the setting are as the file has them.
func (s *Sweep) At(setting Setting) (*Scenario, error) {
	var more []Set
	for i, value := range setting.With {
		more = append(more, Set{Origin: "sweep", Path: s.With[i].Over, Value: value})
	}
	return s.source.at("sweep", s.Over, setting.Value, more...)
}

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

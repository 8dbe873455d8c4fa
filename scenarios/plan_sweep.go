package scenarios

import (
	"fmt"
	"strings"
)

// words say what a sweep goes through.
func (s *Sweep) words() []string {
	if s == nil {
		return nil
	}
	lines := append([]string{s.Over}, wrap(strings.Join(s.Values, ", "), textWidth-12)...)
	for _, d := range s.With {
		lines = append(append(lines, "with each of "+d.Over), wrap(strings.Join(d.Values, ", "), textWidth-12)...)
	}
	values := "value"
	if len(s.With) > 0 {
		values = "values"
	}
	return append(lines, fmt.Sprintf("%s one after another; what is below is for the %s in the file", plural(len(s.Settings()), "run"), values))
}

// words say what a search tries.
func (s *Search) words() []string {
	if s == nil {
		return nil
	}
	return []string{
		fmt.Sprintf("the highest %s from %s to %s, to within %g %%", s.Over, s.From, s.To, s.Precision*100),
		fmt.Sprintf("%s counted at each value on the way, the whole duration at the one found;", s.Step),
		"what is below is for the value in the file",
	}
}

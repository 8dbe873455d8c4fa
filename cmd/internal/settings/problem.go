package settings

import (
	"fmt"
	"strings"
)

// Problem is one mistake in the environment.
type Problem struct {
	// Name is the variable's, and Value what it was set to; both are as they were found. Of a value that looks like a secret only
	// that is kept.
	Name, Value string
	// Text says what is wrong or what was expected.
	Text string
}

func (p Problem) Error() string {
	if p.Value == "" {
		return p.Name + ": " + p.Text
	}
	return fmt.Sprintf("%s=%q: %s", p.Name, shown(p.Value), p.Text)
}

// Problems are all the mistakes of an environment, in the order in which variables are documented.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Error()
	}
	return strings.Join(lines, "\n")
}

// longestShown is how long a value may be to be shown: no path, address or number is longer.
const longestShown = 200

// shown is a value as a message may have it. Variables hold names of files, never secrets; but somebody may have put in the secret
// where its file was meant.
func shown(value string) string {
	isSecret := len(value) > longestShown || strings.ContainsAny(value, "\n\r") ||
		strings.HasPrefix(value, "eyJ") || strings.Contains(value, "-----BEGIN")
	if isSecret {
		return fmt.Sprintf("(%d characters, not shown)", len(value))
	}
	return value
}

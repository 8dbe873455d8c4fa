package settings

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"
)

// Lookup returns the value of a variable and whether it is set; os.LookupEnv is one.
type Lookup func(name string) (value string, ok bool)

// reader reads variables and collects what is wrong with them.
type reader struct {
	lookup   Lookup
	problems Problems
}

// get returns a variable's value; empty if it is not set.
func (r *reader) get(name string) string {
	value, _ := r.lookup(name)
	return value
}

func (r *reader) isSet(name string) bool { return r.get(name) != "" }

// report notes a mistake in a variable.
func (r *reader) report(name, text string) {
	r.problems = append(r.problems, Problem{Name: name, Value: r.get(name), Text: text})
}

func (r *reader) text(name, fallback string) string {
	if value := r.get(name); value != "" {
		return value
	}
	return fallback
}

// required reports a variable that is not set.
func (r *reader) required(name, what string) string {
	value := r.get(name)
	if value == "" {
		r.report(name, "not set; want "+what)
	}
	return value
}

// err is what has been reported.
func (r *reader) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	return r.problems
}

// parsed returns what parse makes of a variable, or fallback if it is not set or wrong; want says what would be right.
func parsed[T any](r *reader, name string, fallback T, want string, parse func(string) (T, error)) T {
	value := r.get(name)
	if value == "" {
		return fallback
	}
	result, err := parse(value)
	if err != nil {
		r.report(name, "want "+want)
		return fallback
	}
	return result
}

func (r *reader) bool(name string, fallback bool) bool {
	return parsed(r, name, fallback, "true or false", strconv.ParseBool)
}

func (r *reader) whole(name string, fallback, least, most uint64) uint64 {
	want := fmt.Sprintf("a whole number from %d to %d", least, most)
	return parsed(r, name, fallback, want, func(s string) (uint64, error) {
		n, err := strconv.ParseUint(s, 10, 64)
		if err == nil && (n < least || n > most) {
			err = strconv.ErrRange
		}
		return n, err
	})
}

func (r *reader) number(name string, fallback, least float64) float64 {
	want := "a number"
	if !math.IsInf(least, -1) {
		want = fmt.Sprintf("a number from %g", least)
	}
	return parsed(r, name, fallback, want, func(s string) (float64, error) {
		x, err := strconv.ParseFloat(s, 64)
		if err == nil && (math.IsNaN(x) || math.IsInf(x, 0) || x < least) {
			err = strconv.ErrRange
		}
		return x, err
	})
}

// duration takes what time.ParseDuration does, and a plain number for seconds.
func (r *reader) duration(name string, fallback, least time.Duration) time.Duration {
	want := fmt.Sprintf("a duration of at least %v, such as 500ms, 5s, or a number of seconds", least)
	return parsed(r, name, fallback, want, func(s string) (time.Duration, error) {
		d, err := time.ParseDuration(s)
		if err != nil {
			d, err = time.ParseDuration(s + "s")
		}
		if err == nil && d < least {
			err = strconv.ErrRange
		}
		return d, err
	})
}

// oneOf takes one of a few words.
func (r *reader) oneOf(name, fallback string, words ...string) string {
	return parsed(r, name, fallback, choice(words), func(s string) (string, error) {
		for _, word := range words {
			if s == word {
				return s, nil
			}
		}
		return "", errors.New("none of them")
	})
}

// choice is "a, b or c".
func choice(words []string) string {
	text := words[0]
	for i, word := range words[1:] {
		if i == len(words)-2 {
			text += " or " + word
		} else {
			text += ", " + word
		}
	}
	return text
}

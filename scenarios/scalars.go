package scenarios

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func (d *decoder) text(to *string) func(*node) {
	return func(n *node) {
		if n.kind != text {
			d.notText(n, "text")
			return
		}
		*to = n.text
	}
}

// maxName bounds names: they stand in file names, client identifiers and topics.
const maxName = 64

var validName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

func (d *decoder) name(to *string) func(*node) {
	return func(n *node) {
		if n.kind != text {
			d.notText(n, "a name")
			return
		}
		if !validName.MatchString(n.text) || strings.Trim(n.text, ".") == "" {
			d.report(n, quote(n.text)+" is not a name", fmt.Sprintf("1 to %d letters, digits, '.', '_' and '-'", maxName))
			return
		}
		*to = n.text
	}
}

func (d *decoder) boolean(to *bool) func(*node) {
	return func(n *node) {
		if n.kind != boolean {
			d.wrongType(n, "true or false")
			return
		}
		*to = strings.EqualFold(n.text, "true")
	}
}

func (d *decoder) whole(to *int, low, high int) func(*node) {
	return func(n *node) {
		var v int64
		d.integer(&v, int64(low), int64(high))(n)
		if !n.bad {
			*to = int(v)
		}
	}
}

func (d *decoder) integer(to *int64, low, high int64) func(*node) {
	want := fmt.Sprintf("a whole number from %d to %d", low, high)
	return func(n *node) {
		if n.kind != number {
			d.wrongType(n, want)
			return
		}
		v, err := strconv.ParseInt(n.text, 10, 64)
		if err != nil || v < low || v > high {
			d.report(n, "got "+clip(n.text), want)
			return
		}
		*to = v
	}
}

func (d *decoder) unsigned(to *uint64) func(*node) {
	const want = "a whole number from 0 to 18446744073709551615"
	return func(n *node) {
		if n.kind != number {
			d.wrongType(n, want)
			return
		}
		v, err := strconv.ParseUint(n.text, 10, 64)
		if err != nil {
			d.report(n, "got "+clip(n.text), want)
			return
		}
		*to = v
	}
}

func (d *decoder) float(to *float64, low, high float64) func(*node) {
	want := fmt.Sprintf("a number from %g to %g", low, high)
	return func(n *node) {
		if n.kind != number {
			d.wrongType(n, want)
			return
		}
		v, err := strconv.ParseFloat(n.text, 64)
		if err != nil || v < low || v > high {
			d.report(n, "got "+clip(n.text), want)
			return
		}
		*to = v
	}
}

// oneOf reads one of a few words.
func oneOf[T ~string](d *decoder, to *T, words ...T) func(*node) {
	names := make([]string, len(words))
	for i, w := range words {
		names[i] = string(w)
	}
	return func(n *node) {
		switch {
		case n.kind != text:
			d.wrongType(n, listing(names))
		case !slices.Contains(names, n.text):
			d.report(n, "got "+quote(n.text)+didYouMean(n.text, names), listing(names))
		default:
			*to = T(n.text)
		}
	}
}

package scenarios

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// field is one key of a mapping.
type field struct {
	key  string
	read func(*node)
	want string // what a missing key was expected to hold; empty when it may be missing
}

func optional(key string, read func(*node)) field { return field{key: key, read: read} }

func required(key, want string, read func(*node)) field {
	return field{key: key, read: read, want: want}
}

// mapping reads n key by key. Unknown, repeated and missing keys are problems.
func (d *decoder) mapping(n *node, fields ...field) {
	if n.kind != mapping {
		d.wrongType(n, "a mapping with keys out of "+strings.Join(keysOf(fields), ", "))
		return
	}
	seen := map[string]*node{}
	for _, m := range n.members {
		d.member(m, fields, seen)
	}
	for _, f := range fields {
		if f.want != "" && n.lacks(f.key) {
			d.report(n, f.key+" is missing", f.want)
		}
	}
}

func (d *decoder) member(m member, fields []field, seen map[string]*node) {
	key := m.key.text
	i := slices.IndexFunc(fields, func(f field) bool { return f.key == key })
	switch first := seen[key]; {
	case m.key.bad: // reported already
	case i < 0:
		d.unknownKey(m.key, keysOf(fields))
	case first != nil:
		d.report(m.key, fmt.Sprintf("given twice, first on line %d", first.line), "each key once")
	default:
		seen[key] = m.key
		fields[i].read(m.value)
	}
}

// laterKeys are what other versions of the format know and this one does not.
var laterKeys = map[string]string{
	"tracing.compare":  "comparing arms is not supported by this version",
	"tracing.exporter": "exporting spans is not supported by this version",
}

func (d *decoder) unknownKey(key *node, known []string) {
	if later := laterKeys[key.path]; later != "" {
		d.report(key, later, "arm: off, context or record")
		return
	}
	d.report(key, "unknown key "+quote(key.text)+didYouMean(key.text, known), "one of "+strings.Join(known, ", "))
}

func keysOf(fields []field) []string {
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.key
	}
	return keys
}

func (d *decoder) wrongType(n *node, want string) {
	if !n.bad {
		d.report(n, "got "+n.describe(), want)
	}
}

// notText reports a value that should be text, and what it probably was meant as.
func (d *decoder) notText(n *node, want string) {
	if !n.bad {
		d.report(n, "got "+n.describe()+d.hint(n), want)
	}
}

// hint explains what became of text without quotes: YAML takes a leading { for a mapping and # for a comment.
func (d *decoder) hint(n *node) string {
	if n.set != nil || n.line < 1 || n.line > len(d.lines) {
		return ""
	}
	line := d.lines[n.line-1]
	switch {
	case n.kind == mapping && placeholder.MatchString(line), n.kind == null && strings.Contains(line, "#"):
		return "; text that begins with { or # needs quotes"
	case n.kind == number || n.kind == boolean:
		return "; text that looks like this needs quotes"
	}
	return ""
}

// listOf reads every entry of a list.
func listOf[T any](d *decoder, to *[]T, read func(*node) T) func(*node) {
	return func(n *node) {
		if n.kind != list {
			d.wrongType(n, "a list")
			return
		}
		if len(n.items) > maxGroups {
			d.report(n, fmt.Sprintf("%d entries", len(n.items)), fmt.Sprintf("at most %d", maxGroups))
			return
		}
		for _, item := range n.items {
			*to = append(*to, read(item))
		}
	}
}

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

// lowest is the least value that a duration may have.
type lowest Duration

const (
	mayBeZero lowest = 0
	aboveZero lowest = 1
)

// maxDuration keeps sums of durations far from overflowing.
const maxDuration = Duration(30 * 24 * time.Hour)

func (d *decoder) duration(to *Duration, least lowest) func(*node) {
	return func(n *node) {
		v, ok := d.readDuration(n)
		switch {
		case !ok:
		case v < 0:
			d.report(n, n.text+" is negative", "a duration"+least.words())
		case v < Duration(least):
			d.report(n, n.text+" is no time at all", "a duration"+least.words())
		case v > maxDuration:
			d.report(n, n.text+" is longer than a run can be", "at most 720h")
		default:
			*to = v
		}
	}
}

func (l lowest) words() string {
	if l == aboveZero {
		return " of more than 0s"
	}
	return " of 0s or more"
}

func (d *decoder) readDuration(n *node) (v Duration, ok bool) {
	const want = "a duration such as 500ms, 20s or 1m30s"
	switch {
	case n.kind == number && strings.Trim(n.text, "+-0.") == "":
		return 0, true
	case n.kind == number:
		d.report(n, clip(n.text)+" has no unit", fmt.Sprintf("%ss or %[1]sms", clip(n.text)))
	case n.kind != text:
		d.wrongType(n, want)
	case v.UnmarshalText([]byte(n.text)) != nil:
		d.report(n, quote(n.text)+" is not a duration", want)
	default:
		return v, true
	}
	return 0, false
}

func seconds(n int) Duration { return Duration(time.Duration(n) * time.Second) }

// rate reads how often one sender sends; total, which is the whole group's, cannot be max.
func (d *decoder) rate(to *Rate, mayBeMax bool) func(*node) {
	want := "messages and a unit, such as 10/s or 600/min"
	if mayBeMax {
		want += ", or max"
	}
	return func(n *node) {
		switch {
		case n.kind == number:
			d.report(n, clip(n.text)+" has no unit", fmt.Sprintf("%s/s or %[1]s/min", clip(n.text)))
		case n.kind != text:
			d.wrongType(n, want)
		case n.text == "max" && mayBeMax:
			*to = Rate{Max: true}
		case n.text == "max":
			d.report(n, "max is how each sender sends", "rate: max")
		default:
			d.parseRate(n, to, want)
		}
	}
}

func (d *decoder) parseRate(n *node, to *Rate, want string) {
	r, err := ParseRate(n.text)
	switch {
	case err != nil:
		d.report(n, quote(n.text)+" is not a rate", want)
	case r.Messages <= 0:
		d.report(n, n.text+" sends nothing", "a rate above 0")
	case r.PerSecond() > maxRate:
		d.report(n, n.text+" is too often", fmt.Sprintf("at most %d/s", maxRate))
	default:
		*to = r
	}
}

// maxRate bounds the rate of one sender: its interval is then a microsecond.
const maxRate = 1_000_000

// size reads a number of bytes, 128 or 64KiB.
func (d *decoder) size(to *int, most int) func(*node) {
	const want = "a number of bytes, such as 128, 64KiB or 1MB"
	return func(n *node) {
		if n.kind != number && n.kind != text {
			d.wrongType(n, want)
			return
		}
		v, ok := parseSize(n.text)
		switch {
		case !ok:
			d.report(n, quote(n.text)+" is not a size", want)
		case v > float64(most):
			d.report(n, n.text+" does not fit into an MQTT packet", fmt.Sprintf("at most %d bytes", most))
		default:
			*to = int(v)
		}
	}
}

var (
	sizeText  = regexp.MustCompile(`^(\d{1,12})\s*([A-Za-z]*)$`)
	sizeUnits = map[string]float64{
		"": 1, "B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
	}
)

func parseSize(s string) (bytes float64, ok bool) {
	m := sizeText.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	unit, known := sizeUnits[m[2]]
	v, err := strconv.ParseFloat(m[1], 64)
	return v * unit, known && err == nil && !math.IsInf(v, 0)
}

// listing joins words as people do: a, b or c.
func listing(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// didYouMean suggests the known word nearest to a misspelt one, if one is near.
func didYouMean(word string, known []string) string {
	if len(word) > 2*maxName {
		return ""
	}
	distances := map[string]int{}
	for _, k := range known {
		if n := distance(strings.ToLower(word), strings.ToLower(k)); n <= max(1, len(k)/3) {
			distances[k] = n
		}
	}
	if len(distances) == 0 {
		return ""
	}
	best := slices.MinFunc(slices.Sorted(maps.Keys(distances)), func(a, b string) int { return distances[a] - distances[b] })
	return " (did you mean " + best + "?)"
}

// distance counts the characters to insert, delete or replace to turn a into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

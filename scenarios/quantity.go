package scenarios

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// quantity is a number with the unit that a scenario writes it in: 100/s, 64KiB, 20ms, 0.1, 5.
type quantity struct {
	number float64
	unit   string // as written, without blanks
	whole  bool   // fractions make no sense or were not written
}

var quantityText = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)\s*(/s|/min|[A-Za-zµ]*)$`)

// parseQuantity reads a number above 0 and its unit.
func parseQuantity(s string) (q quantity, ok bool) {
	m := quantityText.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return q, false
	}
	n, err := strconv.ParseFloat(m[1], 64)
	if err != nil || n <= 0 || math.IsInf(n, 0) {
		return q, false
	}
	q = quantity{number: n, unit: m[2], whole: !strings.Contains(m[1], ".")}
	_, isSize := sizeUnits[q.unit]
	_, isTime := timeUnits[q.unit]
	return q, isSize || isTime || strings.HasPrefix(q.unit, "/")
}

var timeUnits = map[string]time.Duration{
	"ns": 1, "us": time.Microsecond, "µs": time.Microsecond, "ms": time.Millisecond, "s": time.Second, "m": time.Minute, "h": time.Hour,
}

// Quantity is what a value of a sweep or a search is as a number: messages per second, bytes, seconds, or a bare number, and the unit
// of that. ok is false for values that are no number, such as names.
func Quantity(value string) (number float64, unit string, ok bool) {
	q, ok := parseQuantity(value)
	switch size, isSize := sizeUnits[q.unit]; {
	case !ok:
		return 0, "", strings.Trim(value, "0.") == "" && value != "" // zero, of whatever
	case q.unit == "/s":
		return q.number, "msg/s", true
	case q.unit == "/min":
		return q.number / 60, "msg/s", true
	case q.unit == "":
		return q.number, "", true
	case isSize:
		return q.number * size, "B", true
	}
	return q.number * timeUnits[q.unit].Seconds(), "s", true
}

// at is another number in the unit of q, rounded to four digits, and to a whole number if q is one.
func (q quantity) at(number float64) string {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(number, 'g', 4, 64), 64)
	if q.whole && (rounded >= 10 || q.unit != "/s" && q.unit != "/min") {
		rounded = math.Max(1, math.Round(rounded))
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64) + q.unit
}

// Between is a value of the search between its ends: number is in the unit of From.
func (s *Search) Between(number float64) string {
	from, _ := parseQuantity(s.From)
	return from.at(number)
}

// Range are the numbers of From and To, both in the unit of From.
func (s *Search) Range() (from, to float64) {
	low, _ := parseQuantity(s.From)
	high, _ := parseQuantity(s.To)
	return low.number, high.number
}

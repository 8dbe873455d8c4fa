package reports

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"mqttrace/load/result"
)

// mostDigits ends the search for digits that tell two figures apart.
const mostDigits = 9

// actual formats the figure that a threshold judged, in three significant digits or as many as tell it from the limit: a
// limit of 20 ms missed by a hair must not read "20.0 ms".
func actual(t result.Threshold) string {
	figure, text := sides(t.Expression)
	format, limit := plain, 0.0
	if d, ok := duration(figure, text); ok {
		format, limit = nanoseconds, d
	} else {
		limit, _ = strconv.ParseFloat(strings.TrimSuffix(text, "/s"), 64)
	}
	for n := digits; ; n++ {
		s := format(t.Actual, n)
		if n == mostDigits || t.Actual == limit || s != format(limit, n) {
			return s
		}
	}
}

// comparing are the characters of which comparisons are made.
const comparing = "<>=!"

// sides splits "response.p99 < 20ms" into the figure and the limit.
func sides(expression string) (figure, limit string) {
	i := strings.IndexAny(expression, comparing)
	if i < 0 {
		return expression, ""
	}
	return strings.TrimSpace(expression[:i]), strings.TrimSpace(strings.TrimLeft(expression[i:], comparing))
}

// duration says whether a figure is in nanoseconds, and its limit if so. The limit's unit tells, if it has one.
func duration(figure, limit string) (ns float64, ok bool) {
	d, err := time.ParseDuration(limit)
	if err == nil && d != 0 {
		return float64(d), true
	}
	latency, part, _ := strings.Cut(figure, ".")
	return 0, slices.Contains(result.LatencyNames, latency) && part != "count" && part != "negative"
}

// plain formats a figure without a unit; whole numbers are counts, which are never rounded.
func plain(v float64, digits int) string {
	if v == float64(int64(v)) {
		return group(strconv.FormatInt(int64(v), 10))
	}
	return significant(v, digits)
}

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
	figure, limit := sides(t.Expression)
	format := plain
	if isDuration(figure) {
		format = nanoseconds
	}
	for n := digits; ; n++ {
		s := format(t.Actual, n)
		if n == mostDigits || t.Actual == limit || s != format(limit, n) {
			return s
		}
	}
}

// sides splits "response.p99 < 20ms" into the figure and the limit, in ns if it is a duration; a limit that does not read as
// either is 0.
func sides(expression string) (figure string, limit float64) {
	words := strings.Fields(expression)
	if len(words) == 0 {
		return "", 0
	}
	figure, last := words[0], words[len(words)-1]
	if d, err := time.ParseDuration(last); err == nil {
		return figure, float64(d)
	}
	limit, _ = strconv.ParseFloat(last, 64)
	return figure, limit
}

// isDuration says whether a figure is in nanoseconds.
func isDuration(figure string) bool {
	latency, part, _ := strings.Cut(figure, ".")
	if slices.Contains(result.LatencyNames, latency) {
		return part != "count" && part != "negative" && part != "overflow"
	}
	return strings.Contains(figure, "_ns")
}

// plain formats a figure without a unit; whole numbers are counts, which are never rounded.
func plain(v float64, digits int) string {
	if v == float64(int64(v)) {
		return group(strconv.FormatInt(int64(v), 10))
	}
	return significant(v, digits)
}

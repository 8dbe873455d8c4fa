package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mqttrace/load/result"
)

// checks are the thresholds as a page shows them. Of several arms, those that met the same one share a line; one that missed it
// has its own.
func checks(thresholds []result.Threshold) (all []check) {
	for i, t := range thresholds {
		if !t.OK {
			all = append(all, newCheck(t))
			continue
		}
		var met []result.Threshold
		isFirst := true
		for j, other := range thresholds {
			if other.OK && other.Expression == t.Expression {
				met = append(met, other)
				isFirst = isFirst && j >= i
			}
		}
		if isFirst {
			all = append(all, metByAll(met))
		}
	}
	return all
}

// metByAll is the line of a threshold that several arms met, with the range of what they measured.
func metByAll(met []result.Threshold) check {
	c := newCheck(met[0])
	if len(met) == 1 {
		return c
	}
	byActual := func(a, b result.Threshold) int { return cmp.Compare(a.Actual, b.Actual) }
	least, most := actual(slices.MinFunc(met, byActual)), actual(slices.MaxFunc(met, byActual))
	c.actual = least
	if least != most {
		c.actual += " to " + most
	}
	c.arm = fmt.Sprintf("%d arms:", len(met))
	return c
}

func newCheck(t result.Threshold) check {
	c := check{ok: t.OK, arm: t.Arm, text: t.Expression, actual: actual(t)}
	if t.Reason != "" {
		c.actual = "not judged: " + t.Reason
	}
	return c
}

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

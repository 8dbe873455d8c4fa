package reports

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// none stands for a figure that there is no honest value for.
const none = "–"

// digits is how many significant digits figures have: the histograms know no more.
const digits = 3

// Duration formats d with three significant digits and the unit that suits it: "412 µs", "1.20 ms", "16.7 min".
func Duration(d time.Duration) string { return nanoseconds(float64(d), digits) }

// nanoseconds formats ns with a number of significant digits.
func nanoseconds(ns float64, digits int) string {
	if math.Abs(ns) < 1000 {
		return strconv.FormatFloat(math.Round(ns), 'f', 0, 64) + " ns"
	}
	// Rounded first: 999.6 µs is 1.00 ms, not 1,000 µs.
	ns = round(ns, digits)
	for _, u := range []struct {
		name  string
		size  float64
		below float64
	}{{"µs", 1e3, 1e6}, {"ms", 1e6, 1e9}, {"s", 1e9, 1000e9}} {
		if math.Abs(ns) < u.below {
			return significant(ns/u.size, digits) + " " + u.name
		}
	}
	return significant(ns/60e9, digits) + " min"
}

// Count formats n in groups of three digits: "20,000". Counts are never rounded.
func Count(n uint64) string { return group(strconv.FormatUint(n, 10)) }

// Rate formats messages per second: "1,000/s", "0.5/s".
func Rate(perSecond float64) string { return number(perSecond) + "/s" }

// Bytes formats a size in decimal units: "182 B", "48.1 MB".
func Bytes(n float64) string {
	if n < 1000 {
		return number(n) + " B"
	}
	n = round(n, digits)
	for _, u := range []struct {
		name  string
		size  float64
		below float64
	}{{"kB", 1e3, 1e6}, {"MB", 1e6, 1e9}} {
		if n < u.below {
			return significant(n/u.size, digits) + " " + u.name
		}
	}
	return significant(n/1e9, digits) + " GB"
}

// Number formats a bare number, such as allocations: "63.1", "1,234".
func Number(v float64) string { return number(v) }

// number formats v with three significant digits, and whole where it has more than three before the point; zeros at the end
// of a fraction say nothing and are left out.
func number(v float64) string {
	s := significant(v, digits)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// significant formats v with as many decimals as make up the significant digits; digits before the point are all kept.
func significant(v float64, digits int) string {
	if v == 0 {
		return "0"
	}
	decimals := max(0, digits-1-exponent(v, digits))
	return group(strconv.FormatFloat(v, 'f', decimals, 64))
}

// round rounds v to a number of significant digits.
func round(v float64, digits int) float64 {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'e', digits-1, 64), 64)
	return r
}

// exponent is the power of ten of v's first digit once v is rounded.
func exponent(v float64, digits int) int {
	_, exp, _ := strings.Cut(strconv.FormatFloat(v, 'e', digits-1, 64), "e")
	n, _ := strconv.Atoi(exp)
	return n
}

// group puts commas between the thousands of a decimal number.
func group(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, fraction, isFraction := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if isFraction {
		whole += "." + fraction
	}
	return sign + whole
}

// together keeps a figure that stands in a sentence from being torn apart at the end of a line.
func together(figure string) string { return strings.ReplaceAll(figure, " ", noBreak) }

const noBreak = "\u00a0"

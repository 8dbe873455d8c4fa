package reports

import (
	"math"
	"strconv"
	"strings"

	"mqttrace/load/result"
)

// quantity is what a figure counts, which says how it is written.
type quantity int

const (
	plainly quantity = iota // a number alone
	nanos                   // a time in ns
	inBytes
)

// unit is the one that suits a value: its size and its name, after a space.
func (q quantity) unit(v float64) (size float64, name string) {
	type unit struct {
		size float64
		name string
	}
	var units []unit
	switch q {
	case nanos:
		units = []unit{{1e9, " s"}, {1e6, " ms"}, {1e3, " µs"}, {1, " ns"}}
	case inBytes:
		units = []unit{{1e6, " MB"}, {1e3, " kB"}, {1, " B"}}
	default:
		return 1, ""
	}
	for _, u := range units {
		if v >= u.size {
			return u.size, u.name
		}
	}
	return 1, units[len(units)-1].name
}

// size writes a value with two significant digits, and whole where it has more: "16 µs", "165".
func (q quantity) size(v float64) string {
	size, unit := q.unit(round(v, 2))
	return twoDigits(v/size) + unit
}

// finest is what figures are told in at best: below it is what adding up fractions leaves.
var finest = map[quantity]float64{plainly: 0.01, nanos: 1, inBytes: 0.01}

// bound writes the least value of two significant digits that v does not exceed.
func (q quantity) bound(v float64) string {
	if v <= 0 {
		return "0"
	}
	v = max(v, finest[q])
	step := math.Pow10(exponent(v, 17) - 1)
	steps := math.Ceil(v/step - 1e-9) // 0.3 of 0.1 each are three, whatever floating point makes of it
	return q.size(steps * step)
}

// twoDigits leaves out the zeros at the end of a fraction.
func twoDigits(v float64) string {
	s := significant(v, 2)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// undetected begins a cell that knows only how large a difference could be.
const undetected = "none (< "

// difference writes a difference with its interval in one unit, "+1.9 µs [+1.2, +2.6]", or says that there is none to be seen and
// how large one could be.
func (q quantity) difference(d result.Difference, ok bool) cell {
	if !ok {
		return missing
	}
	largest := max(math.Abs(d.Low), math.Abs(d.High))
	if !d.Detected {
		if bound := max(largest, d.Floor); bound > 0 {
			return cell{undetected + q.bound(bound) + ")", quiet}
		}
		return cell{"none", quiet}
	}
	size, unit := q.unit(round(max(largest, math.Abs(d.Diff)), 2))
	decimals := max(0, 1-exponent(largest/size, 2))
	write := func(v float64) string { return signed(v/size, decimals) }
	return figure(write(d.Diff) + unit + " [" + write(d.Low) + ", " + write(d.High) + "]")
}

// signed writes a number with its sign, but for 0, which has none.
func signed(v float64, decimals int) string {
	s := strconv.FormatFloat(math.Abs(v), 'f', decimals, 64)
	switch {
	case strings.Trim(s, "0.") == "":
		return group(s)
	case v < 0:
		return "-" + group(s)
	default:
		return "+" + group(s)
	}
}

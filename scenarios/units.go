package scenarios

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

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

// rateRange is which rates a key takes beside those above 0.
type rateRange int

const (
	aboveNone rateRange = iota
	orNone              // 0/s too
	maxOrIdle           // 0/s and max too
)

// rate reads how often one sender sends.
func (d *decoder) rate(to *Rate, r rateRange) func(*node) {
	want := "messages and a unit, such as 10/s or 600/min"
	if r == maxOrIdle {
		want += ", or max"
	}
	return func(n *node) {
		switch {
		case n.kind == number:
			d.report(n, clip(n.text)+" has no unit", fmt.Sprintf("%s/s or %[1]s/min", clip(n.text)))
		case n.kind != text:
			d.wrongType(n, want)
		case n.text == "max" && r == maxOrIdle:
			*to = Rate{Max: true}
		case n.text == "max" && r == orNone:
			d.report(n, "max is no rate that could change in time", "a rate such as 100/s")
		case n.text == "max":
			d.report(n, "max is how each sender sends", "rate: max")
		default:
			d.parseRate(n, to, r, want)
		}
	}
}

func (d *decoder) parseRate(n *node, to *Rate, allowed rateRange, want string) {
	r, err := ParseRate(n.text)
	switch {
	case err != nil:
		d.report(n, quote(n.text)+" is not a rate", want)
	case r.Messages == 0 && allowed == aboveNone:
		d.report(n, n.text+" sends nothing", "a rate above 0")
	case r.Messages < 0:
		d.report(n, n.text+" is negative", "a rate of 0/s or more")
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

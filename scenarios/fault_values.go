package scenarios

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Share is a part of a whole, from 0 to 1, written as a percentage: "50%". The zero value stands for all of it.
type Share float64

// Of is how many of n that is, rounded up, and all of them for the zero value.
func (s Share) Of(n int) int {
	if s == 0 {
		return n
	}
	return min(int(math.Ceil(float64(s)*float64(n)-1e-9)), n)
}

// String formats s as a scenario file has it.
func (s Share) String() string { return strconv.FormatFloat(float64(s)*100, 'g', 12, 64) + "%" }

// MarshalText writes s as a scenario file has it.
func (s Share) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

func (d *decoder) share(to *Share) func(*node) {
	const want = "a percentage such as 50%"
	return func(n *node) {
		number, percent := strings.CutSuffix(n.text, "%")
		switch v, err := strconv.ParseFloat(strings.TrimSpace(number), 64); {
		case n.kind == list || n.kind == mapping || n.kind == null || n.kind == boolean:
			d.wrongType(n, want)
		case !percent || err != nil:
			d.report(n, quote(n.text)+" is not a share", want)
		case !(v > 0 && v <= 100):
			d.report(n, "got "+n.text, "more than 0% and at most 100%")
		default:
			*to = Share(v / 100)
		}
	}
}

// Bandwidth is bits per second, written with a unit: "1Mbit/s". The zero value is no limit.
type Bandwidth int64

// KilobytesPerSecond is the same in thousands of bytes, rounded: what can be set.
func (b Bandwidth) KilobytesPerSecond() int64 { return int64(math.Round(float64(b) / bitsPerKilobyte)) }

// bitsPerKilobyte is the step in which a bandwidth can be set.
const bitsPerKilobyte = 8_000

// String formats b as a scenario file has it.
func (b Bandwidth) String() string {
	for _, u := range []struct {
		name string
		size Bandwidth
	}{{"Gbit/s", 1e9}, {"Mbit/s", 1e6}} {
		if b >= u.size && b%(u.size/1000) == 0 {
			return strconv.FormatFloat(float64(b)/float64(u.size), 'f', -1, 64) + u.name
		}
	}
	return strconv.FormatFloat(float64(b)/1e3, 'f', -1, 64) + "kbit/s"
}

// MarshalText writes b as a scenario file has it.
func (b Bandwidth) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

var (
	bandwidthText  = regexp.MustCompile(`^(\d{1,9}(?:\.\d{1,9})?) *([A-Za-z]+/s)$`)
	bandwidthUnits = map[string]float64{
		"kbit/s": 1e3, "Mbit/s": 1e6, "Gbit/s": 1e9, "kB/s": 8e3, "KB/s": 8e3, "MB/s": 8e6, "KiB/s": 8 << 10, "MiB/s": 8 << 20,
	}
)

const maxBandwidth = 100e9

// bandwidth reads bits or bytes per second.
func (d *decoder) bandwidth(to *Bandwidth) func(*node) {
	const want = "bits or bytes per second, such as 1Mbit/s or 500kB/s"
	return func(n *node) {
		switch {
		case n.kind == number:
			d.report(n, clip(n.text)+" has no unit", fmt.Sprintf("%skbit/s or %[1]sMbit/s", clip(n.text)))
			return
		case n.kind != text:
			d.wrongType(n, want)
			return
		}
		m := bandwidthText.FindStringSubmatch(n.text)
		if m == nil || bandwidthUnits[m[2]] == 0 {
			d.report(n, quote(n.text)+" is not a bandwidth", want)
			return
		}
		v, err := strconv.ParseFloat(m[1], 64)
		bits := v * bandwidthUnits[m[2]]
		if err != nil || bits < bitsPerKilobyte || bits > maxBandwidth {
			d.report(n, "got "+n.text, "8kbit/s to 100Gbit/s")
			return
		}
		*to = Bandwidth(math.Round(bits))
	}
}

// network reads a word or a mapping.
func (d *decoder) network(to *NetworkFault) func(*node) {
	return func(n *node) {
		if n.kind != mapping {
			d.networkWord(n, to)
			return
		}
		d.mapping(n,
			optional("latency", d.milliseconds(&to.Latency)),
			optional("jitter", d.milliseconds(&to.Jitter)),
			optional("bandwidth", d.bandwidth(&to.Bandwidth)),
		)
		latency, jitter := n.get("latency"), n.get("jitter")
		switch {
		case len(n.members) == 0:
			d.report(n, "it is not said what happens to the network", "one of latency, jitter and bandwidth")
		case jitter.sound() && n.lacks("latency"):
			d.report(jitter, "jitter moves a latency, and there is none", "latency too")
		case jitter.sound() && latency.sound() && to.Jitter > to.Latency:
			d.report(jitter, "a latency of "+to.Latency.String()+" less as much would be negative", "at most "+to.Latency.String())
		}
	}
}

func (d *decoder) networkWord(n *node, to *NetworkFault) {
	if n.kind != text {
		d.wrongType(n, "cut, stall, or a mapping with latency, jitter or bandwidth")
		return
	}
	oneOf(d, &to.Word, NetworkCut, NetworkStall)(n)
}

// maxLatency is more than any network has.
const maxLatency = Duration(10 * time.Minute)

// milliseconds reads a duration in whole milliseconds, which is what can be set.
func (d *decoder) milliseconds(to *Duration) func(*node) {
	return func(n *node) {
		v, ok := d.readDuration(n)
		switch {
		case !ok:
		case v < Duration(time.Millisecond) || v > maxLatency || v%Duration(time.Millisecond) != 0:
			d.report(n, "got "+clip(n.text), "whole milliseconds from 1ms to "+maxLatency.String())
		default:
			*to = v
		}
	}
}

// MarshalJSON writes f as a scenario file has it: a word or a mapping.
func (f NetworkFault) MarshalJSON() ([]byte, error) {
	if f.Word != "" {
		return json.Marshal(f.Word)
	}
	type fields NetworkFault
	return json.Marshal(fields(f))
}

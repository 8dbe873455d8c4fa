package scenarios

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a span of time, written in files the way time.ParseDuration reads it: "20s", "1m30s", "500ms".
type Duration time.Duration

// Std returns d as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String formats d as time.Duration does.
func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText writes d as a scenario file has it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("duration %q: want a number and a unit, such as 500ms, 20s or 1m30s", text)
	}
	*d = Duration(v)
	return nil
}

// perSecond is what most rates are per.
const perSecond = time.Second

// Rate is how often a sender is due to send: Messages in each Per. The zero value is that of an idle sender.
type Rate struct {
	Messages float64
	Per      time.Duration
	// Max is a closed loop: each message leaves as soon as the one before it is out of the way. Messages and Per are 0.
	Max bool
}

// idle reports whether nothing is sent.
func (r Rate) idle() bool { return !r.Max && r.Messages == 0 }

// times is the rate of n senders together, to a millionth.
func (r Rate) times(n int) Rate {
	r.Messages = math.Round(r.Messages*float64(n)*1e6) / 1e6
	return r
}

// Interval is the mean time between two messages of one sender; 0 when Max.
func (r Rate) Interval() time.Duration {
	if r.Max || r.Messages == 0 {
		return 0
	}
	return time.Duration(float64(r.Per) / r.Messages)
}

// PerSecond is the rate in messages per second; 0 when Max.
func (r Rate) PerSecond() float64 {
	if r.Max || r.Per == 0 {
		return 0
	}
	return r.Messages / r.Per.Seconds()
}

// String formats r as a scenario file has it: "10/s", "2.5/min" or "max". An interval's or a burst's, which files write otherwise,
// is like "1/30s".
func (r Rate) String() string {
	if r.Max {
		return "max"
	}
	unit := "s"
	switch r.Per {
	case time.Minute:
		unit = "min"
	case 0, time.Second:
	default:
		unit = r.Per.String()
	}
	return strconv.FormatFloat(r.Messages, 'g', -1, 64) + "/" + unit
}

// MarshalText writes r as a scenario file has it.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// ParseRate reads messages per second or per minute, "10/s" or "600/min", or "max". It accepts 0 and less.
func ParseRate(text string) (Rate, error) {
	if text == "max" {
		return Rate{Max: true}, nil
	}
	count, unit, _ := strings.Cut(text, "/")
	per, known := rateUnits[strings.TrimSpace(unit)]
	messages, err := strconv.ParseFloat(strings.TrimSpace(count), 64)
	if !known || err != nil || math.IsInf(messages, 0) || math.IsNaN(messages) {
		return Rate{}, fmt.Errorf("rate %q: want messages and a unit, such as 10/s or 600/min, or max", text)
	}
	return Rate{Messages: messages, Per: per}, nil
}

var rateUnits = map[string]time.Duration{"s": time.Second, "min": time.Minute}

// UnmarshalText reads what MarshalText wrote.
func (r *Rate) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRate(string(text))
	return err
}

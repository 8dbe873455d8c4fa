package compare

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"mqttrace/reports"
	"mqttrace/reports/stats"
)

// none stands for what cannot be told.
const none = "–"

// write formats a value of the figure.
func (u Unit) write(v float64) string {
	switch u {
	case Nanoseconds:
		return reports.Duration(time.Duration(math.Round(v)))
	case Bytes:
		return reports.Bytes(v)
	case PerSecond:
		return reports.Rate(v)
	default:
		return reports.Number(v)
	}
}

// signed formats a difference: "+180 µs"; 0 has no sign.
func (u Unit) signed(v float64) string {
	text := u.write(math.Abs(v))
	switch {
	case v > 0:
		return "+" + text
	case v < 0:
		return "-" + text
	default:
		return text
	}
}

// percent formats a share: "+15", "-3.1", "0.0".
func percent(share float64) string {
	v := 100 * share
	decimals := 1
	if math.Abs(v) >= 9.95 {
		decimals = 0
	}
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	switch {
	case text == "-0.0":
		return "0.0"
	case v > 0 && text != "0.0":
		return "+" + text
	default:
		return text
	}
}

func (s Sample) text(u Unit) string {
	if s.Median == nil {
		return none
	}
	return u.write(*s.Median)
}

// differenceText is the difference in the figure's unit.
func (f *Figure) differenceText() string {
	if f.Difference == nil || f.difference.Constant {
		return none
	}
	return f.Unit.signed(*f.Difference)
}

// shareText is the difference as a share with its interval, "+15 % [+12, +18]", or in the unit where the base is 0.
func (f *Figure) shareText() string {
	switch {
	case f.Difference == nil || f.difference.Constant:
		return none
	case f.Share == nil:
		return f.intervalText(f.Unit.signed)
	}
	return percent(*f.Share) + " % " + f.intervalText(func(v float64) string { return percent(v / *f.Base.Median) })
}

func (f *Figure) intervalText(write func(float64) string) string {
	if f.Interval == nil {
		return "[–]"
	}
	low, high := f.Interval.Low, f.Interval.High
	return "[" + write(low) + ", " + write(high) + "]"
}

func (f *Figure) effectText() string {
	if f.Effect == nil || !f.isTested {
		return none
	}
	return fmt.Sprintf("%+.2f", *f.Effect)
}

// pText is the corrected p-value.
func (f *Figure) pText() string {
	switch {
	case f.PCorrected == nil:
		return none
	case *f.PCorrected < 0.001:
		return "<.001"
	case *f.PCorrected >= 0.9995:
		return "1"
	default:
		return fmt.Sprintf("%.3f", *f.PCorrected)[1:]
	}
}

// floorText is the noise floor as a share of the base, or in the unit where the base is 0.
func (f *Figure) floorText() string {
	switch {
	case f.Floor == nil:
		return none
	case f.Base.Median == nil || *f.Base.Median == 0:
		return f.Unit.write(*f.Floor)
	default:
		return strings.TrimPrefix(percent(*f.Floor/math.Abs(*f.Base.Median)), "+") + " %"
	}
}

// sizeText is the smallest difference that matters, as a share of the base where it is one.
func (f *Figure) sizeText() string {
	if f.Base.Median == nil || *f.Base.Median == 0 || f.Size == 0 {
		return f.Unit.write(f.Size)
	}
	return strings.TrimPrefix(percent(f.Size/math.Abs(*f.Base.Median)), "+") + " %"
}

// verdictText is the verdict, and of an open one how many more runs would tell.
func (f *Figure) verdictText() string {
	switch {
	case f.MoreRuns >= stats.MostRuns:
		return fmt.Sprintf("%s >%d", f.Verdict, stats.MostRuns)
	case f.MoreRuns > 0:
		return fmt.Sprintf("%s +%d", f.Verdict, f.MoreRuns)
	}
	return string(f.Verdict)
}

// change is the difference in a sentence: "+15 % (1.20 ms to 1.38 ms)".
func (f *Figure) change() string {
	switch {
	case f.Base.Median == nil || f.New.Median == nil:
		return ""
	case f.Share == nil:
		return f.differenceText()
	default:
		return fmt.Sprintf("%s %% (%s to %s)", percent(*f.Share), f.Base.text(f.Unit), f.New.text(f.Unit))
	}
}

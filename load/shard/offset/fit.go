package offset

import (
	"math"
	"time"

	"gonum.org/v1/gonum/stat"

	"mqttrace/load/clock"
)

const (
	// windowLength is how long the exchanges are that only the one with the least delay stands for.
	windowLength = time.Second
	// tooSlow is how many times the least delay of all makes a window useless.
	tooSlow = 3
	// wander is by how much the drift of two clocks may change within seconds: RFC 5905's frequency tolerance.
	wander = 15e-6
	// mostDrift is more than any two clocks drift: each may be slewed by 500 ppm.
	mostDrift = 1000e-6
	// leastWindows is how many windows tell a drift.
	leastWindows = 4
	// sigmas is by how many of its standard errors a slope stands out of the noise, and may be off.
	sigmas = 3
)

// window is a second of exchanges, told by the one with the least delay.
type window struct {
	number int64 // of its beginning, in windows since the asker's clock began
	best   Exchange
}

// numberOf returns the window that an exchange is of.
func numberOf(e Exchange) int64 { return int64(math.Floor(float64(e.T0) / float64(windowLength))) }

// slack is the most that the offset of a window may be off: half its delay, rounded up.
func (w window) slack() time.Duration { return (w.best.Delay() + 1) / 2 }

// miss is how far a line is from the offset that a window tells; positive where the line says more.
func (w window) miss(l *line) time.Duration { return l.at(w.best.middle()) - w.best.Offset() }

// fit is a line through windows, and by how much its slope may be off.
type fit struct {
	line
	uncertain float64 // of slope, absolute; includes what clocks wander
}

// reach is how far the line may be off at i by its slope alone, if it is right at from.
func (f *fit) reach(from, i clock.Instant) time.Duration {
	return time.Duration(math.Ceil(f.uncertain * math.Abs(float64(i-from))))
}

// useful returns the windows that are not slow, appended to into[:0].
func useful(into, windows []window) []window {
	least := leastDelay(windows)
	into = into[:0]
	for _, w := range windows {
		if w.best.Delay() <= tooSlow*least {
			into = append(into, w)
		}
	}
	return into
}

func leastDelay(windows []window) time.Duration {
	least := time.Duration(math.MaxInt64 / tooSlow)
	for _, w := range windows {
		least = min(least, w.best.Delay())
	}
	return least
}

// fitted returns the line through windows, of which there is at least one. A window weighs the less the more its delay exceeds
// the least: by half of that much its offset may be off beyond what all of them have in common.
func fitted(windows []window) fit {
	first, least := windows[0].best, leastDelay(windows)
	n := len(windows)
	x, y, weights := make([]float64, n), make([]float64, n), make([]float64, n) // seconds and nanoseconds since the first
	for i, w := range windows {
		x[i] = w.best.middle().Sub(first.middle()).Seconds()
		y[i] = float64(w.best.Offset() - first.Offset())
		excess := float64(w.best.Delay()-least) + float64(least)/8 + 1
		weights[i] = 1 / (excess * excess)
	}
	middle, mean := stat.Mean(x, weights), stat.Mean(y, weights)
	f := fit{line: line{
		anchor: first.middle().Add(time.Duration(math.Round(middle * 1e9))),
		offset: first.Offset() + time.Duration(math.Round(mean)),
	}, uncertain: mostDrift}
	if n < leastWindows {
		return f
	}
	intercept, perSecond := stat.LinearRegression(x, y, weights, false)
	drift, noise := perSecond/1e9, sigmas*slopeError(x, y, weights, intercept, perSecond)/1e9
	switch {
	case math.Abs(drift) > mostDrift:
	case math.Abs(drift) > noise:
		f.slope, f.uncertain = slopeOf(drift), wander+noise
	default:
		f.uncertain = wander + math.Abs(drift) + noise
	}
	return f
}

// slopeError returns the standard error of a weighted regression's slope.
func slopeError(x, y, weights []float64, intercept, slope float64) float64 {
	middle := stat.Mean(x, weights)
	var misses, spread float64
	for i, w := range weights {
		miss, away := y[i]-intercept-slope*x[i], x[i]-middle
		misses += w * miss * miss
		spread += w * away * away
	}
	return math.Sqrt(misses / float64(len(x)-2) / spread)
}

package main

import (
	"math"
	"math/rand/v2"
	"time"

	"mqttrace/cmd/internal/settings"
)

// temperature is a thermometer that nobody has: a mean, a cycle of a day that is warmest at three in the afternoon, and noise that
// wanders, so that neighboring readings are alike. It is used by one goroutine.
type temperature struct {
	settings.Temperature
	random *rand.Rand
	noise  float64
	last   time.Time // of the last reading
}

// memory is the time in which the noise forgets most of where it was.
const memory = 5 * time.Minute

func newTemperature(shape settings.Temperature) *temperature {
	t := &temperature{Temperature: shape, random: rand.New(rand.NewPCG(shape.Seed, 0))}
	t.noise = t.StdDev * t.random.NormFloat64()
	return t
}

// at reads the thermometer; instants must not go back. The noise is an Ornstein-Uhlenbeck process: however often it is read, its
// standard deviation is the one that was asked for.
func (t *temperature) at(now time.Time) float64 {
	if !t.last.IsZero() {
		kept := math.Exp(-float64(now.Sub(t.last)) / float64(memory))
		t.noise = kept*t.noise + math.Sqrt(1-kept*kept)*t.StdDev*t.random.NormFloat64()
	}
	t.last = now
	return t.Mean + t.Swing*t.cycle(now) + t.noise
}

// warmest is when in a period of a day the cycle is at its top.
const warmest = 15.0 / 24

// cycle is where in its period the time is, from -1 to 1.
func (t *temperature) cycle(now time.Time) float64 {
	_, offset := now.Zone()
	local := now.UnixNano() + int64(offset)*int64(time.Second)
	phase := float64(local%int64(t.Period)) / float64(t.Period)
	return math.Cos(2 * math.Pi * (phase - warmest))
}

// reading is what is sent.
type reading struct {
	// Temperature is in degrees Celsius.
	Temperature float64 `json:"temperature"`
	// Sequence counts the readings of this process from 1.
	Sequence uint64 `json:"sequence"`
	// Time is when it was read; CloudEvents' own time has whole seconds.
	Time time.Time `json:"time"`
}

// read makes the next reading.
func (t *temperature) read(sequence uint64, now time.Time) reading {
	return reading{
		Temperature: math.Round(t.at(now)*100) / 100,
		Sequence:    sequence,
		Time:        now.UTC().Truncate(time.Millisecond),
	}
}

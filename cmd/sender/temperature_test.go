package main

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/cmd/internal/settings"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestTemperatureFollowsTheDay(t *testing.T) {
	shape := settings.Temperature{Mean: 20, Swing: 5, Period: 24 * time.Hour}
	th := newTemperature(shape)
	assert.InDelta(t, 25, th.at(noon.Add(3*time.Hour)), 1e-9, "warmest at three")
	assert.InDelta(t, 20, th.at(noon.Add(9*time.Hour)), 1e-9)
	assert.InDelta(t, 15, th.at(noon.Add(15*time.Hour)), 1e-9, "coldest at three in the night")
}

func TestTemperatureNoise(t *testing.T) {
	const readings = 200_000
	for _, every := range []time.Duration{time.Second, time.Minute} {
		th := newTemperature(settings.Temperature{Mean: 20, StdDev: 0.5, Period: time.Hour, Seed: 7})
		var sum, squares, steps float64
		last := math.NaN()
		for i := range readings {
			x := th.at(noon.Add(time.Duration(i) * every))
			sum, squares = sum+x, squares+(x-20)*(x-20)
			if i > 0 {
				steps += (x - last) * (x - last)
			}
			last = x
		}
		assert.InDelta(t, 20, sum/readings, 0.15)
		assert.InDelta(t, 0.5, math.Sqrt(squares/readings), 0.1, "however often it is read")
		assert.Less(t, math.Sqrt(steps/readings), 0.5, "neighbors are alike")
	}
}

func TestTemperatureRepeatsWithItsSeed(t *testing.T) {
	shape := settings.Temperature{Mean: 20, Swing: 1, StdDev: 1, Period: time.Hour, Seed: 1}
	a, b := newTemperature(shape), newTemperature(shape)
	shape.Seed = 2
	other := newTemperature(shape)
	at := noon
	for range 10 {
		x := a.at(at)
		assert.Equal(t, x, b.at(at))
		assert.NotEqual(t, x, other.at(at))
		at = at.Add(time.Second)
	}
}

func TestReading(t *testing.T) {
	th := newTemperature(settings.Temperature{Mean: 21.368, Period: time.Hour})
	r := th.read(3, noon.Add(123456*time.Microsecond))
	text, err := json.Marshal(r)
	require.NoError(t, err)
	assert.Equal(t, `{"temperature":21.37,"sequence":3,"time":"2026-03-01T12:00:00.123Z"}`, string(text))
}

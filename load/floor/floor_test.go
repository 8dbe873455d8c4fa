package floor_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/floor"
	"mqttrace/load/result"
)

// swept is a calibration that kept two rates of three.
func swept() *result.Result {
	step := func(rate float64, p50 int64, verdict result.Verdict) result.Step {
		p99 := 10 * p50
		l := result.Latency{P50NS: &p50, P99NS: &p99}
		return result.Step{Number: rate, Verdict: verdict, Arms: []result.Arm{{
			Latency: map[string]result.Latency{result.Response: l, result.ScheduleLag: l}, Cost: result.Cost{CPUNSPerMessage: 5000},
		}}}
	}
	return &result.Result{
		Started: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), Environment: result.Environment{Host: "bench", CPU: "fast", Cores: 2, OS: "linux", Arch: "amd64"},
		Reason: "too much", Sweep: &result.Sweep{Steps: []result.Step{step(100, 300, result.Pass), step(1000, 200, result.Pass), step(10_000, 900, result.Invalid)}},
	}
}

func TestFloorOfACalibration(t *testing.T) {
	f, err := floor.Of(swept())
	require.NoError(t, err)
	require.Len(t, f.Points, 2, "what was not kept is no floor")
	here := floor.MachineOf(swept().Environment)
	assert.EqualValues(t, 200, f.Near(900, here).ResponseP50NS)
	assert.EqualValues(t, 300, f.Near(250, here).ResponseP50NS, "nearest as a ratio")
	assert.EqualValues(t, 200, f.Near(1e6, here).ResponseP50NS)
	assert.Nil(t, f.Near(900, floor.Machine{Host: "another"}))
	assert.Nil(t, f.Near(0, here))
	assert.Nil(t, (*floor.Floor)(nil).Near(900, here))

	nothing := swept()
	nothing.Sweep.Steps = nothing.Sweep.Steps[2:]
	_, err = floor.Of(nothing)
	assert.EqualError(t, err, "no rate could be kept: too much")
}

func TestFloorIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config", "floor.json")
	f, err := floor.Read(path)
	require.NoError(t, err)
	assert.Nil(t, f, "never calibrated")
	want, err := floor.Of(swept())
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, want.Write(path))
	}
	got, err := floor.Read(path)
	require.NoError(t, err)
	assert.Equal(t, want, got)

	for text, problem := range map[string]string{"{": "cannot be read", `{"schema":"x"}`: `is of schema "x"`} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err = floor.Read(path)
		assert.ErrorContains(t, err, problem)
		assert.ErrorContains(t, err, "mqttrace calibrate makes it anew")
	}
}

// Package floor keeps what a machine can do at best: the harness against its own broker at rising rates, nothing traced. Latencies
// near that floor say more about the machine than about the broker under test. In comes the sweep that calibrates, out goes the
// point that a later run is to be read beside.
package floor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"time"

	"mqttrace/load/result"
)

// schema is the version of the file.
const schema = "mqttrace/floor/1"

// Floor is one machine's.
type Floor struct {
	Schema  string         `json:"schema"`
	Machine Machine        `json:"machine"`
	Tool    string         `json:"tool"` // mqttrace's version
	At      time.Time      `json:"at"`
	Points  []result.Floor `json:"points"` // by rising rate
}

// Machine is what a floor holds for.
type Machine struct {
	Host  string `json:"host"`
	CPU   string `json:"cpu"`
	Cores int    `json:"cores"`
	OS    string `json:"os"`
	Arch  string `json:"arch"`
}

// MachineOf is the machine that a result was measured on.
func MachineOf(e result.Environment) Machine {
	return Machine{Host: e.Host, CPU: e.CPU, Cores: e.Cores, OS: e.OS, Arch: e.Arch}
}

// Of takes the floor from the sweep that calibrates: every rate that the generator kept up with.
func Of(res *result.Result) (*Floor, error) {
	f := &Floor{Schema: schema, Machine: MachineOf(res.Environment), Tool: res.Environment.Tool, At: res.Started}
	if res.Sweep != nil {
		for _, step := range res.Sweep.Steps {
			if p, ok := point(step, res); ok {
				f.Points = append(f.Points, p)
			}
		}
	}
	if len(f.Points) == 0 {
		return nil, fmt.Errorf("no rate could be kept: %s", res.Reason)
	}
	return f, nil
}

// point is what one rate came to, if it was kept.
func point(step result.Step, res *result.Result) (p result.Floor, ok bool) {
	if step.Verdict != result.Pass || len(step.Arms) == 0 {
		return p, false
	}
	a := step.Arms[0]
	response, lag := a.Latency[result.Response], a.Latency[result.ScheduleLag]
	if response.P50NS == nil || response.P99NS == nil || lag.P99NS == nil {
		return p, false
	}
	return result.Floor{
		RatePerS: step.Number, ResponseP50NS: *response.P50NS, ResponseP99NS: *response.P99NS, ScheduleLagP99NS: *lag.P99NS,
		CPUNSPerMessage: a.Cost.CPUNSPerMessage, Measured: res.Started,
	}, true
}

// Near is the point whose rate is nearest to so many messages a second, as a ratio; nil if the floor is another machine's.
func (f *Floor) Near(perSecond float64, machine Machine) *result.Floor {
	if f == nil || f.Machine != machine || perSecond <= 0 {
		return nil
	}
	var nearest *result.Floor
	distance := math.Inf(1)
	for i, p := range f.Points {
		if d := math.Abs(math.Log(p.RatePerS / perSecond)); d < distance {
			nearest, distance = &f.Points[i], d
		}
	}
	return nearest
}

// Path is where this user's floor is kept.
func Path() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fmt.Errorf("there is no place for a calibration: %w", err)
	}
	return filepath.Join(dir, "mqttrace", "floor.json"), nil
}

// Read reads the floor at path; nil if there is none.
func Read(path string) (*Floor, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the calibration: %w", err)
	}
	var f Floor
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("the calibration in %s cannot be read: %w; mqttrace calibrate makes it anew", path, err)
	}
	if f.Schema != schema {
		return nil, fmt.Errorf("the calibration in %s is of schema %q, want %q; mqttrace calibrate makes it anew", path, f.Schema, schema)
	}
	return &f, nil
}

// Write puts the floor at path, in the place of one that is there.
func (f *Floor) Write(path string) error {
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return fmt.Errorf("keeping the calibration: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("keeping the calibration: %w", err)
	}
	temp := path + ".tmp"
	if err := os.WriteFile(temp, append(data, '\n'), 0o644); err != nil {
		return fmt.Errorf("keeping the calibration: %w", err)
	}
	if err := os.Rename(temp, path); err != nil {
		return fmt.Errorf("keeping the calibration: %w", errors.Join(err, os.Remove(temp)))
	}
	return nil
}

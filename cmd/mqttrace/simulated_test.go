package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"mqttrace/load/result"
)

// simulated writes results that no machine is too busy for: so many of one side, whose response times are those of the other times
// a factor. Runs of both sides took turns if the sides are called base and new. What follows changes them: cores=4, broker=2.0.21,
// verdict=invalid, lost=3, arm=off, scenario=NAME, rate=20/s.
//
//	simulated base 6 1
//	simulated new 6 1.3 cores=4
func simulated(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) >= 3, "simulated folder runs factor [setting=value...]")
	runs, err := strconv.Atoi(args[1])
	ts.Check(err)
	factor, err := strconv.ParseFloat(args[2], 64)
	ts.Check(err)
	settings := map[string]string{"cores": "2", "broker": "2.7.9", "verdict": "pass", "lost": "0", "arm": "record", "scenario": "gentle", "rate": "10/s"}
	for _, arg := range args[3:] {
		name, value, isSetting := strings.Cut(arg, "=")
		need(ts, isSetting && settings[name] != "", "setting=value")
		settings[name] = value
	}
	folder := ts.MkAbs(args[0])
	ts.Check(checkFolder(folder))
	for i := range runs {
		r := simulatedRun(i, factor, settings)
		if filepath.Base(folder) == "new" {
			r.Started = r.Started.Add(time.Minute)
		}
		_, err := result.Write(filepath.Join(folder, result.FileName(settings["scenario"], r.Started)), r)
		ts.Check(err)
	}
}

// simulatedRun varies a little from run to run, by the same amounts every time.
func simulatedRun(i int, factor float64, settings map[string]string) *result.Result {
	vary := func(v float64) *int64 {
		ns := int64(v * factor * (1 + 0.01*float64((i*7)%5-2)))
		return &ns
	}
	lost, _ := strconv.ParseUint(settings["lost"], 10, 64)
	cores, _ := strconv.Atoi(settings["cores"])
	p99 := vary(1.2e6)
	return &result.Result{
		Schema: result.Schema, Verdict: result.Verdict(settings["verdict"]), Started: time.Date(2026, 11, 22, 13, 2*i, 0, 0, time.UTC),
		Scenario: json.RawMessage(fmt.Sprintf(`{"name":%q,"duration":"20s","senders":[{"name":"s","rate":%q}]}`, settings["scenario"], settings["rate"])),
		Environment: result.Environment{
			Tool: "v0.1.0", OS: "linux", Arch: "amd64", Cores: cores, Host: "bench", Broker: result.Broker{Name: "embedded", Version: settings["broker"]},
		},
		Arms: []result.Arm{{
			Name: settings["arm"], ElapsedNS: 20e9, Sent: 20_000, Received: 20_000, RatePerS: 1000, ReceivedRatePerS: 1000,
			Latency: map[string]result.Latency{result.Response: {Count: 20_000, MinNS: 1e5, MeanNS: 4e5, P50NS: vary(4e5), P90NS: vary(6e5), P99NS: p99, MaxNS: 5 * *p99}},
			Delivery: result.Delivery{
				Expected: 20_000, Received: 20_000 - lost, Lost: lost,
				Flows: []result.Flow{{Sender: "s", Receiver: "r", QoS: 1, Expected: 20_000, Received: 20_000 - lost, Lost: lost}},
			},
		}},
	}
}

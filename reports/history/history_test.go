package history_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
	"mqttrace/reports/history"
)

// patience is how long a test waits for what must happen; it goes on as soon as that has.
const (
	patience = time.Minute
	poll     = 20 * time.Millisecond
)

var update = flag.Bool("update", false, "write the golden files anew")

// first is when the first run of every test began.
var first = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

func TestGolden(t *testing.T) {
	for name, results := range map[string][]*result.Result{
		"empty":       nil,
		"one":         {run(0)},
		"course":      course(),
		"repeated":    repeated(),
		"several":     several(),
		"uncounted":   {with(run(0), result.Invalid), with(run(1), result.Interrupted)},
		"search":      {search(0, 4000), search(1, 4500)},
		"observation": {run(0), observation()},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, results...)
			if name == "course" { // a page for one, and things that are no results
				write(t, dir, "telemetry-1k-000.html", "<!doctype html>")
				write(t, dir, "deeper/cut.json", `{"schema":"mqttrace/result/1","verd`)
				write(t, dir, "later.json", `{"schema":"mqttrace/result/2"}`)
				write(t, dir, "report.json", `{"schema":"mqttrace/report/1"}`)
				write(t, dir, ".telemetry.json.tmp", "{")
				write(t, dir, ".git/config.json", "{")
				write(t, dir, "notes.txt", "nothing of ours")
			}
			h := read(t, dir, history.Options{})
			for ext, write := range map[string]func(*bytes.Buffer) error{
				".txt":  func(b *bytes.Buffer) error { return history.Text(b, h) },
				".json": func(b *bytes.Buffer) error { return history.JSON(b, h) },
			} {
				var got bytes.Buffer
				require.NoError(t, write(&got))
				golden(t, filepath.Join("testdata", name+ext), got.Bytes())
			}
		})
	}
}

func TestOfARepeatedRunTheMedianCountsOnce(t *testing.T) {
	h := read(t, folder(t, repeated()...), history.Options{})
	require.Len(t, h.Series, 1)
	p50 := h.Series[0].Trends[0]
	require.Len(t, p50.Values, 2)
	assert.Equal(t, history.Value{Median: 310_000, Low: 300_000, High: 350_000, Runs: 3}, *p50.Values[0])
	assert.Equal(t, 2, p50.Values[1].Runs, "the invalid one is in no median")
	assert.InDelta(t, 315_000, p50.Values[1].Median, 0)
	assert.Equal(t, []int{0, 0, 0, 1, 1, 1}, places(h.Series[0]))
}

func places(s history.Series) (points []int) {
	for _, r := range s.Runs {
		points = append(points, r.Point)
	}
	return points
}

func TestTheSameRunInTwoFilesCountsOnce(t *testing.T) {
	dir := folder(t, run(0), run(1))
	again := filepath.Join(dir, "latest")
	require.NoError(t, os.Mkdir(again, 0o777))
	path, err := result.Write(filepath.Join(again, "z.json"), run(1))
	require.NoError(t, err)
	write(t, dir, "latest/z.html", "<!doctype html>")
	h := read(t, dir, history.Options{})
	require.Len(t, h.Series, 1)
	require.Len(t, h.Series[0].Runs, 2)
	assert.Equal(t, 1, h.Copies)
	assert.Equal(t, 3, h.Results)
	assert.Equal(t, "latest/"+filepath.Base(path), h.Series[0].Runs[1].File, "of two that with a page stays")
	assert.Equal(t, "latest/z.html", h.Series[0].Runs[1].Page)
}

func TestTheOldestRunsMakeRoom(t *testing.T) {
	var all []*result.Result
	for i := range 12 {
		all = append(all, run(i))
	}
	h := read(t, folder(t, all...), history.Options{Newest: 5})
	require.Len(t, h.Series, 1)
	assert.Len(t, h.Series[0].Runs, 5)
	assert.Equal(t, 7, h.Series[0].Older)
	assert.Equal(t, first.Add(7*24*time.Hour), h.Series[0].Runs[0].Started)
	var text bytes.Buffer
	require.NoError(t, history.Text(&text, h))
	assert.Contains(t, text.String(), "the newest 5 of 12 runs")
}

func TestReadLeavesItsRunsAlone(t *testing.T) {
	f, err := history.Read(folder(t, repeated()...))
	require.NoError(t, err)
	before, err := json.Marshal(f)
	require.NoError(t, err)
	one, two := history.New(f, history.Options{Newest: 2}), history.New(f, history.Options{})
	assert.Len(t, one.Series[0].Runs, 2)
	assert.Len(t, two.Series[0].Runs, 6)
	after, err := json.Marshal(f)
	require.NoError(t, err)
	assert.JSONEq(t, string(before), string(after))
}

func TestReadRefuses(t *testing.T) {
	dir := t.TempDir()
	_, err := history.Read(filepath.Join(dir, "gone"))
	require.ErrorIs(t, err, os.ErrNotExist)
	write(t, dir, "file", "x")
	_, err = history.Read(filepath.Join(dir, "file"))
	assert.ErrorContains(t, err, "is no folder")
}

// Names come from scenarios and brokers: they must neither steer a terminal nor break a line of its own.
func TestTextOfHostileNames(t *testing.T) {
	r := run(0)
	evil := "\x1b[2J\u202egnp\n<script>alert(1)</script>"
	r.Scenario = scenario(evil)
	r.Environment.Broker.Name, r.Environment.Tool, r.Arms[0].Name = evil, evil, evil
	other := run(1)
	other.Scenario, other.Environment.Broker.Name, other.Arms[0].Name = r.Scenario, evil, evil
	h := read(t, folder(t, r, other), history.Options{})
	var text bytes.Buffer
	require.NoError(t, history.Text(&text, h))
	assert.NotContains(t, text.String(), "\x1b")
	assert.NotContains(t, text.String(), "\u202e")
	assert.Equal(t, 1, strings.Count(text.String(), "last"), text.String())
}

func read(t *testing.T, dir string, opts history.Options) *history.History {
	t.Helper()
	f, err := history.Read(dir)
	require.NoError(t, err)
	return history.New(f, opts)
}

// folder holds results in files named by their place.
func folder(t *testing.T, results ...*result.Result) string {
	t.Helper()
	dir := t.TempDir()
	for i, r := range results {
		_, err := result.Write(filepath.Join(dir, fmt.Sprintf("telemetry-1k-%03d.json", i)), r)
		require.NoError(t, err)
	}
	return dir
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o666))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))
}

func scenario(name string) json.RawMessage {
	text, err := json.Marshal(map[string]any{"name": name, "duration": "20s", "thresholds": []string{"delivery.lost == 0"}})
	if err != nil {
		panic(err) // a string is JSON
	}
	return text
}

// run is a run that passed on the day that is so many after the first.
func run(day int) *result.Result {
	p50, p99, p999 := int64(300_000+1_000*day), int64(1_200_000-10_000*day), int64(4_000_000+50_000*day)
	transit := int64(900_000)
	return &result.Result{
		Schema: result.Schema, Verdict: result.Pass, Started: first.Add(time.Duration(day) * 24 * time.Hour),
		Scenario: scenario("telemetry-1k"),
		Environment: result.Environment{
			Tool: "v0.1.0", OS: "linux", Arch: "amd64", CPU: "Example CPU", Cores: 2, Host: "runner",
			Broker: result.Broker{Name: "mosquitto", Version: "2.0.21"},
		},
		Arms: []result.Arm{{
			Name: "record", ElapsedNS: 20e9, Scheduled: 20_000, Sent: 20_000, Received: 20_000, RatePerS: 1000,
			Latency: map[string]result.Latency{
				result.Response: {Count: 20_000, P50NS: &p50, P99NS: &p99, P999NS: &p999},
				result.Transit:  {Count: 20_000, P99NS: &transit},
			},
			Delivery: result.Delivery{Expected: 20_000, Received: 20_000},
			Cost:     result.Cost{CPUNSPerMessage: 61_234, AllocsPerMessage: 63.1, BrokerCPUNSPerMessage: 25_000},
			Process:  result.Processes{Broker: &result.Process{CPUCores: 0.025}},
		}},
		Faults: []result.Fault{}, Overhead: []result.Difference{}, Thresholds: []result.Threshold{}, Warnings: []result.Warning{},
	}
}

func with(r *result.Result, v result.Verdict) *result.Result {
	r.Verdict, r.Reason = v, "because of the test"
	return r
}

// course is eight days in which the version, the broker, the machine and the scenario changed, one run failed, one is invalid,
// and the last is slower than all before it.
func course() []*result.Result {
	var all []*result.Result
	for day := range 8 {
		r := run(day)
		if day >= 2 {
			r.Environment.Tool = "v0.2.0"
		}
		if day >= 4 {
			r.Environment.Broker.Version = "2.0.22"
		}
		if day >= 5 {
			r.Environment.CPU = "Other CPU"
		}
		if day >= 6 {
			r.Scenario = json.RawMessage(`{"name":"telemetry-1k","duration":"30s"}`)
		}
		all = append(all, r)
	}
	all[1].Arms[0].Delivery.Lost = 3
	with(all[1], result.Fail)
	slow := int64(9_000_000)
	all[3].Arms[0].Latency[result.Response] = result.Latency{Count: 20_000, P50NS: &slow, P99NS: &slow, P999NS: &slow}
	with(all[3], result.Invalid)
	worse := int64(390_000)
	all[7].Arms[0].Latency[result.Response] = result.Latency{Count: 900, P50NS: &worse, P99NS: &worse}
	return all
}

// repeated is two times three runs, of which the last is invalid.
func repeated() []*result.Result {
	var all []*result.Result
	for i, p50 := range []int64{300_000, 350_000, 310_000, 320_000, 310_000, 9_000_000} {
		r := run(i / 3)
		began := r.Started
		r.Started = began.Add(time.Duration(i%3) * time.Minute)
		r.Repetition = &result.Repetition{Run: i%3 + 1, Of: 3, Began: began}
		r.Arms[0].Latency[result.Response] = result.Latency{Count: 20_000, P50NS: &p50}
		all = append(all, r)
	}
	with(all[5], result.Invalid)
	return all
}

// several is two scenarios, one of them on two brokers, the other in two arms, in the order in which they were listed there.
func several() []*result.Result {
	embedded := run(1)
	embedded.Environment.Broker = result.Broker{Name: "embedded", Version: "2.7.9"}
	two := run(2)
	two.Scenario = scenario("cost")
	off := two.Arms[0]
	off.Name = "off"
	two.Arms = []result.Arm{off, two.Arms[0]}
	two.Arms[1].Name = "export"
	return []*result.Result{run(0), embedded, two}
}

func search(day int, rate float64) *result.Result {
	r := run(day)
	r.Sweep = &result.Sweep{Over: "senders[0].rate", Unit: "msg/s", Found: []result.Found{{Arm: "record", Number: rate, Confirmed: true}}}
	return r
}

func observation() *result.Result {
	r := run(1)
	r.Observed = &result.Observed{Sources: []string{"traces.json"}}
	return r
}

func TestLinksLeadFromThePageToTheFile(t *testing.T) {
	for name, tc := range map[string]struct{ page, folder, file, want string }{
		"in the folder":          {"reports/out/history.html", "reports/out", "latest/a.html", "latest/a.html"},
		"above it":               {"history.html", "reports/out", "a.html", "reports/out/a.html"},
		"below it":               {"reports/out/pages/history.html", "reports/out", "a.html", "../a.html"},
		"beside it":              {"pages/history.html", "results", "a.html", "../results/a.html"},
		"printed":                {"", "results", "a.html", "a.html"},
		"like a script":          {"", "results", "javascript:alert(1).html", "./javascript:alert%281%29.html"},
		"like a query":           {"", "results", "a?b#c%20d\"e.html", "a%3Fb%23c%2520d%22e.html"},
		"of a run without pages": {"", "results", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tc.want, history.LinksFrom(tc.page, tc.folder).To(tc.file))
		})
	}
}

package result_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
)

// sample has a value in every kind of field: pointers, nil pointers, maps, raw JSON, floats, large counts.
func sample() *result.Result {
	p50, p99 := int64(412_000), int64(1_203_000)
	return &result.Result{
		Schema:   result.Schema,
		Verdict:  result.Fail,
		Reason:   "response.p99 < 1ms: it was 1.2 ms",
		Started:  time.Date(2026, 11, 22, 13, 45, 0, 123456789, time.UTC),
		Scenario: json.RawMessage(`{"name":"telemetry-1k","note":"<&> ünïcode"}`),
		Environment: result.Environment{
			Tool: "v0.1.0", Go: "go1.26.8", OS: "linux", Arch: "amd64", Cores: 2, Clock: "monotonic, one process",
			Broker: result.Broker{Name: "mosquitto", URL: "mqtt://127.0.0.1:1883", Limits: result.Limits{ReceiveMaximum: 65535, MaximumQoS: 2}},
		},
		Arms: []result.Arm{{
			Name: "record", ElapsedNS: 20e9, Scheduled: 20_000, Sent: 20_000, Received: 1<<64 - 1, RatePerS: 999.999999,
			Latency: map[string]result.Latency{
				result.Response: {Count: 20_000, MinNS: -3, P50NS: &p50, P99NS: &p99, MaxNS: 9e6, Negative: 1, HDR: "HISTFAAAABd4=="},
			},
			Delivery: result.Delivery{Expected: 3, Violations: []string{"QoS 1: 1 lost"}, Flows: []result.Flow{{Sender: "a", Receiver: "b", QoS: 1}}},
			Spans:    &result.Spans{Messages: 20_000, Whole: 19_999, WrongParent: 1},
			Series:   []result.Point{{AtNS: -1e9, Sent: 1000, GeneratorCPU: 0.125}},
			Process:  result.Processes{Generator: &result.Process{CPUNS: 5, RSSBytes: 1 << 25}},
		}},
		Overhead:   []result.Difference{},
		Thresholds: []result.Threshold{{Arm: "record", Expression: "response.p99 < 1ms", Actual: 1_203_000}},
		Warnings:   []result.Warning{{About: "response", Text: "too few"}},
	}
}

func encode(t *testing.T, r *result.Result) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, result.Encode(&b, r))
	return b.Bytes()
}

func TestDecodeReadsWhatEncodeWrote(t *testing.T) {
	want := sample()
	got, err := result.Decode(bytes.NewReader(encode(t, want)))
	require.NoError(t, err)
	assert.JSONEq(t, string(want.Scenario), string(got.Scenario))
	got.Scenario = want.Scenario // indented in the file
	assert.Equal(t, want, got)
}

func TestDecodeRefuses(t *testing.T) {
	whole := string(encode(t, sample()))
	for name, tc := range map[string]struct{ in, want string }{
		"nothing":             {"", "it is empty"},
		"blank":               {" \n\t", "it is empty"},
		"cut off":             {whole[:len(whole)/2], "cut off after"},
		"cut off at the end":  {strings.TrimRight(whole, "\n}"), "cut off after"},
		"garbage after":       {whole + "x", "something follows"},
		"two results":         {whole + whole, "something follows"},
		"not JSON":            {"PASS everything", "not a result: invalid character"},
		"a list":              {"[]", "it is a JSON array, want an object"},
		"no schema":           {"{}", `it has no "schema"`},
		"a later schema":      {`{"schema":"mqttrace/result/2"}`, `schema "mqttrace/result/2": this version reads "mqttrace/result/1"`},
		"a report":            {`{"schema":"mqttrace/report/1"}`, `not a result: it is of schema "mqttrace/report/1"; want "mqttrace/result/1"`},
		"a schema of others":  {`{"schema":1}`, "cannot unmarshal number"},
		"no verdict":          {`{"schema":"mqttrace/result/1"}`, `verdict is ""`},
		"an unknown verdict":  {strings.Replace(whole, `"fail"`, `"meh"`, 1), `verdict is "meh"`},
		"a figure of no type": {strings.Replace(whole, `"sent": 20000`, `"sent": "many"`, 1), "arms.sent"},
		"a negative count":    {strings.Replace(whole, `"sent": 20000`, `"sent": -1`, 1), "arms.sent"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := result.Decode(strings.NewReader(tc.in))
			require.ErrorContains(t, err, tc.want)
			assert.Nil(t, got)
		})
	}
}

func TestDecodeIgnoresFieldsOfLaterVersions(t *testing.T) {
	whole := strings.Replace(string(encode(t, sample())), `"reason"`, `"mood": "good", "reason"`, 1)
	got, err := result.Decode(strings.NewReader(whole))
	require.NoError(t, err)
	assert.Equal(t, result.Fail, got.Verdict)
}

func TestReadNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "half.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"schema"`), 0o600))
	_, err := result.Read(path)
	require.ErrorContains(t, err, path+": not a whole result")

	_, err = result.Read(path + ".gone")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestWriteNeverReplacesAFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.json")
	for _, want := range []string{"a.json", "a-2.json", "a-3.json"} {
		got, err := result.Write(path, sample())
		require.NoError(t, err)
		assert.Equal(t, filepath.Join(dir, want), got)
	}
	_, err := result.Read(path)
	require.NoError(t, err)
	assert.Equal(t, []string{"a-2.json", "a-3.json", "a.json"}, names(t, dir))
}

func TestWriteBySeveralWritersKeepsEveryResult(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			_, err := result.Write(filepath.Join(dir, "a.json"), sample())
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	all := names(t, dir)
	assert.Len(t, all, 8)
	for _, name := range all {
		_, err := result.Read(filepath.Join(dir, name))
		assert.NoError(t, err)
	}
}

func TestWriteLeavesNothingWhenItFails(t *testing.T) {
	dir := t.TempDir()
	unencodable := sample()
	unencodable.Scenario = json.RawMessage("{")
	_, err := result.Write(filepath.Join(dir, "a.json"), unencodable)
	require.ErrorContains(t, err, "encoding the result")
	assert.Empty(t, names(t, dir))

	_, err = result.Write(filepath.Join(dir, "gone", "a.json"), sample())
	require.ErrorIs(t, err, os.ErrNotExist)
}

func names(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestFileName(t *testing.T) {
	at := time.Date(2026, 11, 22, 14, 45, 0, 999, time.FixedZone("CET", 3600))
	assert.Equal(t, "telemetry-1k-20261122T134500Z.json", result.FileName("telemetry-1k", at))
}

// FuzzDecode checks that what Decode accepts, Encode writes and Decode reads again the same: encoded forms are compared
// because equal times may differ in memory.
func FuzzDecode(f *testing.F) {
	var whole bytes.Buffer
	if err := result.Encode(&whole, sample()); err != nil {
		f.Fatal(err)
	}
	f.Add(whole.Bytes())
	f.Add([]byte(`{"schema":"mqttrace/result/1","verdict":"pass"}`))
	f.Add([]byte(`{"schema":"mqttrace/result/2"}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := result.Decode(bytes.NewReader(data))
		if err != nil {
			return
		}
		once := encode(t, first)
		second, err := result.Decode(bytes.NewReader(once))
		require.NoError(t, err)
		require.Equal(t, string(once), string(encode(t, second)))
	})
}

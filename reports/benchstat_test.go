package reports_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/perf/benchfmt"

	"mqttrace/load/result"
	"mqttrace/reports"
)

// readBenchmarks reads with the library that benchstat reads with.
func readBenchmarks(t *testing.T, all ...reports.Saved) (results []*benchfmt.Result) {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, reports.Benchstat(&b, all))
	r := benchfmt.NewReader(&b, "runs.txt")
	for r.Scan() {
		switch rec := r.Result().(type) {
		case *benchfmt.Result:
			results = append(results, rec.Clone())
		case *benchfmt.SyntaxError:
			assert.Fail(t, "not a benchmark", "%v", rec)
		}
	}
	require.NoError(t, r.Err())
	return results
}

func TestBenchstatWritesBenchmarks(t *testing.T) {
	all := readBenchmarks(t, fixtures()["several"]...)
	first := all[0]
	assert.Equal(t, "Response/scenario=telemetry-1k/arm=record-2", first.Name.String())
	assert.Equal(t, 20_000, first.Iters)
	p99, ok := first.Value("p99-sec")
	assert.True(t, ok)
	assert.InDelta(t, 0.001203456, p99, 1e-12)
	for key, want := range map[string]string{"scenario": "telemetry-1k", "broker": "mosquitto 2.0.21", "goos": "linux", "goarch": "amd64", "cpu": ""} {
		assert.Equal(t, want, first.GetConfig(key), key)
	}
	last := all[len(all)-1]
	assert.Equal(t, "tracing-cost", last.GetConfig("scenario"))
	rate, ok := last.Value("msg/s")
	assert.True(t, ok)
	assert.Equal(t, 1000.0, rate)
}

// A run that is invalid must not be averaged with others.
func TestBenchstatKeepsInvalidRunsApart(t *testing.T) {
	verdicts := map[string]bool{}
	for _, r := range readBenchmarks(t, unsaved(passed()), unsaved(invalid()), unsaved(failed()), unsaved(interrupted())) {
		verdicts[r.GetConfig("scenario")+" "+r.GetConfig("verdict")] = true
	}
	assert.Equal(t, map[string]bool{"telemetry-1k ": true, "telemetry-1k invalid": true, "fan-in ": true, "telemetry-1k interrupted": true}, verdicts)
}

func TestBenchstatReadsAnyName(t *testing.T) {
	t.Parallel()
	for name, text := range hostile {
		t.Run(name, func(t *testing.T) {
			for kind, r := range everything() {
				plain, evil := readBenchmarks(t, unsaved(everyString(t, r, "plain"))), readBenchmarks(t, unsaved(everyString(t, r, text)))
				if text == "" {
					continue // which withholds nothing, so that there is more to read
				}
				require.Equal(t, len(plain), len(evil), kind)
				for i := range plain {
					base, parts := evil[i].Name.Parts()
					wantBase, wantParts := plain[i].Name.Parts()
					assert.Equal(t, string(wantBase), string(base))
					assert.Len(t, parts, len(wantParts))
					assert.Equal(t, plain[i].Values, evil[i].Values)
				}
			}
		})
	}
}

func TestBenchstatTellsTheStepsOfASweepApart(t *testing.T) {
	var names []string
	for _, r := range readBenchmarks(t, unsaved(stepped())) {
		if strings.HasPrefix(r.Name.String(), "Response") {
			names = append(names, r.Name.String())
		}
	}
	of := "Response/scenario=telemetry-1k/arm=record"
	assert.Equal(t, []string{of + "-2", of + "/step=100_s-2", of + "/step=1000_s-2", of + "/step=10000_s-2"}, names)

	var combinations []string
	for _, r := range readBenchmarks(t, unsaved(combined("record"))) {
		if name := r.Name.String(); strings.HasPrefix(name, "Response") && strings.Contains(name, "/step=") {
			combinations = append(combinations, name)
		}
	}
	of += "/step="
	assert.Equal(t, []string{of + "64B,_0,_lean-2", of + "4KiB,_0,_lean-2", of + "64B,_1,_lean-2", of + "4KiB,_1,_lean-2"}, combinations)
}

// The command that people run on these files.
func TestBenchstatComparesRuns(t *testing.T) {
	dir := t.TempDir()
	for side, p99 := range map[string]int64{"old": 1_200_000, "new": 2_400_000} {
		var runs []reports.Saved
		for n := range int64(6) {
			r := passed()
			r.Arms[0].Latency[result.Response] = latency(20_000, 211_234, 412_345+n*100, 612_345, p99+n*1000, 4_503_456, 8_103_456)
			runs = append(runs, unsaved(r))
		}
		var b bytes.Buffer
		require.NoError(t, reports.Benchstat(&b, runs))
		require.NoError(t, os.WriteFile(filepath.Join(dir, side+".txt"), b.Bytes(), 0o600))
	}
	out, err := exec.Command("go", "tool", "benchstat", filepath.Join(dir, "old.txt"), filepath.Join(dir, "new.txt")).CombinedOutput()
	require.NoError(t, err, "%s", out)
	text := string(out)
	assert.Contains(t, text, "broker: mosquitto 2.0.21")
	assert.Regexp(t, `(?s)│\s+p99-sec\s+│.*Response/scenario=telemetry-1k/arm=record-2\s+1\.20\dm ± \d+%\s+2\.40\dm ± \d+%\s+\+\d+\.\d+% \(p=0\.002 n=6\)`, text)
}

package reports_test

import (
	"bytes"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
	"mqttrace/reports"
	"mqttrace/reports/format"
)

func TestFormatsHaveNamesAndExtensionsOfTheirOwn(t *testing.T) {
	names, extensions := map[string]bool{}, map[string]bool{}
	for _, f := range reports.Formats {
		names[f.Name], extensions[f.Extension] = true, true
		assert.NotEmpty(t, f.About)
		named, ok := reports.Formats.Named(f.Name)
		assert.True(t, ok && named.Name == f.Name, f.Name)
		of, ok := reports.Formats.Of("results/a-b.c" + f.Extension)
		assert.True(t, ok && of.Name == f.Name, f.Extension)
	}
	assert.Len(t, names, len(reports.Formats))
	assert.Len(t, extensions, len(reports.Formats))
	_, ok := reports.Formats.Named("pdf")
	assert.False(t, ok)
}

func TestFormatOfAFile(t *testing.T) {
	for path, want := range map[string]string{
		"a.txt": "text", "a.json": "json", "a.csv": "csv", "a.xml": "junit", "a.hgrm": "hgrm", "a.md": "markdown", "A.MD": "markdown",
		"a.pdf": "", "a": "", "md": "", "dir.csv/a": "", ".": "",
	} {
		f, ok := reports.Formats.Of(filepath.FromSlash(path))
		assert.Equal(t, want, f.Name, path)
		assert.Equal(t, want != "", ok, path)
	}
}

// Each format is rendered from a few results and compared with what somebody has read.
func TestFormats(t *testing.T) {
	for format, names := range map[string][]string{
		"markdown":   {"pass", "fail", "invalid", "nothing", "four-arms", "faults", "steps", "search", "observed-broken", "several", "small", "shards", "shard"},
		"json":       {"small", "shards"},
		"csv":        {"small"},
		"csv-series": {"faults"},
		"junit":      {"pass", "fail", "invalid", "interrupted", "observed-broken", "several"},
		"benchstat":  {"small", "fail"},
		"hgrm":       {"histogram"},
	} {
		f, ok := reports.Formats.Named(format)
		require.True(t, ok, format)
		for _, name := range names {
			t.Run(format+"/"+name, func(t *testing.T) {
				golden(t, filepath.Join("testdata", name+f.Extension), render(t, f, fixtures()[name]...))
			})
		}
	}
}

// fixtures are results as command lines could name them.
func fixtures() map[string][]reports.Saved {
	return map[string][]reports.Saved{
		"pass":            {{Result: passed(), Path: "results/telemetry-1k-20261122T134500Z.json"}},
		"fail":            {unsaved(failed())},
		"invalid":         {unsaved(invalid())},
		"interrupted":     {unsaved(interrupted())},
		"nothing":         {unsaved(nothing())},
		"four-arms":       {unsaved(arms("off", "context", "record", "export"))},
		"faults":          {unsaved(stressed())},
		"steps":           {unsaved(stepped())},
		"combinations":    {unsaved(combined("record"))},
		"search":          {unsaved(searched())},
		"observed-broken": {unsaved(observedBroken())},
		"several":         {{Result: passed(), Path: "a.json"}, {Result: failed(), Path: "b.json"}, {Result: arms("off", "export"), Path: "c.json"}},
		"small":           {{Result: small(), Path: "small.json"}},
		"shards":          {unsaved(merged())},
		"shard":           {unsaved(ofAShard())},
		"histogram":       {unsaved(withHistogram())},
	}
}

func render(t *testing.T, f reports.Format, all ...reports.Saved) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, f.Write(&b, all, reports.Options{}))
	return b.Bytes()
}

func renderAs(t *testing.T, format string, all ...reports.Saved) []byte {
	t.Helper()
	f, ok := reports.Formats.Named(format)
	require.True(t, ok, format)
	return render(t, f, all...)
}

// formatsOfSeveral are the formats that take several results, and any result.
func formatsOfSeveral() []reports.Format {
	return slices.DeleteFunc(slices.Clone(reports.Formats), func(f reports.Format) bool { return f.IsSingle })
}

func TestFormatsWriteAnyResult(t *testing.T) {
	t.Parallel()
	all := everything()
	all["ten thousand seconds"] = huge()
	all["empty"] = &result.Result{Schema: result.Schema, Verdict: result.Invalid}
	all["a number for a scenario"] = withScenario("7")
	all["no JSON for a scenario"] = withScenario("{")
	all["lists that are null"] = &result.Result{Verdict: result.Fail, Arms: []result.Arm{{}, {}}, Sweep: &result.Sweep{Steps: []result.Step{{}}, Found: []result.Found{{}}}, Observed: &result.Observed{}}
	for _, f := range formatsOfSeveral() {
		for kind, r := range all {
			t.Run(f.Name+"/"+kind, func(t *testing.T) {
				got := render(t, f, unsaved(r))
				assert.True(t, f.Wrote(got[:min(len(got), format.MarkLength)]), "%.80s", got)
			})
		}
		t.Run(f.Name+"/all of them", func(t *testing.T) {
			var saved []reports.Saved
			for _, kind := range slices.Sorted(maps.Keys(all)) {
				saved = append(saved, unsaved(all[kind]))
			}
			assert.NotEmpty(t, render(t, f, saved...))
		})
	}
}

// What hostile names do to each format is for its own tests.
func TestFormatsWriteHostileResults(t *testing.T) {
	t.Parallel()
	for _, f := range formatsOfSeveral() {
		for name, text := range hostile {
			t.Run(f.Name+"/"+name, func(t *testing.T) {
				for _, r := range []*result.Result{failed(), searchedArms(), stressed(), observedBroken(), merged(), ofAShard()} {
					got := render(t, f, reports.Saved{Result: everyString(t, r, text), Path: text})
					assert.True(t, f.Wrote(got[:min(len(got), format.MarkLength)]), "%.80s", got)
				}
			})
		}
	}
}

func TestFormatsReportAWriterThatFails(t *testing.T) {
	for _, f := range reports.Formats {
		assert.ErrorIs(t, f.Write(fullDisk{}, []reports.Saved{unsaved(withHistogram())}, reports.Options{}), errFull, f.Name)
	}
}

func TestOneFormatIsNotTakenForAnother(t *testing.T) {
	saved := unsaved(withHistogram())
	for _, f := range reports.Formats {
		head := render(t, f, saved)
		for _, other := range reports.Formats {
			assert.Equal(t, f.Name == other.Name, other.Wrote(head), "%s for %s", f.Name, other.Name)
		}
		var file bytes.Buffer
		require.NoError(t, result.Encode(&file, saved.Result))
		assert.False(t, f.Wrote(file.Bytes()), "a result for %s", f.Name)
		assert.False(t, f.Wrote(nil), "nothing for %s", f.Name)
	}
}

// small has one of everything.
func small() *result.Result {
	r := passed()
	few := func(name string) result.Arm {
		a := record()
		return result.Arm{
			Name: name, ElapsedNS: a.ElapsedNS, Sent: a.Sent, Received: a.Received, RatePerS: a.RatePerS, Delivery: a.Delivery,
			Latency: map[string]result.Latency{result.Response: latency(200, 211_234, 412_345, 612_345, 1_203_456, 0, 8_103_456)},
		}
	}
	r.Started, r.Repetition = time.Date(2026, 11, 22, 13, 45, 0, 0, time.UTC), &result.Repetition{Run: 2, Of: 5}
	r.Arms = []result.Arm{few("off"), few("on")}
	r.Arms[0].Latency[result.Trace] = result.Latency{Count: 200, Withheld: "12 of 200 traces are broken"}
	r.Overhead = []result.Difference{{Figure: "response.p99_ns", Base: "off", Arm: "on", BaseMean: 1_203_456, Diff: 99, Low: -7, High: 205, Floor: 50}}
	r.Thresholds = []result.Threshold{{Arm: "off", Expression: "response.p99 < 20ms", Actual: 1_203_456, OK: true}}
	r.Warnings = []result.Warning{{About: "run", Text: "the file-descriptor limit was raised"}}
	r.Faults = []result.Fault{{AtNS: 2e9, ForNS: 3e9, Name: "exporter: slow"}}
	r.Sweep = &result.Sweep{
		Over: "senders[0].rate", Unit: "msg/s", Found: []result.Found{{Arm: "off", Number: 100, Limit: result.LimitRange, Confirmed: true}},
		Steps: []result.Step{{Value: "100/s", Number: 100, Role: result.SweepStep, Verdict: result.Pass, Arms: []result.Arm{few("off")}}},
	}
	return r
}

// huge is a run of almost three hours.
func huge() *result.Result {
	r := passed()
	for s := range 10_000 {
		r.Arms[0].Series = append(r.Arms[0].Series, result.Point{
			AtNS: int64(s) * 1e9, LengthNS: 1e9, Scheduled: 1000, Sent: 1000, Received: 1000, P50NS: 412_345, P99NS: 1_203_456, MaxNS: 8_103_456,
			Response: &result.Bins{First: 7, Counts: []uint64{1, 998, 1}}, GeneratorCPU: 0.0612, GeneratorRSS: 48_123_456,
		})
	}
	return r
}

func withScenario(text string) *result.Result {
	r := passed()
	r.Scenario = []byte(text)
	return r
}

// withHistogram has a histogram of its response times: a hundred of 1 ms to 100 ms.
func withHistogram() *result.Result {
	h := hdrhistogram.New(1, int64(10*time.Minute), 3)
	for ms := range int64(100) {
		_ = h.RecordValue((ms + 1) * 1e6) // in range
	}
	encoded, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		panic(err)
	}
	r := passed()
	l := latency(100, 1e6, 50e6, 90e6, 99e6, 0, 100e6)
	l.HDR = string(encoded)
	r.Arms[0].Latency[result.Response] = l
	return r
}

func TestFormatNamesAreWhatHelpSays(t *testing.T) {
	assert.Equal(t, len(reports.Formats), len(reports.Formats.Names()))
	assert.True(t, strings.HasPrefix(strings.Join(reports.Formats.Names(), " "), "text html markdown"))
}

func TestNothingOwedIsNoLoss(t *testing.T) {
	r := passed()
	for i := range r.Arms {
		r.Arms[i].Delivery = result.Delivery{}
	}
	assert.NotContains(t, string(renderAs(t, "markdown", unsaved(r))), "0 of 0")
	assert.Contains(t, string(renderAs(t, "html", unsaved(r))), "no message was owed to anybody")
	r.Verdict = "" // it goes on
	page := string(renderAs(t, "html", unsaved(r)))
	assert.NotContains(t, page, "0 of 0")
	assert.Contains(t, page, "not known yet")
}

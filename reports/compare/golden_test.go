package compare

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
	"mqttrace/reports"
)

var update = flag.Bool("update", false, "write the golden files anew")

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, got, 0o666))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))
}

// quietMachine makes the same runs every time.
func quietMachine() machine { return machine{random: rand.New(rand.NewPCG(11, 12)), noise: 0.5} }

func compared(t testing.TB, base, changed []reports.Saved, opts Options) *Comparison {
	t.Helper()
	c, err := New(base, changed, opts)
	require.NoError(t, err)
	return c
}

func gates(t testing.TB, texts ...string) []Gate {
	t.Helper()
	parsed, err := ParseGates(texts)
	require.NoError(t, err)
	return parsed
}

// edit changes every run of a side.
func edit(runs []reports.Saved, by func(*result.Result)) []reports.Saved {
	for _, r := range runs {
		by(r.Result)
	}
	return runs
}

// secondArm makes every run one of two arms.
func secondArm(r *result.Result) {
	off := r.Arms[0]
	off.Name, off.Spans = "off", nil
	r.Arms = append([]result.Arm{off}, r.Arms...)
}

// comparisons are one of each kind.
func comparisons(t testing.TB) map[string]*Comparison {
	t.Helper()
	all := map[string]*Comparison{}

	base, changed := quietMachine().sides(10, 1.15)
	all["regressed"] = compared(t, base, changed, Options{})
	all["improved"] = compared(t, changed, base, Options{})

	base, changed = quietMachine().sides(10, 1)
	all["same"] = compared(t, base, changed, Options{})
	all["gated"] = compared(t, base, changed, Options{Gates: gates(t, "response.p99 +10%", "cost.allocs_per_message +0.5", "response.mean +1ms +5%")})

	base, changed = quietMachine().sides(1, 1.15)
	all["one-run"] = compared(t, base, changed, Options{})

	base, changed = quietMachine().sides(5, 1.15)
	base, changed = edit(base, secondArm), edit(changed, secondArm)
	all["two-arms"] = compared(t, base, changed, Options{Notes: []string{"turn 3 of 10 (new) failed: exit code 1"}})

	base, changed = quietMachine().sides(4, 1)
	edit(changed, func(r *result.Result) { r.Environment.Broker = result.Broker{Name: "mosquitto", Version: "2.0.21"} })
	edit(changed[2:3], func(r *result.Result) {
		r.Verdict = result.Fail
		r.Arms[0].Delivery = result.Delivery{Lost: 3, Flows: []result.Flow{{QoS: 1, Lost: 3}}}
	})
	edit(changed[3:], func(r *result.Result) {
		r.Verdict, r.Reason = result.Invalid, "the generator did not keep up"
	})
	all["brokers"] = compared(t, base, changed, Options{Allow: []Kind{Broker}, BaseCommand: "mqttrace --broker embedded", NewCommand: "mqttrace --broker mosquitto"})

	hostile := "<script>alert(1)</script> | `x` \x1b[31m @all #1\n" + strings.Repeat("long", 40)
	base, changed = quietMachine().sides(2, 1)
	for _, side := range [][]reports.Saved{base, changed} {
		edit(side, func(r *result.Result) {
			r.Scenario, _ = json.Marshal(map[string]string{"name": hostile})
			r.Environment.Broker.Name, r.Environment.Tool, r.Arms[0].Name = hostile, hostile, hostile
		})
	}
	all["hostile"] = compared(t, base, changed, Options{Notes: []string{hostile}, BaseCommand: hostile})
	return all
}

var renderings = map[string]func(io.Writer, *Comparison) error{
	".txt":  func(w io.Writer, c *Comparison) error { return Text(w, c, TextOptions{}) },
	".md":   Markdown,
	".json": JSON,
	".html": HTML,
}

func TestGolden(t *testing.T) {
	bulky := map[string][]string{".json": {"brokers"}, ".md": {"regressed", "brokers", "two-arms", "hostile"}, ".html": {}}
	for name, c := range comparisons(t) {
		for extension, render := range renderings {
			if some, isBulky := bulky[extension]; isBulky && !slices.Contains(some, name) {
				continue
			}
			t.Run(name+extension, func(t *testing.T) {
				var got bytes.Buffer
				require.NoError(t, render(&got, c))
				golden(t, name+extension, got.Bytes())
			})
		}
	}
}

func TestTextIsNotTooWide(t *testing.T) {
	for name, c := range comparisons(t) {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			require.NoError(t, Text(&got, c, TextOptions{}))
			for l := range strings.SplitSeq(got.String(), "\n") {
				assert.LessOrEqual(t, utf8.RuneCountInString(l), width, l)
				assert.Equal(t, strings.TrimRight(l, " "), l, "blanks at the end")
				assert.NotContains(t, l, "\x1b")
			}
		})
	}
}

func TestColorsAreForTerminals(t *testing.T) {
	var got bytes.Buffer
	require.NoError(t, Text(&got, comparisons(t)["regressed"], TextOptions{Color: true}))
	assert.Contains(t, got.String(), "\x1b[1;31mREGRESSED\x1b[0m")
	assert.Contains(t, got.String(), "\x1b[31mregressed\x1b[0m")
}

func TestJSONIsReadBack(t *testing.T) {
	var got bytes.Buffer
	c := comparisons(t)["regressed"]
	require.NoError(t, JSON(&got, c))
	var read Comparison
	require.NoError(t, json.Unmarshal(got.Bytes(), &read))
	assert.Equal(t, Schema, read.Schema)
	assert.Equal(t, c.Verdict, read.Verdict)
	f := figureNamed(t, &read, "response.p99")
	assert.Equal(t, Regressed, f.Verdict)
	assert.Len(t, f.Base.Values, 10)
	assert.Greater(t, *f.Difference, 0.0)
	assert.Greater(t, f.Interval.Low, 0.0)
	assert.Less(t, *f.PCorrected, 0.05)
}

func TestWritersThatFailAreReported(t *testing.T) {
	for extension, render := range renderings {
		assert.ErrorIs(t, render(fullDisk{}, comparisons(t)["one-run"]), os.ErrDeadlineExceeded, extension)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

var at = time.Date(2026, 11, 22, 13, 0, 0, 0, time.UTC)

func ExampleText() {
	m := machine{random: rand.New(rand.NewPCG(1, 2)), noise: 1}
	c, err := New([]reports.Saved{m.run(at, 1)}, []reports.Saved{m.run(at.Add(time.Minute), 1)}, Options{})
	fmt.Println(c.Verdict, err)
	// Output: inconclusive <nil>
}

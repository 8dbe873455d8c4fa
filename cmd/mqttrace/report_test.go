package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load"
	"mqttrace/load/result"
	"mqttrace/reports"
	"mqttrace/scenarios"
)

// Reports list figures on their own, for they know results alone: each that a threshold may be about must be there, in its unit.
func TestReportsHaveTheFiguresOfThresholds(t *testing.T) {
	t.Setenv("GORACE", raceOptions)
	s := newShell(t, load.Run, "--json", "--quiet")
	s.file(t, "a.yaml", strings.Replace(brief, "arm: record", "arm: export", 1))
	require.Equal(t, 0, run(s.world), s.stderr.String())
	res, err := result.Decode(&s.stdout)
	require.NoError(t, err)
	var page bytes.Buffer
	require.NoError(t, reports.JSON(&page, []reports.Saved{{Result: res}}))
	var report struct {
		Results []struct {
			Arms []struct {
				Figures map[string]struct {
					Value float64
					Unit  string
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal(page.Bytes(), &report))
	units := map[scenarios.Unit][]string{scenarios.Nanoseconds: {"ns"}, scenarios.PerSecond: {"msg/s"}, scenarios.Count: {"count", "B"}}
	compared := 0
	for _, f := range scenarios.Figures() {
		want, missing := res.Arms[0].Figure(f.Name)
		if missing != "" {
			continue
		}
		got, ok := report.Results[0].Arms[0].Figures[f.Name]
		assert.True(t, ok || want == 0, f.Name)
		assert.Equal(t, want, got.Value, f.Name)
		assert.True(t, !ok || slices.Contains(units[f.Unit], got.Unit), "%s in %s", f.Name, got.Unit)
		compared++
	}
	assert.Greater(t, compared, 60)
}

// What stands where a report is to go stays, the result is kept all the same, and the other reports are written.
func TestRunReplacesNothingByAReport(t *testing.T) {
	s := newShell(t, measured(result.Pass), "--report", "markdown,csv")
	out := filepath.Join(s.dir, "out")
	require.NoError(t, os.Mkdir(out, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(out, "sensors-19700101T000000Z.md"), []byte("mine"), 0o600))
	assert.Equal(t, 1, run(s.world))
	assert.Contains(t, s.stderr.String(), "no report in the format markdown: open "+filepath.Join(out, "sensors-19700101T000000Z.md")+": file exists")
	assert.Len(t, s.results(t), 3)
	kept, err := os.ReadFile(filepath.Join(out, "sensors-19700101T000000Z.md"))
	require.NoError(t, err)
	assert.Equal(t, "mine", string(kept))
	assert.Contains(t, s.stdout.String(), "sensors-19700101T000000Z.csv")
	assert.NotContains(t, s.stdout.String(), "sensors-19700101T000000Z.md")
}

var readmeReport = regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| `(\\.[a-z.]+)` \\| .* \\| `mqttrace (report [^`]*)` \\|$")

// Each format has a row in the README, with a command that writes it.
func TestReadmeShowsEveryFormat(t *testing.T) {
	rows := readmeReport.FindAllStringSubmatch(atRoot(t), -1)
	s := newShell(t, load.Run, "--quiet")
	s.file(t, "a.yaml", brief)
	require.Equal(t, 0, run(s.world), s.stderr.String())
	kept := s.results(t)[0]
	var shown []string
	for _, row := range rows {
		name, extension, words := row[1], row[2], strings.Fields(row[3])
		shown = append(shown, name)
		t.Run(name, func(t *testing.T) {
			format, ok := reports.Formats.Named(name)
			require.True(t, ok)
			assert.Equal(t, format.Extension, extension)
			s.args = words
			for i, word := range words {
				switch {
				case strings.HasPrefix(word, "results/"):
					s.args[i] = kept
				case i > 0 && words[i-1] == "-o":
					s.args[i] = filepath.Join(s.dir, word)
				}
			}
			s.stdout.Reset()
			require.Equal(t, 0, run(s.world), s.stderr.String())
			written := s.stdout.Bytes()
			if words[len(words)-2] == "-o" {
				var err error
				written, err = os.ReadFile(words[len(words)-1])
				require.NoError(t, err)
			}
			assert.True(t, format.Wrote(written), "%.80s", written)
		})
	}
	assert.Equal(t, reports.Formats.Names(), shown)
}

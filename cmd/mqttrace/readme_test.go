package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kballard/go-shellquote"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load"
	"mqttrace/load/broker/brokertest"
	"mqttrace/load/result"
	"mqttrace/scenarios"
)

// atRoot goes to the repository's root, where the commands of the README are given, and returns the README.
func atRoot(t *testing.T) string {
	t.Helper()
	t.Chdir(filepath.Join("..", ".."))
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	return string(text)
}

var readmeCommand = regexp.MustCompile(`(?m)^    (mqttrace|make|export)\b(.*)$`)

func TestCommandsOfTheReadmeWork(t *testing.T) {
	readme := atRoot(t)
	makefile, err := os.ReadFile("Makefile")
	require.NoError(t, err)
	found := map[string]int{}
	for _, m := range readmeCommand.FindAllStringSubmatch(readme, -1) {
		program, rest := m[1], m[2]
		words, _, _ := strings.Cut(rest, "#")
		words, _, _ = strings.Cut(words, ">")
		found[program]++
		t.Run(program+strings.TrimRight(words, " "), func(t *testing.T) {
			switch program {
			case "make":
				for _, target := range strings.Fields(words) {
					if strings.Contains(target, "=") {
						continue // a variable
					}
					assert.Regexp(t, "(?m)^"+target+":", string(makefile))
				}
			case "mqttrace":
				args, err := shellquote.Split(words)
				require.NoError(t, err)
				typed(t, args)
			}
		})
	}
	assert.GreaterOrEqual(t, found["mqttrace"], 8)
	assert.GreaterOrEqual(t, found["make"], 4)
}

// typed runs a command line as far as that takes neither a port nor time: a run passes at once, a broker explains itself, and
// results are those of such a run.
func typed(t *testing.T, args []string) {
	t.Helper()
	s := newShell(t, measured(result.Pass))
	s.args = nil
	for _, arg := range args {
		if files, err := filepath.Glob(arg); err == nil && len(files) > 0 {
			s.args = append(s.args, files...)
			continue
		}
		s.args = append(s.args, arg)
	}
	switch args[0] {
	case "run":
		s.args = append(s.args, "--out", filepath.Join(s.dir, "out"))
	case "report":
		for i, arg := range s.args {
			if strings.HasPrefix(arg, "results/") {
				s.args[i] = s.file(t, "r.json", `{"schema": "mqttrace/result/1", "verdict": "pass"}`)
			}
		}
	case "broker", "calibrate", "history", "compare", "merge": // what they want is not there
		s.args = slices.Insert(s.args, 1, "--help") // before a --, behind which there are no flags
	}
	assert.Equal(t, 0, run(s.world), s.stderr.String())
	assert.NotEmpty(t, s.stdout.String())
}

var readmeYAML = regexp.MustCompile("(?s)```yaml\n(.*?)```")

func TestScenariosOfTheReadmeAreSound(t *testing.T) {
	readme := atRoot(t)
	dir := t.TempDir()
	require.NoError(t, os.Rename(brokertest.NewAuthority(t, dir).File, filepath.Join(dir, "ca.pem")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "password.txt"), []byte("secret\n"), 0o600))
	blocks := readmeYAML.FindAllStringSubmatch(readme, -1)
	assert.GreaterOrEqual(t, len(blocks), 6)
	for _, b := range blocks {
		text := b[1]
		if !strings.Contains(text, "senders:") {
			text += okScenario // only a part is shown
		}
		_, err := scenarios.Decode(filepath.Join(dir, "readme.yaml"), []byte(text))
		assert.NoError(t, err)
	}
}

func TestReadmeNamesEveryVerb(t *testing.T) {
	readme := atRoot(t)
	for _, c := range new(app).rootCommand().Commands() {
		if c.IsAvailableCommand() {
			assert.True(t, strings.Contains(readme, "`"+c.Name()), "the README does not explain the verb %s", c.Name())
		}
	}
}

var readmeLink = regexp.MustCompile(`\]\(([^):]+)\)`)

func TestLinksOfTheReadmeLeadSomewhere(t *testing.T) {
	links := readmeLink.FindAllStringSubmatch(atRoot(t), -1)
	assert.GreaterOrEqual(t, len(links), 6)
	for _, l := range links {
		assert.FileExists(t, filepath.FromSlash(l[1]))
	}
}

var readmeSummary = regexp.MustCompile("(?s)```\n(PASS  .*?)```")

// The figures in the README are those of a real run and stay; what stands around them must be what a run shows today.
func TestSummaryOfTheReadmeIsUpToDate(t *testing.T) {
	shown := readmeSummary.FindStringSubmatch(atRoot(t))
	require.NotNil(t, shown)
	s := newShell(t, load.Run, "--quiet", "--set", "thresholds=[delivery.lost == 0]")
	s.file(t, "a.yaml", brief)
	require.Equal(t, 0, run(s.world), s.stderr.String())
	assert.Equal(t, frame(s.stdout.String()), frame(shown[1]))
}

var column = regexp.MustCompile(`^[a-z_]+`)

// frame is a summary without its figures: headings as they are, the first word of every other row of a table.
func frame(summary string) (lines []string) {
	for paragraph := range strings.SplitSeq(strings.TrimSpace(summary), "\n\n") {
		rows := strings.Split(paragraph, "\n")
		switch first := column.FindString(rows[0]); first {
		case "latency", "delivery", "rate", "cost", "threshold":
			lines = append(lines, strings.Join(strings.Fields(rows[0]), " "))
			for _, r := range rows[1:] {
				if word := column.FindString(r); word != "" {
					lines = append(lines, word)
				}
			}
		case "slowest":
			lines = append(lines, strings.Join(strings.Fields(rows[0]), " "))
		case "result":
			lines = append(lines, first)
		}
	}
	return lines
}

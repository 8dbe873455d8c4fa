package workflows

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// binaries is a folder with mqttrace, made by the first test that wants it.
var binaries struct {
	sync.Once
	dir string
	err error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if binaries.dir != "" {
		_ = os.RemoveAll(binaries.dir)
	}
	os.Exit(code)
}

func buildBinaries() {
	if binaries.dir, binaries.err = os.MkdirTemp("", "mqttrace-workflows-"); binaries.err != nil {
		return
	}
	cmd := exec.Command("go", "build", "-o", binaries.dir+string(filepath.Separator), "./cmd/mqttrace")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		binaries.err = fmt.Errorf("%w: %s", err, out)
	}
}

// build puts mqttrace where the scripts look for it.
func (c clone) build(t *testing.T) {
	t.Helper()
	binaries.Do(buildBinaries)
	require.NoError(t, binaries.err)
	require.NoError(t, os.Symlink(binaries.dir, filepath.Join(c.dir, "bin")))
}

// latency calls the script that make latency calls.
func (c clone) latency(t *testing.T, brokers string, scenarios ...string) (said string, code int) {
	t.Helper()
	for i, name := range scenarios {
		scenarios[i] = absolute(t, filepath.Join("testdata", "workspace", name))
	}
	cmd := exec.Command(filepath.Join(c.dir, ".ci", "latency"), scenarios...)
	cmd.Env = append(os.Environ(), "LATENCY_BROKER="+brokers, "GITHUB_ACTIONS=")
	out, _ := cmd.CombinedOutput() // the code tells
	return string(out), cmd.ProcessState.ExitCode()
}

// published lists the files below reports/out that a pattern finds.
func (c clone) published(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(c.dir, "reports", "out", filepath.FromSlash(pattern)))
	require.NoError(t, err)
	return found
}

// What make latency does here and in the workflow, and make history on another machine after it.
func TestRunsArePublishedAndKept(t *testing.T) {
	t.Parallel()
	origin := newOrigin(t)
	c := newClone(t, origin)
	c.build(t)
	said, code := c.latency(t, "embedded mosquitto", "load/gentle.yaml", "load/twin.yaml")
	require.Equal(t, 0, code, said)
	for _, pattern := range []string{"runs/*/*.json", "runs/*/*.html", "runs/*/*.md"} {
		assert.Len(t, c.published(t, pattern), 4, pattern)
	}
	summary := read(t, filepath.Join(c.dir, "reports", "out", "summary.md"))
	for _, name := range []string{"gentle", "twin", "embedded", "mosquitto"} {
		assert.Contains(t, summary, name)
	}
	assert.Contains(t, read(t, filepath.Join(c.dir, "reports", "out", "index.html")), `<a href="history.html">History</a>`)
	said, err := c.history(t, "keep")
	require.NoError(t, err, said)

	later := newClone(t, origin)
	later.build(t)
	said, code = later.latency(t, "embedded", "load/gentle.yaml")
	require.Equal(t, 0, code, said)
	said, err = later.history(t, "pages")
	require.NoError(t, err, said)
	assert.Len(t, later.published(t, "runs/*/*.json"), 5)
	assert.Len(t, later.published(t, "runs/*/*.html"), 5, "the reports are made anew from the results")
	page := read(t, filepath.Join(later.dir, "reports", "out", "history.html"))
	assert.Contains(t, page, "gentle on embedded")
	assert.Contains(t, page, "gentle on mosquitto")
	assert.Contains(t, page, "2 runs, ")
}

func TestAMissedThresholdIsPublishedAndFails(t *testing.T) {
	t.Parallel()
	c := newClone(t, newOrigin(t))
	c.build(t)
	said, code := c.latency(t, "embedded", "missed.yaml")
	assert.Equal(t, 3, code, said)
	assert.Contains(t, said, "a threshold was missed")
	assert.Contains(t, read(t, filepath.Join(c.dir, "reports", "out", "summary.md")), "response.p50")
	assert.Len(t, c.published(t, "index.html"), 1)

	said, code = c.latency(t, "embedded", "mistaken.yaml")
	assert.Equal(t, 2, code, said)
	assert.Len(t, c.published(t, "runs/*"), 1, "no folder of nothing")
}

func TestPagesWithoutABranchAreOfTheRunsThatAreHere(t *testing.T) {
	t.Parallel()
	c := newClone(t, newOrigin(t))
	c.build(t)
	said, code := c.latency(t, "embedded", "load/gentle.yaml")
	require.Equal(t, 0, code, said)
	said, err := c.history(t, "pages")
	require.NoError(t, err, said)
	assert.Contains(t, said, "there is no branch latency-history at origin")
	c.git(t, "remote", "remove", "origin")
	said, err = c.history(t, "pages")
	require.NoError(t, err, said)
	assert.Contains(t, said, "the pages are of the runs that are here")
}

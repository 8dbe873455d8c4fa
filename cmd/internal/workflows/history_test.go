package workflows

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// clone is a working copy with what the scripts in .ci need, whose origin is a repository beside it.
type clone struct{ dir, origin string }

func newClone(t *testing.T, origin string) clone {
	t.Helper()
	c := clone{filepath.Join(t.TempDir(), "copy"), origin}
	require.NoError(t, os.CopyFS(filepath.Join(c.dir, ".ci"), os.DirFS(filepath.Join(root, ".ci"))))
	c.git(t, "init", "--quiet")
	c.git(t, "remote", "add", "origin", origin)
	return c
}

func newOrigin(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "origin.git")
	require.NoError(t, exec.Command("git", "init", "--quiet", "--bare", dir).Run())
	return dir
}

func (c clone) git(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = c.dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	return strings.TrimSpace(string(out))
}

// measure leaves a result, as make latency does.
func (c clone) measure(t *testing.T, run string, files ...string) {
	t.Helper()
	dir := filepath.Join(c.dir, "reports", "out", "runs", run)
	require.NoError(t, os.MkdirAll(dir, 0o777))
	for _, name := range files {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(run+" "+name), 0o666))
	}
}

// history calls the script.
func (c clone) history(t *testing.T, verb string, env ...string) (said string, err error) {
	t.Helper()
	cmd := exec.Command(filepath.Join(c.dir, ".ci", "history"), verb)
	cmd.Dir = t.TempDir() // it knows where it is
	cmd.Env = append(append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null"), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// kept lists what is on the branch.
func (c clone) kept(t *testing.T, branch string) []string {
	t.Helper()
	return strings.Split(c.git(t, "--git-dir="+c.origin, "ls-tree", "-r", "--name-only", branch), "\n")
}

func TestHistoryKeepsResultsOnABranchOfItsOwn(t *testing.T) {
	origin := newOrigin(t)
	first := newClone(t, origin)
	first.measure(t, "20261101T000000Z", "a.json", "a.html", "a.md")
	said, err := first.history(t, "keep")
	require.NoError(t, err, said)
	assert.Contains(t, said, "1 results are on the branch latency-history")

	second := newClone(t, origin) // another machine, that knows nothing of the first
	second.measure(t, "20261102T000000Z", "a.json", "b.json")
	said, err = second.history(t, "keep")
	require.NoError(t, err, said)
	assert.Equal(t, []string{
		"runs/20261101T000000Z/a.json", "runs/20261102T000000Z/a.json", "runs/20261102T000000Z/b.json",
	}, second.kept(t, "latency-history"))
	assert.Equal(t, "1", second.git(t, "--git-dir="+origin, "rev-list", "--count", "latency-history"), "commits")
	assert.Equal(t, "20261101T000000Z a.json", second.git(t, "--git-dir="+origin, "show", "latency-history:runs/20261101T000000Z/a.json"))
	assert.Empty(t, second.git(t, "diff", "--cached", "--name-only"), "the index is left alone")

	said, err = second.history(t, "keep") // again: it is there already
	require.NoError(t, err, said)
	assert.Len(t, second.kept(t, "latency-history"), 3)
}

func TestHistoryForgetsTheOldest(t *testing.T) {
	c := newClone(t, newOrigin(t))
	for day := range 5 {
		c.measure(t, fmt.Sprintf("2026110%dT000000Z", day+1), "a.json", "b.json")
	}
	said, err := c.history(t, "keep", "HISTORY_KEEP=2", "HISTORY_BRANCH=runs-of-mine")
	require.NoError(t, err, said)
	assert.Equal(t, []string{
		"runs/20261104T000000Z/a.json", "runs/20261104T000000Z/b.json", "runs/20261105T000000Z/a.json", "runs/20261105T000000Z/b.json",
	}, c.kept(t, "runs-of-mine"))
}

// Two jobs may keep their runs at the same time. Here the second pushes whenever the first is about to: its lease fails, and it
// begins anew until the other is done.
func TestHistoryLosesNothingToAnother(t *testing.T) {
	origin := newOrigin(t)
	c, other := newClone(t, origin), newClone(t, origin)
	c.measure(t, "20261101T000000Z", "a.json")
	other.measure(t, "20261102T000000Z", "a.json")
	hook := filepath.Join(c.dir, ".git", "hooks", "pre-push")
	require.NoError(t, os.MkdirAll(filepath.Dir(hook), 0o777))
	require.NoError(t, os.WriteFile(hook, []byte("#!/bin/sh\nrm \"$0\"\nunset GIT_DIR GIT_INDEX_FILE GIT_PREFIX\n"+filepath.Join(other.dir, ".ci", "history")+" keep\n"), 0o777))
	said, err := c.history(t, "keep")
	require.NoError(t, err, said)
	assert.NoFileExists(t, hook, "it ran")
	assert.Equal(t, []string{"runs/20261101T000000Z/a.json", "runs/20261102T000000Z/a.json"}, c.kept(t, "latency-history"))
}

func TestHistorySaysWhatIsWrong(t *testing.T) {
	c := newClone(t, filepath.Join(t.TempDir(), "gone.git"))
	c.measure(t, "20261101T000000Z", "a.json")
	said, err := c.history(t, "keep")
	assert.Error(t, err)
	assert.Contains(t, said, "gone.git")

	said, err = c.history(t, "forget")
	assert.Error(t, err)
	assert.Contains(t, said, "usage: .ci/history keep")
}

package workflows

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// commitBase commits what the script builds as the base: a program that is mqttrace.
func (c clone) commitBase(t *testing.T) {
	t.Helper()
	const module = "module base\n\ngo 1.26\n"
	const program = `package main

import (
	"os"
	"os/exec"
)

func main() {
	cmd := exec.Command(os.Getenv("MQTTRACE"), os.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	_ = cmd.Run() // the code tells
	os.Exit(cmd.ProcessState.ExitCode())
}
`
	dir := filepath.Join(c.dir, "cmd", "mqttrace")
	require.NoError(t, os.MkdirAll(dir, 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(c.dir, "go.mod"), []byte(module), 0o666))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o666))
	c.git(t, "add", "go.mod", "cmd")
	c.git(t, "-c", "user.name=a", "-c", "user.email=a@localhost", "commit", "--quiet", "-m", "base")
}

// compare calls the script that make latency-compare calls, once on each side.
func (c clone) compare(t *testing.T, base, scenario string) (said string, code int) {
	t.Helper()
	cmd := exec.Command(filepath.Join(c.dir, ".ci", "latency-compare"))
	cmd.Env = append(os.Environ(), "BASE="+base, "COMPARE_RUNS=1", "MQTTRACE="+filepath.Join(binaries.dir, "mqttrace"),
		"COMPARE_SCENARIO="+absolute(t, filepath.Join("testdata", "workspace", scenario)))
	out, _ := cmd.CombinedOutput() // the code tells
	return string(out), cmd.ProcessState.ExitCode()
}

func TestAComparisonSaysWhatCameOfItInAnyCase(t *testing.T) {
	t.Parallel()
	c := newClone(t, newOrigin(t))
	c.build(t)
	c.commitBase(t)
	page := filepath.Join(c.dir, "reports", "out", "comparison.md")

	said, code := c.compare(t, "no-such-commit", "load/gentle.yaml")
	assert.Equal(t, 2, code, said)
	assert.Contains(t, said, "there is no commit 'no-such-commit'")

	said, code = c.compare(t, "HEAD", "load/gentle.yaml")
	require.Equal(t, 0, code, said)
	assert.Contains(t, said, "one run a side says nothing")
	assert.Contains(t, read(t, page), "INCONCLUSIVE · gentle")

	said, code = c.compare(t, "HEAD", "mistaken.yaml")
	assert.Equal(t, 1, code, said)
	assert.Contains(t, read(t, page), "## ⚠️ Nothing to compare")
	assert.Contains(t, read(t, page), "mqttrace: nothing to compare: 0 turns of base and 0 of new have a result")
}

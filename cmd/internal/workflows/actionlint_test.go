package workflows

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// notKnownYet are messages of actionlint v1.7.12 about what GitHub has come to allow since.
var notKnownYet = []string{
	`unexpected key "(entrypoint|command)" for "services" section`, // since April 2026
}

// actionlint reads workflows of a repository and returns what it says, one line each, and how it ended. It checks their scripts
// too where there is a shellcheck.
func actionlint(t *testing.T, repository string, paths ...string) (said string, err error) {
	t.Helper()
	args := []string{"tool", "-modfile=" + absolute(t, "actionlint.mod"), "actionlint", "-oneline", "-no-color", "-pyflakes="}
	for _, message := range notKnownYet {
		args = append(args, "-ignore", message)
	}
	for _, path := range paths {
		args = append(args, absolute(t, path))
	}
	cmd := exec.Command("go", args...)
	cmd.Dir = repository
	cmd.Env = append(os.Environ(), "GOFLAGS=")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	require.NoError(t, err)
	return path
}

func TestActionlintHasNothingToSay(t *testing.T) {
	said, err := actionlint(t, root, files(t)...)
	require.NoError(t, err, said)
	assert.Empty(t, said)
}

// What actionlint is to find, in the action's inputs above all: they are what its metadata says.
func TestActionlintFindsMistakes(t *testing.T) {
	dir := t.TempDir()
	workflows := filepath.Join(dir, ".github", "workflows")
	require.NoError(t, os.MkdirAll(workflows, 0o777))
	require.NoError(t, os.Mkdir(filepath.Join(dir, ".git"), 0o777)) // it looks for the repository that a workflow is in
	require.NoError(t, os.CopyFS(filepath.Join(dir, "resources", "github-action"), os.DirFS(filepath.Join(root, "resources", "github-action"))))
	path := filepath.Join(workflows, "test.yml")
	for name, tc := range map[string]struct{ text, want string }{
		"an unknown key": {
			"on: push\njobs: {a: {runs-on: ubuntu-24.04, step: []}}", `unexpected key "step"`,
		},
		"an input that the action does not have": {
			"on: push\njobs: {a: {runs-on: ubuntu-24.04, steps: [{uses: ./resources/github-action, with: {scenarios: a.yaml, brokr: b}}]}}",
			`input "brokr" is not defined in action "mqttrace"`,
		},
		"an input that the action needs": {
			"on: push\njobs: {a: {runs-on: ubuntu-24.04, steps: [{uses: ./resources/github-action}]}}", `missing input "scenarios"`,
		},
		"an output that the action does not have": {
			"on: push\njobs: {a: {runs-on: ubuntu-24.04, steps: [{id: m, uses: ./resources/github-action, with: {scenarios: a}}, {run: 'exit ${{ steps.m.outputs.verdct }}'}]}}",
			`property "verdct" is not defined`,
		},
		"a script that can be injected": {
			"on: issues\njobs: {a: {runs-on: ubuntu-24.04, steps: [{run: 'echo ${{ github.event.issue.title }}'}]}}", "potentially untrusted",
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, os.WriteFile(path, []byte(tc.text), 0o666))
			said, err := actionlint(t, root, path)
			assert.Error(t, err)
			assert.Contains(t, said, tc.want)
		})
	}
}

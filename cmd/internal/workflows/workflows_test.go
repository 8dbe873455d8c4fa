package workflows

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// root is the repository's.
const root = "../../.."

// workflow is what the tests look at of a file in .github/workflows.
type workflow struct {
	Permissions map[string]string `json:"permissions"`
	Concurrency map[string]any    `json:"concurrency"`
	Jobs        map[string]job    `json:"jobs"`
}

type job struct {
	Timeout     int               `json:"timeout-minutes"`
	Permissions map[string]string `json:"permissions"`
	Steps       []step            `json:"steps"`
	Services    map[string]struct {
		Image string `json:"image"`
	} `json:"services"`
}

type step struct {
	Uses  string            `json:"uses"`
	Run   string            `json:"run"`
	Shell string            `json:"shell"`
	Env   map[string]string `json:"env"`
	With  map[string]any    `json:"with"`
}

// files are the workflows.
func files(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*"))
	require.NoError(t, err)
	require.NotEmpty(t, found)
	return found
}

func decode[T any](t *testing.T, path string) (into T) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, &into), path)
	return into
}

// eachWorkflow runs a test on every workflow.
func eachWorkflow(t *testing.T, test func(t *testing.T, text string, w workflow)) {
	for _, path := range files(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			test(t, string(text), decode[workflow](t, path))
		})
	}
}

// plain are the lines that steps have besides make targets: each takes what a target made to where only the host can.
var plain = []string{
	`cat reports/out/summary.md >>"$GITHUB_STEP_SUMMARY"`,
	`cat reports/out/bench-load.md >>"$GITHUB_STEP_SUMMARY"`,
	`cat reports/out/comparison.md >>"$GITHUB_STEP_SUMMARY"`,
	`gh pr comment "$PULL_REQUEST" --edit-last --create-if-none --body-file comparison.md`,
}

var (
	makeTargets = regexp.MustCompile(`^make( [a-z-]+)+( [A-Z_]+=[A-Za-z0-9^./-]+)*$`)
	target      = regexp.MustCompile(` ([a-z-]+)`)
)

func TestStepsAreMakeTargets(t *testing.T) {
	makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
	require.NoError(t, err)
	eachWorkflow(t, func(t *testing.T, _ string, w workflow) {
		for name, j := range w.Jobs {
			for _, s := range j.Steps {
				if s.Run == "" || slices.Contains(plain, s.Run) {
					continue
				}
				assert.Regexp(t, makeTargets, s.Run, name)
				for _, m := range target.FindAllStringSubmatch(s.Run, -1) {
					assert.Regexp(t, "(?m)^"+m[1]+":", string(makefile), name)
				}
			}
		}
	})
}

// granted is what jobs may do besides reading the repository's contents.
var granted = map[string]map[string]string{
	"history": {"contents": "write"},
	"deploy":  {"pages": "write", "id-token": "write"},
	"comment": {"pull-requests": "write"},
}

func TestPermissionsAreThoseNeeded(t *testing.T) {
	eachWorkflow(t, func(t *testing.T, text string, w workflow) {
		assert.Equal(t, map[string]string{"contents": "read"}, w.Permissions)
		assert.NotContains(t, text, "pull_request_target", "it runs with the rights of the base")
		assert.NotContains(t, text, "secrets.")
		for name, j := range w.Jobs {
			assert.Equal(t, granted[name], j.Permissions, name)
		}
	})
}

// A job that may write runs nothing of a pull request: it has no sources, or only those of main.
func TestJobsThatMayWriteRunNothingOfAPullRequest(t *testing.T) {
	eachWorkflow(t, func(t *testing.T, text string, w workflow) {
		for name, j := range w.Jobs {
			runsSources := slices.ContainsFunc(j.Steps, func(s step) bool { return strings.HasPrefix(s.Uses, "actions/checkout@") })
			if len(j.Permissions) > 0 && runsSources {
				assert.Equal(t, "history", name)
				assert.Contains(t, text, "github.event_name != 'pull_request' && github.ref == 'refs/heads/main'")
			}
		}
	})
}

// aCommit and aVersion are what an action may be named by; versions are for those of the host itself.
var (
	aCommit  = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)
	aVersion = regexp.MustCompile(`^actions/[\w-]+@v\d+(\.\d+)*$`)
	anImage  = regexp.MustCompile(`^[\w./-]+:\d+(\.\d+)+$`)
)

func assertPinned(t *testing.T, steps []step) {
	t.Helper()
	for _, s := range steps {
		isLocal := strings.HasPrefix(s.Uses, "./")
		assert.True(t, s.Uses == "" || isLocal || aCommit.MatchString(s.Uses) || aVersion.MatchString(s.Uses), "%s is not pinned", s.Uses)
	}
}

func TestWhatJobsUseIsPinned(t *testing.T) {
	eachWorkflow(t, func(t *testing.T, _ string, w workflow) {
		for _, j := range w.Jobs {
			assertPinned(t, j.Steps)
			for _, s := range j.Services {
				assert.Regexp(t, anImage, s.Image)
			}
		}
	})
}

func TestJobsEnd(t *testing.T) {
	eachWorkflow(t, func(t *testing.T, _ string, w workflow) {
		assert.Contains(t, w.Concurrency, "group")
		assert.Contains(t, w.Concurrency, "cancel-in-progress")
		for name, j := range w.Jobs {
			assert.Positive(t, j.Timeout, "timeout-minutes of %s", name)
			assert.LessOrEqual(t, j.Timeout, 60, "timeout-minutes of %s", name)
		}
	})
}

// Where a token is left in the working copy, whatever runs there can use it.
func TestTokensAreNotLeftLying(t *testing.T) {
	eachWorkflow(t, func(t *testing.T, _ string, w workflow) {
		for name, j := range w.Jobs {
			for _, s := range j.Steps {
				if strings.HasPrefix(s.Uses, "actions/checkout@") && j.Permissions["contents"] != "write" {
					assert.Equal(t, false, s.With["persist-credentials"], name)
				}
			}
		}
	})
}

// The broker of the workflow is the one of the compose stack.
func TestTheBrokerIsTheStacks(t *testing.T) {
	stack := decode[struct {
		Services map[string]struct {
			Image string `json:"image"`
		} `json:"services"`
	}](t, filepath.Join(root, "docker-compose.yaml"))
	latency := decode[workflow](t, filepath.Join(root, ".github", "workflows", "latency.yml"))
	assert.Equal(t, stack.Services["mosquitto-broker"].Image, latency.Jobs["scenarios"].Services["mosquitto"].Image)
}

package workflows

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/result"
)

// action is what the tests look at of resources/github-action/action.yml.
type action struct {
	Inputs map[string]struct {
		Required    bool   `json:"required"`
		Default     string `json:"default"`
		Description string `json:"description"`
	} `json:"inputs"`
	Outputs map[string]struct {
		Value string `json:"value"`
	} `json:"outputs"`
	Runs struct {
		Using string `json:"using"`
		Steps []step `json:"steps"`
	} `json:"runs"`
}

func actionFile(elem ...string) string {
	return filepath.Join(append([]string{root, "resources", "github-action"}, elem...)...)
}

// That an input is part of no script is what keeps whoever sets one from running something.
func TestInputsReachTheActionByTheEnvironment(t *testing.T) {
	a := decode[action](t, actionFile("action.yml"))
	assert.Equal(t, "composite", a.Runs.Using)
	assertPinned(t, a.Runs.Steps)
	for _, s := range a.Runs.Steps {
		assert.NotContains(t, s.Run, "${{")
		if s.Run != "" {
			assert.Equal(t, "bash", s.Shell)
		}
	}
}

func TestReadmeOfTheActionNamesInputsAndOutputs(t *testing.T) {
	a := decode[action](t, actionFile("action.yml"))
	readme, err := os.ReadFile(actionFile("README.md"))
	require.NoError(t, err)
	for name := range a.Inputs {
		assert.Contains(t, string(readme), "`"+name+"`")
	}
	for name := range a.Outputs {
		assert.Contains(t, string(readme), "`"+name+"`")
	}
}

// used is what a job sees of the action's script.
type used struct {
	code    int
	log     string
	outputs map[string]string
	summary string
}

// use runs the action's script as a runner does, with the files of testdata/workspace as the workspace. Inputs that are not set
// have their defaults.
func use(t *testing.T, inputs map[string]string) used {
	t.Helper()
	dir := t.TempDir()
	workspace := filepath.Join(dir, "work space")
	require.NoError(t, os.CopyFS(workspace, os.DirFS(filepath.Join("testdata", "workspace"))))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "runner temp"), 0o777))
	env := append(os.Environ(),
		"GITHUB_OUTPUT="+filepath.Join(dir, "output"),
		"GITHUB_STEP_SUMMARY="+filepath.Join(dir, "summary"),
		"RUNNER_TEMP="+filepath.Join(dir, "runner temp"),
	)
	for name, input := range decode[action](t, actionFile("action.yml")).Inputs {
		value, isSet := inputs[name]
		if !isSet {
			value = input.Default
		}
		env = append(env, "MQTTRACE_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_"))+"="+value)
	}
	cmd := exec.Command("bash", absolute(t, actionFile("run.sh")))
	cmd.Dir, cmd.Env = workspace, env
	log, err := cmd.CombinedOutput()
	if failed := (*exec.ExitError)(nil); !errors.As(err, &failed) {
		require.NoError(t, err)
	}
	assert.ElementsMatch(t, names(t, filepath.Join("testdata", "workspace")), names(t, workspace), "nothing is left in the workspace")
	return used{cmd.ProcessState.ExitCode(), string(log), outputs(t, filepath.Join(dir, "output")), read(t, filepath.Join(dir, "summary"))}
}

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// read is a file's text; empty if there is none.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if !errors.Is(err, os.ErrNotExist) {
		require.NoError(t, err)
	}
	return string(text)
}

// outputs reads what a step told its runner: name=value, or several lines between name<<word and the word.
func outputs(t *testing.T, path string) map[string]string {
	t.Helper()
	all := map[string]string{}
	lines := strings.Split(strings.TrimSuffix(read(t, path), "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		if name, end, isLong := strings.Cut(lines[i], "<<"); isLong {
			var value []string
			for i++; lines[i] != end; i++ {
				value = append(value, lines[i])
			}
			all[name] = strings.Join(value, "\n")
			continue
		}
		name, value, ok := strings.Cut(lines[i], "=")
		require.True(t, ok, lines[i])
		all[name] = value
	}
	return all
}

func TestActionRunsScenarios(t *testing.T) {
	t.Parallel()
	got := use(t, map[string]string{"scenarios": "load/*.yaml 'more load/quiet.yaml'", "reports": "html,markdown", "version": "v1.2.3"})
	require.Equal(t, 0, got.code, got.log)
	assert.Equal(t, "pass", got.outputs["verdict"])
	files := strings.Fields(strings.ReplaceAll(got.outputs["result"], "runner temp", "runner-temp"))
	require.Len(t, files, 3)
	for i, name := range []string{"gentle", "quiet", "twin"} {
		path := strings.ReplaceAll(files[i], "runner-temp", "runner temp")
		assert.Equal(t, got.outputs["results"], filepath.Dir(path))
		r, err := result.Read(path)
		require.NoError(t, err)
		assert.Contains(t, string(r.Scenario), `"name": "`+name+`"`)
		assert.Equal(t, "v1.2.3", r.Environment.Tool)
		for _, ext := range []string{".html", ".md"} {
			assert.FileExists(t, strings.TrimSuffix(path, ".json")+ext)
		}
		assert.Contains(t, got.summary, name)
	}
	assert.Equal(t, got.summary, read(t, got.outputs["summary"]))
	assert.Contains(t, got.log, "PASS")
}

func TestActionRunsOnMosquitto(t *testing.T) {
	t.Parallel()
	got := use(t, map[string]string{"scenarios": "load/gentle.yaml", "broker": "mosquitto", "args": "--duration 2s --set 'thresholds=[delivery.lost == 0]'"})
	require.Equal(t, 0, got.code, got.log)
	r, err := result.Read(got.outputs["result"])
	require.NoError(t, err)
	assert.Equal(t, "mosquitto", r.Environment.Broker.Name)
	require.Len(t, r.Thresholds, 1)
	assert.Equal(t, "delivery.lost == 0", r.Thresholds[0].Expression)
}

func TestActionFails(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		inputs  map[string]string
		code    int
		verdict string
		log     []string
		results int
	}{
		"a threshold was missed":  {map[string]string{"scenarios": "load/gentle.yaml missed.yaml"}, 3, "fail", []string{"threshold missed"}, 2},
		"and nobody minds":        {map[string]string{"scenarios": "missed.yaml", "fail-on": "never"}, 0, "fail", nil, 1},
		"and only others matter":  {map[string]string{"scenarios": "missed.yaml", "fail-on": " invalid "}, 0, "fail", nil, 1},
		"no broker answers":       {map[string]string{"scenarios": "load/gentle.yaml", "broker": "mqtt://127.0.0.1:9", "fail-on": "never"}, 1, "error", []string{"refused"}, 0},
		"a scenario has mistakes": {map[string]string{"scenarios": "load/gentle.yaml mistaken.yaml"}, 2, "error", []string{"mistaken.yaml:1"}, 0},
		"an unknown flag":         {map[string]string{"scenarios": "load/gentle.yaml", "args": "--frobnicate"}, 2, "error", []string{"--frobnicate"}, 0},
		"inputs have mistakes": {
			map[string]string{"scenarios": "gone/*.yaml gone.yaml", "args": "--set 'a", "fail-on": "fail,pass", "version": "v1'"}, 2, "error",
			[]string{
				"::error title=mqttrace::scenarios: there is no file gone/*.yaml\n", "::error title=mqttrace::scenarios: there is no file gone.yaml\n",
				"::error title=mqttrace::args: a quote is not closed\n", "::error title=mqttrace::fail-on: pass is none of fail, invalid and never\n",
				"::error title=mqttrace::version: v1' has more than letters",
			}, 0,
		},
		"no scenario": {map[string]string{"scenarios": " "}, 2, "error", []string{"want at least one file"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := use(t, tc.inputs)
			assert.Equal(t, tc.code, got.code, got.log)
			assert.Equal(t, tc.verdict, got.outputs["verdict"])
			for _, want := range tc.log {
				assert.Contains(t, got.log, want)
			}
			if tc.results == 0 {
				assert.Empty(t, got.outputs["result"])
				assert.Empty(t, got.summary)
				return
			}
			assert.Len(t, strings.Split(got.outputs["result"], "\n"), tc.results)
			assert.NotEmpty(t, got.summary)
		})
	}
}

// Of a failed run and an invalid one the worse is told, and either fails the job if it is to.
func TestActionSeesAFailedRunBehindAnInvalidOne(t *testing.T) {
	script := read(t, actionFile("run.sh"))
	dir := t.TempDir()
	for name, verdict := range map[string]string{"a": "fail", "b": "invalid", "c": "pass"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".json"), []byte("{\n  \"schema\": \"s\",\n  \"verdict\": \""+verdict+"\",\n"), 0o666))
	}
	for failOn, want := range map[string]string{"fail,invalid": "invalid 3\n", "fail": "invalid 3\n", "invalid": "invalid 4\n", "never": "invalid 0\n"} {
		cmd := exec.Command("bash", "-c", strings.TrimSuffix(script, "main\n")+`results=$1; judge 4; echo "$verdict $failure"`, "run.sh", dir)
		cmd.Env = append(os.Environ(), "MQTTRACE_FAIL_ON="+failOn)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		require.NoError(t, err, stderr.String())
		assert.Equal(t, want, string(out), failOn)
	}
}

// Inputs may come from whoever opens a pull request. None of them runs.
func TestActionRunsNothingThatAnInputSays(t *testing.T) {
	t.Parallel()
	const evil = "$(touch a) `touch b`; touch c | touch d & touch e\n touch f\n$((x[$(touch g)])) ${x:=$(touch h)}"
	for _, input := range []string{"scenarios", "broker", "args", "reports", "fail-on", "version"} {
		t.Run(input, func(t *testing.T) {
			t.Parallel()
			got := use(t, map[string]string{"scenarios": "load/gentle.yaml", input: evil}) // looks into the workspace
			assert.Equal(t, 2, got.code, got.log)
			assert.Equal(t, map[string]string{"verdict": "error"}, got.outputs)
		})
	}
}

// A line of the log that begins with :: is a command to the runner.
func TestActionGivesTheRunnerNoCommandOfAnInput(t *testing.T) {
	got := use(t, map[string]string{"scenarios": "'a\n::set-output name=verdict::pass'", "fail-on": "x\n::stop-commands::y"})
	assert.Equal(t, 2, got.code)
	for line := range strings.Lines(got.log) {
		assert.True(t, strings.HasPrefix(line, "::error title=mqttrace::"), line)
	}
}

package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load"
	"mqttrace/load/result"
	"mqttrace/scenarios"
)

// shell is a command line under test and what became of it.
type shell struct {
	world
	dir            string // where its scenario and results are
	signal         chan<- os.Signal
	stdout, stderr bytes.Buffer
}

func newShell(t *testing.T, e engine, args ...string) *shell {
	t.Helper()
	signals := make(chan os.Signal, 2)
	s := &shell{dir: t.TempDir(), signal: signals}
	s.file(t, "a.yaml", okScenario)
	s.world = world{
		args:    append([]string{"run", "--out", filepath.Join(s.dir, "out"), filepath.Join(s.dir, "a.yaml")}, args...),
		getenv:  func(string) string { return "" },
		stdin:   strings.NewReader(""),
		stdout:  &s.stdout,
		stderr:  &s.stderr,
		signals: signals,
		engine:  e,
	}
	return s
}

const okScenario = `
name: sensors
duration: 1s
senders: [{name: s, rate: 10/s, topic: a/b}]
receivers: [{name: r, filter: a/#}]
`

func (s *shell) file(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(s.dir, name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

// results lists the files that the run left in its folder.
func (s *shell) results(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(s.dir, "out", "*"))
	require.NoError(t, err)
	return paths
}

// measured is an engine whose runs come to v.
func measured(v result.Verdict) engine {
	return func(context.Context, *scenarios.Scenario, load.Options) (*result.Result, error) {
		return &result.Result{Schema: result.Schema, Verdict: v, Reason: "so it is", Started: time.Unix(0, 0)}, nil
	}
}

func TestRunExitsByVerdictAndKeepsTheResult(t *testing.T) {
	for v, want := range map[result.Verdict]int{result.Pass: 0, result.Fail: 3, result.Invalid: 4, result.Interrupted: 130} {
		t.Run(string(v), func(t *testing.T) {
			s := newShell(t, measured(v))
			assert.Equal(t, want, run(s.world))
			assert.Contains(t, s.stdout.String(), strings.ToUpper(string(v))+"  ")
			require.Len(t, s.results(t), 1)
			assert.Contains(t, s.stdout.String(), s.results(t)[0])
			kept, err := result.Read(s.results(t)[0])
			require.NoError(t, err)
			assert.Equal(t, v, kept.Verdict)
			assert.Empty(t, s.stderr.String())
		})
	}
}

func TestRunNamesTheResultAfterTheScenarioAndItsStart(t *testing.T) {
	s := newShell(t, measured(result.Pass))
	require.Equal(t, 0, run(s.world))
	assert.Equal(t, filepath.Join(s.dir, "out", "sensors-19700101T000000Z.json"), s.results(t)[0])
}

func TestRunThatCannotStart(t *testing.T) {
	s := newShell(t, func(context.Context, *scenarios.Scenario, load.Options) (*result.Result, error) {
		return nil, errors.New("dial mqtt://10.0.0.1:1883: refused")
	})
	assert.Equal(t, 1, run(s.world))
	assert.Equal(t, "mqttrace: sensors: dial mqtt://10.0.0.1:1883: refused\n", s.stderr.String())
	assert.Empty(t, s.stdout.String())
	assert.Empty(t, s.results(t))
}

func TestRunPrintsJSONInsteadOfTheSummary(t *testing.T) {
	s := newShell(t, measured(result.Fail), "--json")
	assert.Equal(t, 3, run(s.world))
	printed, err := result.Decode(&s.stdout)
	require.NoError(t, err)
	assert.Equal(t, result.Fail, printed.Verdict)
	assert.Len(t, s.results(t), 1)
}

func TestRunLaysFlagsOverTheFile(t *testing.T) {
	var got *scenarios.Scenario
	s := newShell(t, func(ctx context.Context, sc *scenarios.Scenario, opts load.Options) (*result.Result, error) {
		got = sc
		return measured(result.Pass)(ctx, sc, opts)
	}, "--set", "duration=3s", "--set", "senders.s.count=7", "--duration", "5s", "--broker", "mqtt://10.0.0.1:1884")
	require.Equal(t, 0, run(s.world), s.stderr.String())
	assert.Equal(t, 5*time.Second, got.Duration.Std(), "a flag of its own wins over --set")
	assert.Equal(t, 7, got.Senders[0].Count)
	assert.Equal(t, "mqtt://10.0.0.1:1884", got.Broker.URL)
}

func TestRunHandsOnWhereTracesAre(t *testing.T) {
	const url = `https://grafana.example/explore?left={"query":"{trace_id}"}`
	var got load.Options
	s := newShell(t, func(ctx context.Context, sc *scenarios.Scenario, opts load.Options) (*result.Result, error) {
		got = opts
		return measured(result.Pass)(ctx, sc, opts)
	}, "--trace-url", url)
	require.Equal(t, 0, run(s.world), s.stderr.String())
	assert.Equal(t, url, got.TraceURL)
}

func TestRunRefusesATraceURLThatLeadsNowhere(t *testing.T) {
	for url, want := range map[string]string{
		"https://tempo.example/trace/":           "want {trace_id} in it",
		"tempo.example/trace/{trace_id}":         "does not begin with http:// or https://",
		"ftp://tempo.example/{trace_id}":         `"ftp" is neither http nor https`,
		"https:///trace/{trace_id}":              "it has no host",
		"https://tempo.example:port/{trace_id}":  `invalid port ":port" after host`,
		"https://tempo.example/trace/{trace_id}": "",
	} {
		s := newShell(t, never(t), "--trace-url", url)
		if want == "" {
			s.engine = measured(result.Pass)
			assert.Equal(t, 0, run(s.world))
			continue
		}
		assert.Equal(t, 2, run(s.world), url)
		assert.Contains(t, s.stderr.String(), want)
		assert.Contains(t, s.stderr.String(), "'mqttrace run --help' explains")
	}
}

func TestRunOfSeveralFilesGoesOnAndExitsWithTheWorst(t *testing.T) {
	var ran []string
	verdicts := map[string]result.Verdict{"sensors": result.Fail, "two": result.Invalid, "three": result.Pass}
	s := newShell(t, func(ctx context.Context, sc *scenarios.Scenario, opts load.Options) (*result.Result, error) {
		ran = append(ran, sc.Name)
		return measured(verdicts[sc.Name])(ctx, sc, opts)
	})
	for _, name := range []string{"two", "three"} {
		s.args = append(s.args, s.file(t, name+".yaml", strings.Replace(okScenario, "sensors", name, 1)))
	}
	assert.Equal(t, 4, run(s.world))
	assert.Equal(t, []string{"sensors", "two", "three"}, ran)
	assert.Len(t, s.results(t), 3)
}

// never is an engine that must not be reached.
func never(t *testing.T) engine {
	return func(context.Context, *scenarios.Scenario, load.Options) (*result.Result, error) {
		t.Error("a run was started")
		return nil, errors.New("started")
	}
}

func TestRunStartsNothingWhenAnyFileIsBad(t *testing.T) {
	s := newShell(t, never(t))
	s.args = append(s.args, s.file(t, "bad.yaml", "duration: fast\nsendrs: []\n"), filepath.Join(s.dir, "gone.yaml"))
	assert.Equal(t, 2, run(s.world))
	for _, want := range []string{"bad.yaml:1:", "bad.yaml:2:", "gone.yaml"} {
		assert.Contains(t, s.stderr.String(), want)
	}
}

func TestRunStartsNothingWhenResultsCannotBeKept(t *testing.T) {
	s := newShell(t, never(t))
	inTheWay := s.file(t, "out", "a file")
	assert.Equal(t, 1, run(s.world))
	assert.Contains(t, s.stderr.String(), "no results can be kept in "+inTheWay)
	assert.Contains(t, s.stderr.String(), "--out")
}

// losing is an engine during whose run a folder goes away, as a disk may fill up.
func losing(t *testing.T, dirs ...*string) engine {
	return func(ctx context.Context, sc *scenarios.Scenario, opts load.Options) (*result.Result, error) {
		for _, dir := range dirs {
			require.NoError(t, os.RemoveAll(*dir))
		}
		return measured(result.Pass)(ctx, sc, opts)
	}
}

func TestRunKeepsTheResultElsewhereWhenItsFolderIsGone(t *testing.T) {
	temp, out := t.TempDir(), ""
	t.Setenv("TMPDIR", temp)
	s := newShell(t, losing(t, &out))
	out = filepath.Join(s.dir, "out")
	assert.Equal(t, 1, run(s.world))
	saved := filepath.Join(temp, "sensors-19700101T000000Z.json")
	_, err := result.Read(saved)
	require.NoError(t, err)
	assert.Contains(t, s.stderr.String(), "cannot be kept in "+out)
	assert.Contains(t, s.stderr.String(), "it is in "+saved+" instead")
	assert.Contains(t, s.stdout.String(), "PASS", "the summary is shown all the same")
}

func TestRunPrintsTheResultWhenNoFolderTakesIt(t *testing.T) {
	temp, out := t.TempDir(), ""
	t.Setenv("TMPDIR", temp)
	s := newShell(t, losing(t, &out, &temp))
	out = filepath.Join(s.dir, "out")
	assert.Equal(t, 1, run(s.world))
	assert.Contains(t, s.stderr.String(), "it is on standard output instead")
	assert.Contains(t, s.stdout.String(), `"schema": "`+result.Schema)
}

func TestFirstSignalEndsTheRunAndKeepsWhatWasMeasured(t *testing.T) {
	var s *shell
	s = newShell(t, func(ctx context.Context, sc *scenarios.Scenario, opts load.Options) (*result.Result, error) {
		s.signal <- os.Interrupt
		<-ctx.Done()
		return measured(result.Interrupted)(ctx, sc, opts)
	})
	s.args = append(s.args, s.file(t, "b.yaml", okScenario)) // must not run any more
	assert.Equal(t, 130, run(s.world))
	assert.Len(t, s.results(t), 1)
	assert.Contains(t, s.stderr.String(), "once more to leave at once")
}

func TestFirstSignalBeforeAnythingWasMeasured(t *testing.T) {
	var s *shell
	s = newShell(t, func(ctx context.Context, _ *scenarios.Scenario, _ load.Options) (*result.Result, error) {
		s.signal <- os.Interrupt
		<-ctx.Done()
		return nil, ctx.Err()
	})
	assert.Equal(t, 130, run(s.world))
	assert.Contains(t, s.stderr.String(), "interrupted before anything was measured")
	assert.Empty(t, s.results(t))
}

func TestSecondSignalLeavesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s *shell
		stuck := make(chan struct{})
		s = newShell(t, func(ctx context.Context, _ *scenarios.Scenario, _ load.Options) (*result.Result, error) {
			s.signal <- os.Interrupt
			<-ctx.Done()
			time.Sleep(time.Second) // of the bubble's own time
			s.signal <- os.Interrupt
			<-stuck // as a drain that does not end
			return nil, ctx.Err()
		}, "--quiet")
		assert.Equal(t, 130, run(s.world))
		close(stuck)
	})
}

func TestASignalDeliveredTwiceIsOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s *shell
		s = newShell(t, func(ctx context.Context, sc *scenarios.Scenario, opts load.Options) (*result.Result, error) {
			s.signal <- os.Interrupt
			s.signal <- os.Interrupt
			<-ctx.Done()
			time.Sleep(time.Second)
			return measured(result.Interrupted)(ctx, sc, opts)
		})
		assert.Equal(t, 130, run(s.world))
		assert.Len(t, s.results(t), 1)
	})
}

func TestASignalEndsAVerbThatHasNothingToFinish(t *testing.T) {
	s := newShell(t, never(t))
	reader, writer := io.Pipe()
	s.args, s.stdin = []string{"validate", "-"}, signalled{reader, s.signal}
	assert.Equal(t, 130, run(s.world))
	require.NoError(t, writer.Close()) // lets the reader that was left behind end
}

// signalled is standard input that somebody gives up waiting for.
type signalled struct {
	io.Reader
	signal chan<- os.Signal
}

func (s signalled) Read(p []byte) (int, error) {
	s.signal <- os.Interrupt
	return s.Reader.Read(p)
}

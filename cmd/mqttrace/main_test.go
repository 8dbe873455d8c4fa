package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"mqttrace/load"
	"mqttrace/load/broker"
	"mqttrace/load/otlp"
	"mqttrace/reports/live"
)

// sideBySide is how many scripts run at once, unless -parallel says otherwise: most of the time they wait for runs.
const sideBySide = "4"

func TestMain(m *testing.M) {
	broker.RunIfChild()
	otlp.RunIfChild()
	load.RunIfChild()
	live.RunIfChild()
	if err := flag.Set("test.parallel", sideBySide); err != nil {
		panic(err)
	}
	testscript.Main(leakChecked{m}, map[string]func(){"mqttrace": main, "mqttrace-distant": distant})
}

// leakChecked fails a test binary that leaves goroutines behind.
type leakChecked struct{ *testing.M }

func (m leakChecked) Run() int {
	code := m.M.Run()
	if code != 0 {
		return code
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// raceOptions keep a process with the race detector from waiting a second at its end.
const raceOptions = "atexit_sleep_ms=0"

// TestScripts runs the command lines of testdata/script, with the scenarios of this repository beside them.
func TestScripts(t *testing.T) {
	scenarios, err := filepath.Abs("../../scenarios")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Cmds:                commands,
		Condition:           condition,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", raceOptions)
			env.Values[processesKey{}] = map[string]*process{}
			env.Values[brokersKey{}] = map[string]*broker.Broker{}
			return os.CopyFS(filepath.Join(env.WorkDir, "scenarios"), os.DirFS(scenarios))
		},
	})
}

package main

import (
	"errors"
	"flag"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write the expected output in the scripts anew")

// commands are what the scripts have besides testscript's own commands.
var commands = map[string]func(*testscript.TestScript, bool, []string){
	"exits":   exits,
	"start":   start,
	"signal":  signalProcess,
	"ends":    ends,
	"waitfor": waitFor,
	"taken":   taken,
}

// exits runs a command and checks the code that it exits with, which testscript's own exec does not tell:
//
//	exits 2 mqttrace validate bad.yaml
func exits(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) >= 2, "exits code command [args...]")
	checkCode(ts, args[0], ts.Exec(args[1], args[2:]...))
}

// start starts a command, whose output goes to the files name.out and name.err:
//
//	start first mqttrace run scenario.yaml
func start(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) >= 2, "start name command [args...]")
	name := args[0]
	path, err := exec.LookPath(args[1])
	ts.Check(err)
	cmd := exec.Command(path, args[2:]...)
	cmd.Dir = ts.Getenv("WORK")
	cmd.Env = append(os.Environ(), "HOME="+ts.Getenv("HOME"), "TMPDIR="+ts.Getenv("TMPDIR"), "GORACE="+raceOptions)
	cmd.Stdout = create(ts, name+".out")
	cmd.Stderr = create(ts, name+".err")
	ts.Check(cmd.Start())
	p := &process{cmd: cmd, ended: make(chan error, 1)}
	go func() { p.ended <- cmd.Wait() }()
	ts.Defer(func() {
		_ = cmd.Process.Kill() // it has ended already unless the script failed
	})
	processes(ts)[name] = p
}

// process is a command that start started.
type process struct {
	cmd   *exec.Cmd
	ended chan error
}

// processesKey is where a script's environment keeps the processes that it started.
type processesKey struct{}

func processes(ts *testscript.TestScript) map[string]*process {
	return ts.Value(processesKey{}).(map[string]*process)
}

func find(ts *testscript.TestScript, name string) *process {
	p := processes(ts)[name]
	need(ts, p != nil, "no process was started as "+name)
	return p
}

func create(ts *testscript.TestScript, name string) *os.File {
	f, err := os.Create(ts.MkAbs(name))
	ts.Check(err)
	ts.Defer(func() { _ = f.Close() })
	return f
}

// signalProcess sends a signal to a process that was started:
//
//	signal first TERM
func signalProcess(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) == 2, "signal name INT|TERM|KILL")
	sig, ok := map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM, "KILL": os.Kill}[args[1]]
	need(ts, ok, "signal name INT|TERM|KILL")
	ts.Check(find(ts, args[0]).cmd.Process.Signal(sig))
}

// ends waits until a process that was started has ended, and checks the code that it exited with:
//
//	ends first 130
func ends(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) == 2, "ends name code")
	select {
	case err := <-find(ts, args[0]).ended:
		checkCode(ts, args[1], err)
	case <-time.After(patience):
		ts.Fatalf("%s has not ended; it said:\n%s%s", args[0], ts.ReadFile(args[0]+".out"), ts.ReadFile(args[0]+".err"))
	}
}

// waitFor waits until a file matches a regular expression:
//
//	waitfor first.err measuring
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) == 2, "waitfor file regexp")
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(pollEvery) {
		if text, err := os.ReadFile(ts.MkAbs(args[0])); err == nil && re.Match(text) {
			return
		}
	}
	ts.Fatalf("%s does not match %q:\n%s", args[0], args[1], ts.ReadFile(args[0]))
}

const (
	// patience is how long a script waits for what must happen; it passes as soon as that has.
	patience  = time.Minute
	pollEvery = 20 * time.Millisecond
)

// taken listens on a free port until the script ends and puts its number into a variable:
//
//	taken PORT
func taken(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) == 1, "taken variable")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	_, port, err := net.SplitHostPort(l.Addr().String())
	ts.Check(err)
	ts.Setenv(args[0], port)
}

func need(ts *testscript.TestScript, ok bool, usage string) {
	if !ok {
		ts.Fatalf("usage: %s", usage)
	}
}

// checkCode compares the code that a command exited with to the wanted one.
func checkCode(ts *testscript.TestScript, wanted string, err error) {
	want, parseErr := strconv.Atoi(wanted)
	ts.Check(parseErr)
	got := 0
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		got = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

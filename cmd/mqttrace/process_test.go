package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// startedAs is the variable by which a process that start started, and every process below it, can be told from others.
const startedAs = "MQTTRACE_SCRIPT_STARTED"

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
	cmd.Env = append(os.Environ(), startedAs+"="+name)
	for _, variable := range []string{"WORK", "HOME", "TMPDIR", "GORACE"} {
		cmd.Env = append(cmd.Env, variable+"="+ts.Getenv(variable))
	}
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

// signalProcess sends a signal to a process that was started or, on Linux, to a child of one that has a certain name:
//
//	signal first TERM
//	signal first/mosquitto KILL
func signalProcess(ts *testscript.TestScript, neg bool, args []string) {
	const usage = "signal name[/child] INT|TERM|KILL"
	need(ts, !neg && len(args) == 2, usage)
	sig, ok := map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM, "KILL": os.Kill}[args[1]]
	need(ts, ok, usage)
	name, child, isChild := strings.Cut(args[0], "/")
	p := find(ts, name).cmd.Process
	if isChild {
		p = childNamed(ts, p.Pid, child)
	}
	ts.Check(p.Signal(sig))
}

// childNamed finds the one child of a process that runs a program of a name.
func childNamed(ts *testscript.TestScript, parent int, name string) *os.Process {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	ts.Check(err)
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended meanwhile
		}
		// pid (name) state parent …, as proc(5) has it; a name may hold anything but ends at the last parenthesis.
		head, tail, _ := bytes.Cut(stat, []byte(" ("))
		end := bytes.LastIndexByte(tail, ')')
		if end < 0 || string(tail[:end]) != name {
			continue
		}
		fields := strings.Fields(string(tail[end+1:]))
		if len(fields) < 2 || fields[1] != strconv.Itoa(parent) {
			continue
		}
		pid, err := strconv.Atoi(string(head))
		ts.Check(err)
		p, err := os.FindProcess(pid)
		ts.Check(err)
		return p
	}
	ts.Fatalf("process %d has no child %s", parent, name)
	return nil
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

// alone checks, on Linux, that no process is left of this script, or of one process that it started and that has ended:
//
//	alone
//	alone first
//
// A process that was left behind may take a moment to end: the kernel kills it after its parent. With -now it may not.
func alone(ts *testscript.TestScript, neg bool, args []string) {
	isNow := len(args) > 0 && args[0] == "-now"
	if isNow {
		args = args[1:]
	}
	need(ts, !neg && len(args) <= 1, "alone [-now] [name]")
	marks := []string{"WORK=" + ts.Getenv("WORK")}
	if len(args) == 1 {
		marks = append(marks, startedAs+"="+args[0])
	}
	left := marked(ts, marks)
	for end := time.Now().Add(patience); len(left) > 0 && !isNow && time.Now().Before(end); left = marked(ts, marks) {
		time.Sleep(pollEvery)
	}
	if len(left) > 0 {
		ts.Fatalf("these are left:\n%s", strings.Join(left, "\n"))
	}
}

// marked lists the processes whose environment has all marks. One that is dead and not yet waited for has none.
func marked(ts *testscript.TestScript, marks []string) (found []string) {
	environments, err := filepath.Glob("/proc/[0-9]*/environ")
	ts.Check(err)
	for _, path := range environments {
		environment, err := os.ReadFile(path)
		switch {
		case errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH):
			continue // another user's, or it has ended meanwhile
		case err != nil:
			ts.Check(err)
		}
		if hasAll("\x00"+string(environment), marks) {
			line, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "cmdline"))
			found = append(found, filepath.Dir(path)+": "+strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}

func hasAll(environment string, marks []string) bool {
	for _, m := range marks {
		if !strings.Contains(environment, "\x00"+m+"\x00") {
			return false
		}
	}
	return true
}

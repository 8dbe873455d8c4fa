package main

import (
	"context"
	"errors"
	"flag"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"mqttrace/load/broker"
	"mqttrace/load/result"
)

var update = flag.Bool("update", false, "write the expected output in the scripts anew")

// commands are what the scripts have besides testscript's own commands.
var commands = map[string]func(*testscript.TestScript, bool, []string){
	"alone":        alone,
	"certificates": certificates,
	"ends":         ends,
	"exits":        exits,
	"messages":     messages,
	"mosquitto":    mosquitto,
	"restart":      restart,
	"results":      results,
	"signal":       signalProcess,
	"simulated":    simulated,
	"start":        start,
	"taken":        taken,
	"waitfor":      waitFor,
}

// conditions are what the scripts can ask about besides testscript's own conditions.
var conditions = map[string]func() bool{
	// tmpfs: sh can mount a file system of its own, which is gone when it ends.
	"tmpfs": func() bool {
		return exec.Command("unshare", "--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs none /mnt").Run() == nil
	},
	// devfull: writing to /dev/full fails as on a full disk.
	"devfull": func() bool {
		info, err := os.Stat("/dev/full")
		return err == nil && info.Mode()&os.ModeCharDevice != 0
	},
}

func condition(name string) (bool, error) {
	if met := conditions[name]; met != nil {
		return met(), nil
	}
	return false, errors.New("unknown condition " + name)
}

// exits runs a command and checks the code that it exits with, which testscript's own exec does not tell:
//
//	exits 2 mqttrace validate bad.yaml
//	exits 0|3 mqttrace run good.yaml
func exits(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) >= 2, "exits code[|code...] command [args...]")
	checkCode(ts, args[0], ts.Exec(args[1], args[2:]...))
}

// waitFor waits until a file matches a regular expression, and may put its first group into a variable:
//
//	waitfor first.err measuring
//	waitfor broker.out '(mqtt://\S+)\n' URL
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && (len(args) == 2 || len(args) == 3), "waitfor file regexp [variable]")
	re, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	need(ts, len(args) == 2 || re.NumSubexp() > 0, "waitfor file regexp-with-a-group variable")
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(pollEvery) {
		text, _ := os.ReadFile(ts.MkAbs(args[0]))
		if found := re.FindSubmatch(text); found != nil {
			if len(args) == 3 {
				ts.Setenv(args[2], string(found[1]))
			}
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

// taken listens on a free port until the script ends and puts its number into a variable. Whoever connects hears nothing.
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

// mosquitto starts a Mosquitto on a free port, which runs until the script ends, and puts its URL into a variable. With two
// files it speaks TLS.
//
//	mosquitto URL [broker.crt broker.key]
func mosquitto(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && (len(args) == 1 || len(args) == 3), "mosquitto variable [certificate key]")
	var cfg broker.MosquittoConfig
	if len(args) == 3 {
		cfg.CertFile, cfg.KeyFile = ts.MkAbs(args[1]), ts.MkAbs(args[2])
	}
	b, err := cfg.Start(context.Background())
	ts.Check(err)
	keepBroker(ts, args[0], b)
}

// brokersKey is where a script's environment keeps the brokers that it started, by their variables.
type brokersKey struct{}

func brokers(ts *testscript.TestScript) map[string]*broker.Broker {
	return ts.Value(brokersKey{}).(map[string]*broker.Broker)
}

func keepBroker(ts *testscript.TestScript, variable string, b *broker.Broker) {
	ts.Defer(func() { _ = b.Stop(context.Background()) })
	brokers(ts)[variable] = b
	ts.Setenv(variable, b.URL())
}

// restart kills a broker that was started and starts it again on the same address, with nothing of what it knew:
//
//	restart URL
func restart(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) == 1 && brokers(ts)[args[0]] != nil, "restart variable-of-a-mosquitto")
	b := brokers(ts)[args[0]]
	ts.Check(b.Kill())
	<-b.Done()
	release, err := b.HoldPort()
	ts.Check(err)
	defer release()
	again, err := b.Revive(context.Background())
	ts.Check(err)
	keepBroker(ts, args[0], again)
}

// results checks that a folder holds nothing but whole results, one for each verdict that is listed, whose files are in that
// order. A verdict may be one of several: a busy machine invalidates runs that send a hundred messages or more, fewer it does not. The
// path of the last is put into the variable RESULT.
//
//	results kept pass pass|invalid
//	results kept
func results(ts *testscript.TestScript, neg bool, args []string) {
	need(ts, !neg && len(args) > 0, "results folder [verdict[|verdict...]...]")
	folder, verdicts := args[0], args[1:]
	entries, err := os.ReadDir(ts.MkAbs(folder))
	ts.Check(err)
	if len(entries) != len(verdicts) {
		ts.Fatalf("%d files in %s, want %d: %v", len(entries), folder, len(verdicts), entries)
	}
	for i, want := range verdicts {
		path := filepath.Join(ts.MkAbs(folder), entries[i].Name())
		res, err := result.Read(path)
		ts.Check(err)
		if !slices.Contains(strings.Split(want, "|"), string(res.Verdict)) {
			ts.Fatalf("%s: verdict %s (%s), want %s", entries[i].Name(), res.Verdict, res.Reason, want)
		}
		ts.Setenv("RESULT", path)
	}
}

func need(ts *testscript.TestScript, ok bool, usage string) {
	if !ok {
		ts.Fatalf("usage: %s", usage)
	}
}

// checkCode compares the code that a command exited with to the wanted one, or several.
func checkCode(ts *testscript.TestScript, wanted string, err error) {
	got := 0
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		got = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if !slices.Contains(strings.Split(wanted, "|"), strconv.Itoa(got)) {
		ts.Fatalf("exit code %d, want %s", got, wanted)
	}
}

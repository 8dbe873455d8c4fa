// Command mqttrace tells how long messages take over MQTT, what tracing them costs, and whether the traces tell the truth.
// This package is the command line alone: it reads flags and files, calls scenarios, load and reports, and turns what comes
// back into text, files and exit codes.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"mqttrace/load"
	"mqttrace/load/broker"
	"mqttrace/load/otlp"
	"mqttrace/load/result"
	"mqttrace/reports/live"
	"mqttrace/scenarios"
)

func main() {
	broker.RunIfChild()
	otlp.RunIfChild()
	load.RunIfChild()
	live.RunIfChild()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	os.Exit(run(world{
		args:    os.Args[1:],
		getenv:  os.Getenv,
		stdin:   os.Stdin,
		stdout:  os.Stdout,
		stderr:  os.Stderr,
		signals: signals,
		engine:  load.Run,
	}))
}

// world is everything outside that a command line touches, so that a test can be the shell.
type world struct {
	args           []string
	getenv         func(string) string
	stdin          io.Reader
	stdout, stderr io.Writer
	signals        <-chan os.Signal
	engine         engine
}

// engine runs one scenario; outside of tests it is load.Run.
type engine func(context.Context, *scenarios.Scenario, load.Options) (*result.Result, error)

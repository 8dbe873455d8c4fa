package service

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"mqttrace/cmd/internal/envelope"
	"mqttrace/cmd/internal/exitcode"
	"mqttrace/cmd/internal/settings"
	"mqttrace/cmd/internal/telemetry"
)

// World is everything outside that a service touches, so that a test can be the shell.
type World struct {
	Args           []string // without the program's name
	Lookup         settings.Lookup
	Stdout, Stderr io.Writer
	Signals        <-chan os.Signal
}

// Program is one service.
type Program struct {
	// Name is what it is called with, ServiceName what its telemetry is under unless the environment says otherwise.
	Name, ServiceName, Version string
	// Summary is what it does, for the help text.
	Summary string
	// Read reads the settings. What it returns beside them makes the work.
	Read func(settings.Lookup) (settings.Service, Maker, error)
}

// Maker makes the work of a service; nothing is connected yet.
type Maker func(*Kit) (Work, error)

// Kit is what work is made of.
type Kit struct {
	Settings  settings.Service
	Telemetry *telemetry.Telemetry
	Client    *envelope.Client
	// Bursts keep the log short where messages go wrong by the thousand.
	Bursts *telemetry.Bursts
}

// Work is what a service does with its connection.
type Work interface {
	// Rejected gets messages that cannot be handed to whoever handles messages.
	Rejected(*envelope.Arrival, error)
	// Begin is called when the connection is there and returns when the work can be relied on.
	Begin(context.Context) error
	// Run works until stop ends, and then ends what is under way, until drain ends.
	Run(stop, drain context.Context)
	// Finish is called when the connection is closed and returns when nothing is under way any more.
	Finish()
	// Waiting is how many messages wait to be sent.
	Waiting() int
}

// Run does what the command line in w says and returns the code to exit with.
func Run(w World, p Program) int {
	verb := ""
	if len(w.Args) > 0 {
		verb = w.Args[0]
	}
	switch {
	case len(w.Args) > 1:
		fmt.Fprintf(w.Stderr, "%s: too many arguments\n\n%s", p.Name, p.help())
		return exitcode.Usage
	case verb == "":
		return serve(w, p)
	case verb == "healthcheck":
		return healthcheck(w, p)
	case verb == "version" || verb == "--version":
		fmt.Fprintln(w.Stdout, p.Name, p.version())
		return exitcode.Pass
	case verb == "help" || verb == "--help" || verb == "-h":
		fmt.Fprint(w.Stdout, p.help())
		return exitcode.Pass
	default:
		fmt.Fprintf(w.Stderr, "%s: unknown argument %q\n\n%s", p.Name, verb, p.help())
		return exitcode.Usage
	}
}

func (p Program) help() string {
	return fmt.Sprintf(`%[1]s %[2]s

Usage:
  %[1]s               run until SIGTERM
  %[1]s healthcheck   exit with 0 if the %[1]s that runs with the same HEALTH_ADDR is ready, with 1 if not
  %[1]s version

It is configured by environment variables. The least it needs is a broker and a client id:
  AIO_BROKER_HOSTNAME=localhost AIO_BROKER_TCP_PORT=1883 AIO_MQTT_USE_TLS=false AIO_MQTT_CLIENT_ID=telemetry-%[1]s %[1]s
`, p.Name, p.Summary)
}

// version is that of the build, or of the sources if it has none.
func (p Program) version() string {
	if p.Version != "" {
		return p.Version
	}
	if info, ok := debug.ReadBuildInfo(); ok && strings.HasPrefix(info.Main.Version, "v") {
		return info.Main.Version
	}
	return "dev"
}

// serve runs the service until a signal or a failure.
func serve(w World, p Program) int {
	cfg, maker, err := p.Read(w.Lookup)
	if err != nil {
		fmt.Fprintf(w.Stderr, "%s: the environment is not as it should be:\n%s\n", p.Name, err)
		return exitcode.Usage
	}
	stop, stopNow := context.WithCancelCause(context.Background())
	defer stopNow(nil)
	ended := newEnding(cfg.Grace)
	done := goRun(func() int { return (&run{world: w, program: p, cfg: cfg, maker: maker, ending: ended}).until(stop) })
	for {
		select {
		case code := <-done:
			return code
		case <-w.Signals:
			if ended.isEcho() {
				continue
			}
			if !ended.begin() {
				fmt.Fprintf(w.Stderr, "%s: ended by a second signal\n", p.Name)
				return exitcode.Interrupted
			}
			stopNow(ErrStopped)
		case <-ended.overdue:
			fmt.Fprintf(w.Stderr, "%s: did not end within %v\n", p.Name, cfg.Grace+overdueAfter)
			return exitcode.CannotRun
		}
	}
}

func goRun(f func() int) <-chan int {
	done := make(chan int, 1)
	go func() { done <- f() }()
	return done
}

func (p Program) complain(w World, code int, err error) int {
	fmt.Fprintf(w.Stderr, "%s: %s\n", p.Name, err)
	return code
}

const (
	// echoes is how soon after the first signal another one is taken for the same: some senders signal both a process and the
	// group that it is in.
	echoes = 200 * time.Millisecond
	// overdueAfter is how long past the grace the process is ended whatever it is doing.
	overdueAfter = 2 * time.Second
)

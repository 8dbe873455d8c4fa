package broker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"syscall"

	"mqttrace/load/internal/child"
)

// portAttempts is how many free ports are tried: between choosing one and Mosquitto's taking it, somebody else may.
const portAttempts = 5

// StartMosquitto starts a local Mosquitto on a free port of 127.0.0.1, with every limit on messages lifted and everybody
// let in, and returns when it accepts connections. ctx bounds the start, not the broker's life; a start takes 20 s at most.
// If there is no Mosquitto, the error is ErrNotInstalled.
func StartMosquitto(ctx context.Context) (*Broker, error) { return MosquittoConfig{}.Start(ctx) }

// Start starts a Mosquitto with this configuration. If the port that it asks for is in use, the error is
// syscall.EADDRINUSE.
func (cfg MosquittoConfig) Start(ctx context.Context) (*Broker, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	exe, err := findMosquitto()
	if err != nil {
		return nil, err
	}
	if cfg.Port != 0 {
		return cfg.startOn(ctx, exe, cfg.Port)
	}
	return cfg.startOnFreePort(ctx, exe)
}

func (cfg MosquittoConfig) startOnFreePort(ctx context.Context, exe string) (*Broker, error) {
	var taken error
	for range portAttempts {
		port, err := choosePort()
		if err != nil {
			return nil, fmt.Errorf("start mosquitto: %w", err)
		}
		b, err := cfg.startOn(ctx, exe, port)
		if !errors.Is(err, syscall.EADDRINUSE) {
			return b, err
		}
		taken = err
	}
	return nil, fmt.Errorf("%w (and %d other ports before it)", taken, portAttempts-1)
}

// startOn needs the configuration file only until Mosquitto runs, which has read it by then: removing it at once leaves
// nothing behind, whatever becomes of this process.
func (cfg MosquittoConfig) startOn(ctx context.Context, exe string, port int) (*Broker, error) {
	dir, err := os.MkdirTemp("", "mqttrace-mosquitto-")
	if err != nil {
		return nil, fmt.Errorf("start mosquitto: %w", err)
	}
	defer os.RemoveAll(dir)
	b, running, err := cfg.launch(exe, dir, port)
	if err != nil {
		return nil, err
	}
	b.version, err = b.awaitRunning(ctx, running)
	if err != nil {
		b.process.Destroy()
		return nil, fmt.Errorf("start mosquitto (%s) on %s: %w%s", exe, b.addr, err, b.process.Log().Quote())
	}
	cfg.Port = port
	b.again = cfg.Start
	return b, nil
}

// launch starts the process; running gets Mosquitto's version once it says that it is.
func (cfg MosquittoConfig) launch(exe, dir string, port int) (b *Broker, running <-chan string, err error) {
	file := filepath.Join(dir, "mosquitto.conf")
	if err := os.WriteFile(file, []byte(cfg.text(port)), 0o600); err != nil {
		return nil, nil, fmt.Errorf("start mosquitto: %w", err)
	}
	log := &child.Log{}
	lines, running := watchRunning(log)
	cmd := exec.Command(exe, "-c", file)
	cmd.Stdout, cmd.Stderr = lines, lines
	process, err := child.Start("mosquitto", cmd, log, lines.Flush)
	if err != nil {
		return nil, nil, err
	}
	raiseFileLimit(process.PID())
	return cfg.broker(process, port), running, nil
}

func (cfg MosquittoConfig) broker(p *child.Process, port int) *Broker {
	addr := net.JoinHostPort(loopback, strconv.Itoa(port))
	b := &Broker{name: "mosquitto", addr: addr, url: "mqtt://" + addr, process: p}
	if cfg.CertFile != "" {
		b.url = "mqtts://" + addr
	}
	return b
}

var runningLine = regexp.MustCompile(`mosquitto version (\S+) running`)

// watchRunning returns the writer for Mosquitto's output, which goes to log, and the version from the line that says that it
// is running. That line, and not a connection that succeeds, says that it is this Mosquitto that has the port.
func watchRunning(log *child.Log) (*child.LineWriter, <-chan string) {
	version := make(chan string, 1)
	var once sync.Once
	return &child.LineWriter{Each: func(line string) {
		log.Add(line)
		if found := runningLine.FindStringSubmatch(line); found != nil {
			once.Do(func() { version <- found[1] })
		}
	}}, version
}

func (b *Broker) awaitRunning(ctx context.Context, running <-chan string) (version string, err error) {
	select {
	case version := <-running:
		return version, dial(ctx, b.addr)
	case <-b.process.Done():
	case <-ctx.Done():
		return "", fmt.Errorf("it did not say that it is running: %w", ctx.Err())
	}
	if b.process.Log().Contains("in use") || b.process.Log().Contains("Only one usage of each socket address") {
		return "", syscall.EADDRINUSE
	}
	return "", errors.New("it " + b.process.Fate())
}

// choosePort is a variable so that a test can choose badly.
var choosePort = freePort

// freePort returns a port of the loopback address that nobody listened on a moment ago.
func freePort() (int, error) {
	ln, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer ln.Close()
	return ln.Addr().(*net.TCPAddr).Port, nil
}

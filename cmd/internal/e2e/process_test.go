package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
)

// env is the environment of a service, beside what every process needs.
type env map[string]string

// with is e and more.
func (e env) with(more env) env {
	all := maps.Clone(e)
	maps.Copy(all, more)
	return all
}

// at is the environment that leads to a broker.
func at(addr, clientID string) env {
	host, port, _ := net.SplitHostPort(addr)
	return env{
		"AIO_BROKER_HOSTNAME": host, "AIO_BROKER_TCP_PORT": port, "AIO_MQTT_USE_TLS": "false", "AIO_MQTT_CLIENT_ID": clientID,
		"SEND_INTERVAL": "20ms",
	}
}

// process is a running service.
type process struct {
	name   string
	cmd    *exec.Cmd
	done   chan struct{} // closed when it has ended
	stderr lockedBuffer

	mu      sync.Mutex // guards what follows
	lines   []line
	arrived chan struct{} // closed and replaced with every line
}

// line is a line of a service's log.
type line map[string]any

func (l line) text(key string) string {
	s, _ := l[key].(string)
	return s
}

// start starts a service, which the test's end kills if it still runs.
func start(t *testing.T, name string, e env, args ...string) *process {
	t.Helper()
	binary := filepath.Join(binaries, name)
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	p := &process{name: name, cmd: exec.Command(binary, args...), done: make(chan struct{}), arrived: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
	for key, value := range e {
		p.cmd.Env = append(p.cmd.Env, key+"="+value)
	}
	p.cmd.Stderr = &p.stderr
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	go p.read(bufio.NewScanner(stdout))
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // fails if it has ended
		<-p.done
		assert.NotContains(t, p.stderr.String(), "DATA RACE")
		if t.Failed() {
			t.Logf("%s wrote at last:\n%s%s", name, tail(p.log()), p.stderr.String())
		}
	})
	return p
}

func (p *process) read(lines *bufio.Scanner) {
	defer close(p.done)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		l := line{}
		if json.Unmarshal(lines.Bytes(), &l) != nil {
			l["msg"] = lines.Text()
		}
		p.mu.Lock()
		p.lines = append(p.lines, l)
		close(p.arrived)
		p.arrived = make(chan struct{})
		p.mu.Unlock()
	}
	_ = p.cmd.Wait() // the state tells more
}

func (p *process) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b strings.Builder
	for _, l := range p.lines {
		text, _ := json.Marshal(l)
		b.Write(append(text, '\n'))
	}
	return b.String()
}

// tail is the last lines of a text.
func tail(text string) string {
	const lines = 12
	all := strings.SplitAfter(text, "\n")
	return strings.Join(all[max(len(all)-lines, 0):], "")
}

// find returns the first line from a place on with a message, and what to wait for if there is none.
func (p *process) find(message string, from int) (line, int, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := from; i < len(p.lines); i++ {
		if p.lines[i].text("msg") == message {
			return p.lines[i], i + 1, nil
		}
	}
	return nil, len(p.lines), p.arrived
}

// says waits for a line with a message.
func (p *process) says(t *testing.T, message string) line {
	t.Helper()
	l, _ := p.saysFrom(t, message, 0)
	return l
}

// saysFrom waits for a line with a message that is not among the first ones, and returns where to look for the next.
func (p *process) saysFrom(t *testing.T, message string, from int) (line, int) {
	t.Helper()
	ctx := limited(t)
	for {
		l, next, arrived := p.find(message, from)
		if l != nil {
			return l, next
		}
		from = next
		select {
		case <-arrived:
		case <-p.done:
			if l, next, _ := p.find(message, from); l != nil {
				return l, next
			}
			require.FailNow(t, "the service ended", "%s without saying %q", p.name, message)
		case <-ctx.Done():
			require.FailNow(t, "the service is silent", "%s does not say %q", p.name, message)
		}
	}
}

// said is how many lines there are.
func (p *process) said() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.lines)
}

// stop asks a service to end and waits until it has, as it should.
func (p *process) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	assert.Equal(t, 0, p.exit(t), "exit code of %s", p.name)
}

// exit waits for the end of a service and returns its exit code.
func (p *process) exit(t *testing.T) int {
	t.Helper()
	receive(t, p.done)
	return p.cmd.ProcessState.ExitCode()
}

// lockedBuffer may be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// pair starts a receiver and, when that is ready, a sender.
func pair(t *testing.T, b *broker.Broker, e env) (sender, receiver *process) {
	t.Helper()
	receiver = start(t, "receiver", at(b.Addr(), "telemetry-receiver").with(e))
	receiver.says(t, "ready")
	sender = start(t, "sender", at(b.Addr(), "telemetry-sender").with(e))
	return sender, receiver
}

// get returns the status of a page.
func get(t *testing.T, url string) int {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(url)
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode
}

package service

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"mqttrace/cmd/internal/envelope"
	"mqttrace/cmd/internal/exitcode"
	"mqttrace/cmd/internal/settings"
	"mqttrace/load/broker"
	"mqttrace/load/mqtt"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const limit = 30 * time.Second

func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(limit):
		require.FailNow(t, "nothing came")
		panic("unreachable")
	}
}

// work is work that does what a test says, or nothing.
type work struct {
	begin    func(context.Context) error
	run      func(stop, drain context.Context)
	began    chan struct{}
	finished bool
}

func (w *work) Rejected(*envelope.Arrival, error) {}
func (w *work) Waiting() int                      { return 0 }
func (w *work) Finish()                           { w.finished = true }

func (w *work) Begin(ctx context.Context) error {
	if w.begin != nil {
		return w.begin(ctx)
	}
	return nil
}

func (w *work) Run(stop, drain context.Context) {
	close(w.began)
	if w.run != nil {
		w.run(stop, drain)
	}
	<-stop.Done()
}

func (w *work) program() Program {
	return Program{Name: "worker", ServiceName: "telemetry.worker", Version: "v1", Summary: "works.",
		Read: func(lookup settings.Lookup) (settings.Service, Maker, error) {
			cfg, err := settings.ReadReceiver(lookup)
			return cfg, func(*Kit) (Work, error) { return w, nil }, err
		}}
}

// output is what is written, by several goroutines.
type output struct {
	mu sync.Mutex
	b  strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// shell runs a program with an environment.
type shell struct {
	env            map[string]string
	signals        chan os.Signal
	stdout, stderr output
	code           chan int
}

func newShell(env map[string]string) *shell {
	return &shell{env: env, signals: make(chan os.Signal, 2), code: make(chan int, 1)}
}

func at(addr string) map[string]string {
	host, port, _ := net.SplitHostPort(addr)
	return map[string]string{settings.BrokerHostname: host, settings.BrokerTCPPort: port, settings.UseTLS: "false", settings.ClientID: "worker"}
}

func (s *shell) run(p Program, args ...string) *shell {
	go func() {
		s.code <- Run(World{Args: args, Stdout: &s.stdout, Stderr: &s.stderr, Signals: s.signals,
			Lookup: func(name string) (string, bool) { value, ok := s.env[name]; return value, ok }}, p)
	}()
	return s
}

func embedded(t *testing.T) *broker.Server {
	t.Helper()
	b, err := broker.Listen(broker.EmbeddedConfig{})
	require.NoError(t, err)
	t.Cleanup(b.Close)
	return b
}

func newWork() *work { return &work{began: make(chan struct{})} }

func TestASignalEndsTheWorkAndThenTheRest(t *testing.T) {
	w := newWork()
	s := newShell(at(embedded(t).Addr())).run(w.program())
	receive(t, w.began)
	s.signals <- syscall.SIGTERM
	assert.Equal(t, exitcode.Pass, receive(t, s.code))
	assert.True(t, w.finished)
	for _, said := range []string{`"msg":"starting","service":"worker","version":"v1"`, `"msg":"ready"`, `"msg":"stopping"`, `"msg":"stopped"`} {
		assert.Contains(t, s.stdout.String(), said)
	}
	assert.Empty(t, s.stderr.String())
}

func TestASecondSignalEndsAtOnce(t *testing.T) {
	w, hang := newWork(), make(chan struct{})
	w.run = func(context.Context, context.Context) { <-hang }
	s := newShell(at(embedded(t).Addr())).run(w.program())
	receive(t, w.began)
	s.signals <- os.Interrupt
	s.signals <- os.Interrupt // at the same time: an echo
	for heard := false; !heard; {
		select {
		case code := <-s.code:
			assert.Equal(t, exitcode.Interrupted, code)
			heard = true
		case s.signals <- os.Interrupt:
		}
	}
	assert.Contains(t, s.stderr.String(), "worker: ended by a second signal")
	close(hang) // the process would have ended; here its goroutines have to
}

func TestDrainingHasHalfOfTheGrace(t *testing.T) {
	w := newWork()
	var stopping, draining error
	w.run = func(stop, drain context.Context) {
		<-drain.Done()
		stopping, draining = context.Cause(stop), context.Cause(drain)
	}
	env := at(embedded(t).Addr())
	env[settings.ShutdownGrace] = "1s"
	s := newShell(env).run(w.program())
	receive(t, w.began)
	s.signals <- syscall.SIGTERM
	assert.Equal(t, exitcode.Pass, receive(t, s.code))
	assert.ErrorIs(t, stopping, ErrStopped)
	assert.ErrorIs(t, draining, ErrStopped)
}

func TestWhatCannotBegin(t *testing.T) {
	refused := &mqtt.RefusedError{What: "subscription", ReasonCode: 0x87}
	w := newWork()
	w.begin = func(context.Context) error { return refused }
	s := newShell(at(embedded(t).Addr())).run(w.program())
	assert.Equal(t, exitcode.CannotRun, receive(t, s.code))
	assert.Contains(t, s.stderr.String(), "worker: subscription refused by the broker: 0x87 not authorized")
	assert.True(t, w.finished)
}

func TestWhatCanBeginTheNextTime(t *testing.T) {
	w, attempts := newWork(), 0
	w.begin = func(context.Context) error {
		if attempts++; attempts < 3 {
			return io.ErrUnexpectedEOF
		}
		return nil
	}
	s := newShell(at(embedded(t).Addr())).run(w.program())
	receive(t, w.began)
	assert.Equal(t, 3, attempts)
	assert.Equal(t, 1, strings.Count(s.stdout.String(), "subscription failed, trying again"), "once per burst")
	s.signals <- os.Interrupt
	assert.Equal(t, exitcode.Pass, receive(t, s.code))
}

func TestASignalEndsTheWaitForABroker(t *testing.T) {
	env := at("127.0.0.1:1")
	s := newShell(env).run(newWork().program())
	require.Eventually(t, func() bool { return strings.Contains(s.stdout.String(), "connection failed, trying again") }, limit, time.Millisecond)
	s.signals <- syscall.SIGTERM
	assert.Equal(t, exitcode.Pass, receive(t, s.code))
}

func TestMistakesOfTheEnvironment(t *testing.T) {
	s := newShell(map[string]string{settings.LogLevel: "loud"}).run(newWork().program())
	assert.Equal(t, exitcode.Usage, receive(t, s.code))
	assert.Equal(t, `worker: the environment is not as it should be:
AIO_BROKER_HOSTNAME: not set; want the broker's host name or address
AIO_MQTT_CLIENT_ID: not set; want the MQTT client identifier
LOG_LEVEL="loud": want trace, debug, info, warn, error or off
`, s.stderr.String())

	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	env := at("127.0.0.1:1")
	env[settings.HealthAddr] = l.Addr().String()
	s = newShell(env).run(newWork().program())
	assert.Equal(t, exitcode.CannotRun, receive(t, s.code))
	assert.Contains(t, s.stderr.String(), "serve health on "+l.Addr().String()+" (HEALTH_ADDR): ")
}

func TestCommandLine(t *testing.T) {
	cases := []struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		{[]string{"version"}, exitcode.Pass, "worker v1\n", ""},
		{[]string{"--version"}, exitcode.Pass, "worker v1\n", ""},
		{[]string{"help"}, exitcode.Pass, "worker works.\n", ""},
		{[]string{"-h"}, exitcode.Pass, "Usage:", ""},
		{[]string{"serve"}, exitcode.Usage, "", `worker: unknown argument "serve"`},
		{[]string{"version", "2"}, exitcode.Usage, "", "worker: too many arguments"},
		{[]string{"healthcheck"}, exitcode.Usage, "", "worker: HEALTH_ADDR: not set"},
	}
	for _, c := range cases {
		s := newShell(nil).run(newWork().program(), c.args...)
		assert.Equal(t, c.code, receive(t, s.code), c.args)
		assert.Contains(t, s.stdout.String(), c.stdout)
		assert.Contains(t, s.stderr.String(), c.stderr)
	}
	assert.Equal(t, "dev", Program{}.version())
}

func TestReadiness(t *testing.T) {
	h, err := listenHealth("127.0.0.1:0")
	require.NoError(t, err)
	defer h.close()
	assert.Equal(t, errNotYet, h.unready())
	assert.False(t, h.connection(nil))
	assert.ErrorContains(t, h.unready(), "not begun")
	h.begun.Store(true)
	assert.NoError(t, h.unready())
	assert.True(t, h.connection(io.EOF))
	assert.Equal(t, io.EOF, h.unready())
	assert.False(t, h.connection(io.ErrUnexpectedEOF))
}

func TestAHealthCheckAsksThisHost(t *testing.T) {
	for listened, asked := range map[string]string{":80": "127.0.0.1:80", "0.0.0.0:80": "127.0.0.1:80", "[::]:80": "[::1]:80", "10.0.0.1:80": "10.0.0.1:80"} {
		assert.Equal(t, asked, reachable(listened))
	}
}

func TestWhichErrorsAreFinal(t *testing.T) {
	refused := func(code byte) error { return fmt.Errorf("x: %w", &mqtt.RefusedError{ReasonCode: code}) }
	cases := []struct {
		err  error
		want bool
	}{
		{refused(0x86), true},
		{refused(0x87), true},
		{refused(0x8c), true},
		{refused(0x88), false},
		{refused(0x97), false},
		{fmt.Errorf("x: %w", mqtt.ErrNotGranted), true},
		{&tls.CertificateVerificationError{Err: errors.New("x")}, true},
		{tls.RecordHeaderError{Msg: "x"}, true},
		{&net.OpError{Op: "remote error", Err: errors.New("tls: certificate required")}, true},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, false},
		{io.EOF, false},
	}
	for _, c := range cases {
		assert.Equal(t, c.want, isFinal(c.err), c.err)
	}
}

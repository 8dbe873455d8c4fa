package main

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"mqttrace/cmd/internal/envelope"
	"mqttrace/cmd/internal/service"
	"mqttrace/cmd/internal/settings"
	"mqttrace/cmd/internal/telemetry"
	"mqttrace/load/mqtt"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestErrorTypesAreFew(t *testing.T) {
	cases := []struct {
		code byte
		err  error
		want string
	}{
		{0, nil, ""},
		{0x10, nil, ""},
		{0x87, envelope.ErrRefused, "mqtt.0x87"},
		{0x80, envelope.ErrRefused, "mqtt.0x80"},
		{0, mqtt.ErrSessionLost, "session_lost"},
		{0, mqtt.ErrClosed, "shutdown"},
		{0, service.ErrStopped, "shutdown"},
		{0, errExpired, "timeout"},
		{0, io.EOF, "_OTHER"},
	}
	for _, c := range cases {
		assert.Equal(t, c.want, errorType(&envelope.Receipt{ReasonCode: c.code}, c.err))
	}
}

// unconnected is a sender whose broker does not answer: nothing is ever attached.
func unconnected(t *testing.T, change func(*settings.Sender)) (*sender, *strings.Builder) {
	t.Helper()
	cfg, err := settings.ReadSender(func(name string) (string, bool) {
		value, ok := map[string]string{settings.BrokerHostname: "broker", settings.ClientID: "client"}[name]
		return value, ok
	})
	require.NoError(t, err)
	change(&cfg)
	log := new(strings.Builder)
	tel, err := telemetry.Start(t.Context(), telemetry.Config{Telemetry: cfg.Telemetry, Log: cfg.Log, Stdout: log})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, tel.Shutdown(context.Background())) })
	s, err := newSender(&service.Kit{Settings: cfg.Service, Telemetry: tel, Bursts: new(telemetry.Bursts),
		Client: envelope.New("client", tel.Propagator, nil)}, cfg)
	require.NoError(t, err)
	return s, log
}

func TestAMessageThatExpiresBeforeItIsSentIsLost(t *testing.T) {
	s, log := unconnected(t, func(cfg *settings.Sender) { cfg.Expiry = time.Millisecond })
	s.dispatch(t.Context(), reading{Sequence: 1})
	s.Finish()
	assert.Contains(t, log.String(), `"error_type":"timeout","error":"the message expired before there was a connection to send it on"`)
}

func TestWhatIsWaitingAtTheEndIsLostAndSaidToBe(t *testing.T) {
	s, log := unconnected(t, func(*settings.Sender) {})
	stop, stopNow := context.WithCancelCause(t.Context())
	stopNow(service.ErrStopped)
	s.Run(stop, stop) // takes one reading, which it cannot send
	s.Finish()
	assert.Contains(t, log.String(), `"error_type":"shutdown","error":"the service is stopping"`)
}

func TestReadingsThatFindNoPlaceAreDiscarded(t *testing.T) {
	s, log := unconnected(t, func(cfg *settings.Sender) { cfg.Interval = time.Hour })
	for range mostReadings {
		s.readings <- reading{}
	}
	stop, cancel := context.WithCancel(t.Context())
	cancel()
	s.read(stop) // takes one reading and ends
	assert.Contains(t, log.String(), "readings lost: too many wait to be sent")
	assert.Equal(t, mostReadings, s.Waiting())
}

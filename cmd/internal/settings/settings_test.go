package settings_test

import (
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	aio "github.com/Azure/iot-operations-sdks/go/mqtt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/cmd/internal/credentials"
	"mqttrace/cmd/internal/settings"
	"mqttrace/load/mqtt"
)

var update = flag.Bool("update", false, "write the expected output anew")

// env is an environment.
type env map[string]string

func (e env) lookup(name string) (string, bool) {
	value, ok := e[name]
	return value, ok
}

// least is what must be set, and more.
func least(more env) env {
	e := env{settings.BrokerHostname: "broker", settings.ClientID: "client"}
	for name, value := range more {
		e[name] = value
	}
	return e
}

func TestDefaults(t *testing.T) {
	s, err := settings.ReadSender(least(nil).lookup)
	require.NoError(t, err)
	assert.Equal(t, settings.Broker{Host: "broker", Port: 8883, Secure: true, ClientID: "client", KeepAlive: time.Minute, SessionExpiry: time.Hour}, s.Broker)
	assert.Equal(t, "broker:8883", s.Broker.Address())
	assert.Equal(t, "sample/telemetry", s.Topic)
	assert.Equal(t, 8*time.Second, s.Grace)
	assert.Empty(t, s.HealthAddr)
	assert.Equal(t, settings.Log{Level: slog.LevelInfo, JSON: true}, s.Log)
	assert.Equal(t, settings.Telemetry{TraceContext: true, Baggage: true, SpanQueue: 2048, LogQueue: 2048}, s.Telemetry)
	assert.False(t, s.Telemetry.Exports())
	assert.Equal(t, "urn:mqttrace:telemetry:sensor:temperature-001", s.Source.String())
	assert.Equal(t, 30*time.Second, s.Expiry)
	assert.Equal(t, 5*time.Second, s.Interval)
	other, err := settings.ReadSender(least(nil).lookup)
	require.NoError(t, err)
	assert.NotEqual(t, s.Temperature.Seed, other.Temperature.Seed)
	s.Temperature.Seed = 0
	assert.Equal(t, settings.Temperature{Mean: 21, Swing: 4, StdDev: 0.4, Period: 24 * time.Hour}, s.Temperature)
	assert.Empty(t, s.Warnings)

	r, err := settings.ReadReceiver(least(nil).lookup)
	require.NoError(t, err)
	assert.Equal(t, s.Service, r)
}

func TestEmptyIsNotSet(t *testing.T) {
	e := least(nil)
	for _, name := range []string{settings.BrokerTCPPort, settings.UseTLS, settings.Topic, settings.CESource, settings.SATFile, settings.LogLevel,
		settings.TracesExporter, settings.OTLPEndpoint, settings.Propagators, settings.TemperatureMean} {
		e[name] = ""
	}
	_, err := settings.ReadSender(e.lookup)
	assert.NoError(t, err)
}

func TestEveryMistakeIsReportedAtOnce(t *testing.T) {
	e := env{
		settings.BrokerTCPPort:     "70000",
		settings.UseTLS:            "nah",
		settings.KeepAlive:         "65536",
		settings.SessionExpiry:     "-1",
		settings.CAFile:            "testdata/no-ca.pem",
		settings.Topic:             "a//b",
		settings.HealthAddr:        "8080",
		settings.LogLevel:          "loud",
		settings.LogFormat:         "xml",
		settings.SDKDisabled:       "perhaps",
		settings.TracesExporter:    "zipkin",
		settings.Propagators:       "b3",
		"OTEL_TRACES_SAMPLER":      "sometimes",
		"OTEL_TRACES_SAMPLER_ARG":  "2",
		settings.OTLPEndpoint:      "collector:4317",
		settings.OTLPProtocol:      "http/json",
		settings.CESource:          "%zz",
		settings.MessageExpirySecs: "4294967296",
		settings.SendInterval:      "0s",
		settings.TemperatureMean:   "warm",
		settings.TemperatureStdDev: "-1",
		settings.TemperatureSeed:   "1.5",
		settings.ShutdownGrace:     "10ms",
	}
	_, err := settings.ReadSender(e.lookup)
	var problems settings.Problems
	require.ErrorAs(t, err, &problems)
	golden := filepath.Join("testdata", "mistakes.txt")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(err.Error()+"\n"), 0o600))
	}
	want, readErr := os.ReadFile(golden)
	require.NoError(t, readErr)
	assert.Equal(t, strings.TrimSuffix(string(want), "\n"), err.Error())
	assert.Len(t, problems, len(e)+2, "and the two that are required")
}

func TestMistakes(t *testing.T) {
	cases := []struct {
		name string
		env  env
		want string
	}{
		{"token beside user name", env{settings.SATFile: "testdata/token", settings.Username: "u"},
			`AIO_MQTT_USERNAME="u": set together with AIO_SAT_FILE; want one way to authenticate`},
		{"token beside password", env{settings.SATFile: "testdata/token", settings.PasswordFile: "testdata/token"},
			`AIO_MQTT_PASSWORD_FILE="testdata/token": set together with AIO_SAT_FILE; want one way to authenticate`},
		{"host with scheme", env{settings.BrokerHostname: "mqtt://broker"}, `AIO_BROKER_HOSTNAME="mqtt://broker": want a host name or address, without scheme, brackets or port (that is AIO_BROKER_TCP_PORT)`},
		{"host with port", env{settings.BrokerHostname: "broker:1883"}, `AIO_BROKER_HOSTNAME="broker:1883": want a host name`},
		{"not UTF-8", env{settings.ClientID: "a\xff"}, `AIO_MQTT_CLIENT_ID="a\xff": want text of at most 65535 bytes of UTF-8 without control characters`},
		{"control character", env{settings.Username: "a\tb"}, `AIO_MQTT_USERNAME="a\tb": want text`},
		{"no token", env{settings.SATFile: "testdata/none"}, `AIO_SAT_FILE="testdata/none": open testdata/none: no such file or directory`},
		{"key without certificate", env{settings.KeyFile: "k"}, `AIO_TLS_CERT_FILE: not set; want the certificate of the private key in AIO_TLS_KEY_FILE`},
		{"certificate without key", env{settings.CertFile: "c"}, `AIO_TLS_KEY_FILE: not set; want the private key of the certificate in AIO_TLS_CERT_FILE`},
		{"key password alone", env{settings.KeyPasswordFile: "p"}, `AIO_TLS_KEY_PASSWORD_FILE="p": set without AIO_TLS_KEY_FILE; want the password of that key`},
		{"TLS files without TLS", env{settings.UseTLS: "false", settings.CAFile: "../credentials/testdata/cert.pem"},
			`AIO_TLS_CA_FILE="../credentials/testdata/cert.pem": set although AIO_MQTT_USE_TLS is false; unset one of them`},
		{"topic with a token", env{settings.Topic: "plant/{line}"}, `TOPIC="plant/{line}": want a topic such as sample/telemetry: no empty level, no space, none of "+#{}, no $ at the beginning`},
		{"topic of the system", env{settings.Topic: "$SYS/x"}, `TOPIC="$SYS/x": want a topic`},
		{"queue", env{settings.SpanQueue: "0"}, `OTEL_BSP_MAX_QUEUE_SIZE="0": want a whole number from 1 to 1073741824`},
		{"signal's own endpoint", env{settings.OTLPLogsEndpoint: "x"}, `OTEL_EXPORTER_OTLP_LOGS_ENDPOINT="x": want a URL such as http://localhost:4318`},
		{"resource", env{"OTEL_RESOURCE_ATTRIBUTES": "novalue"}, `OTEL_RESOURCE_ATTRIBUTES="novalue": want a list such as key1=value1,key2=value2`},
		{"interval", env{"OTEL_METRIC_EXPORT_INTERVAL": "5s"}, `OTEL_METRIC_EXPORT_INTERVAL="5s": want a number of milliseconds from 1`},
		{"authorities for OTLP", env{"OTEL_EXPORTER_OTLP_CERTIFICATE": "none"}, `OTEL_EXPORTER_OTLP_CERTIFICATE="none": want a file that can be read`},
		{"RUST_LOG", env{settings.RustLog: "sender=loud"}, `RUST_LOG="sender=loud": want a level`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := settings.ReadSender(least(c.env).lookup)
			require.Error(t, err)
			assert.Contains(t, err.Error(), c.want)
			assert.NotContains(t, err.Error(), "\n", "that one alone")
		})
	}
}

func TestASecretInPlaceOfItsFileIsNotShown(t *testing.T) {
	for _, secret := range []string{"eyJhbGciOiJSUzI1NiJ9.e30.c2ln", "-----BEGIN PRIVATE KEY-----\nMIG", strings.Repeat("x", 300), "pass\nword"} {
		_, err := settings.ReadSender(least(env{settings.LogLevel: secret}).lookup)
		require.Error(t, err)
		assert.NotContains(t, err.Error(), secret)
		assert.Contains(t, err.Error(), "characters, not shown)")
	}
}

func TestHosts(t *testing.T) {
	for _, host := range []string{"aio-broker", "aio-broker.azure-iot-operations", "127.0.0.1", "::1"} {
		s, err := settings.ReadReceiver(least(env{settings.BrokerHostname: host}).lookup)
		require.NoError(t, err)
		assert.Equal(t, host, s.Broker.Host)
	}
}

func TestTopics(t *testing.T) {
	for topic, ok := range map[string]bool{"a": true, "a/b": true, "plant/{line}/x": true, "{a}/{b}": true, "": true, // the default
		"a/+": false, "#": false, "a b": false, "/a": false, "a/": false, "a{b}": false, "$share/g/a": false} {
		_, err := settings.ReadReceiver(least(env{settings.Topic: topic}).lookup)
		assert.Equal(t, ok, err == nil, topic)
	}
}

func TestWhatIsExported(t *testing.T) {
	cases := []struct {
		env  env
		want [3]bool // traces, metrics, logs
	}{
		{env{}, [3]bool{}},
		{env{settings.OTLPEndpoint: "http://c:4318"}, [3]bool{true, true, true}},
		{env{settings.OTLPEndpoint: "http://c:4318", settings.LogsExporter: "none"}, [3]bool{true, true, false}},
		{env{settings.OTLPTracesEndpoint: "http://c:4318"}, [3]bool{true, false, false}},
		{env{settings.TracesExporter: "console"}, [3]bool{true, false, false}},
		{env{settings.MetricsExporter: "prometheus"}, [3]bool{false, true, false}},
		{env{settings.LogsExporter: "otlp"}, [3]bool{false, false, true}},
		{env{settings.OTLPEndpoint: "http://c:4318", settings.SDKDisabled: "true"}, [3]bool{}},
	}
	for _, c := range cases {
		s, err := settings.ReadReceiver(least(c.env).lookup)
		require.NoError(t, err)
		assert.Equal(t, c.want, [3]bool{s.Telemetry.Traces, s.Telemetry.Metrics, s.Telemetry.Logs}, c.env)
	}
}

func TestPropagators(t *testing.T) {
	for value, want := range map[string][2]bool{"": {true, true}, "none": {}, "baggage": {false, true}, "tracecontext": {true, false}, "tracecontext, baggage": {true, true}} {
		s, err := settings.ReadReceiver(least(env{settings.Propagators: value}).lookup)
		require.NoError(t, err)
		assert.Equal(t, want, [2]bool{s.Telemetry.TraceContext, s.Telemetry.Baggage}, value)
	}
}

func TestLogLevels(t *testing.T) {
	cases := []struct {
		logLevel, rustLog string
		want              slog.Level
	}{
		{"", "", slog.LevelInfo},
		{"debug", "", slog.LevelDebug},
		{"ERROR", "", slog.LevelError},
		{"warn", "trace", slog.LevelWarn},
		{"", "warn", slog.LevelWarn},
		{"", "trace", slog.LevelDebug - 4},
		{"", "error,sender=debug", slog.LevelError},
		{"", "sender=debug,azure=warn", slog.LevelDebug},
		{"", "azure_iot_operations_mqtt::session", slog.LevelDebug - 4},
	}
	for _, c := range cases {
		s, err := settings.ReadReceiver(least(env{settings.LogLevel: c.logLevel, settings.RustLog: c.rustLog}).lookup)
		require.NoError(t, err)
		assert.Equal(t, c.want, s.Log.Level, c)
	}
	s, err := settings.ReadReceiver(least(env{settings.LogLevel: "off"}).lookup)
	require.NoError(t, err)
	assert.Greater(t, s.Log.Level, slog.LevelError)
}

func TestDurations(t *testing.T) {
	for value, want := range map[string]time.Duration{"250ms": 250 * time.Millisecond, "2": 2 * time.Second, "0.5": 500 * time.Millisecond, "1m": time.Minute} {
		s, err := settings.ReadSender(least(env{settings.SendInterval: value}).lookup)
		require.NoError(t, err)
		assert.Equal(t, want, s.Interval)
	}
}

func TestWarnings(t *testing.T) {
	s, err := settings.ReadSender(least(env{settings.UseTLS: "false", settings.SATFile: "testdata/token", settings.OTLPEndpoint: "http://collector:4317"}).lookup)
	require.NoError(t, err)
	assert.Equal(t, []string{
		"AIO_MQTT_USE_TLS=false sends the password or token over the network as it is",
		"the OTLP endpoint has gRPC's port 4317, and without OTEL_EXPORTER_OTLP_PROTOCOL=grpc is spoken to as http/protobuf",
	}, s.Warnings)
	s, err = settings.ReadSender(least(env{settings.BrokerHostname: "localhost", settings.UseTLS: "false", settings.SATFile: "testdata/token",
		settings.OTLPEndpoint: "http://collector:4317", settings.OTLPProtocol: "grpc"}).lookup)
	require.NoError(t, err)
	assert.Empty(t, s.Warnings)
}

func TestConnection(t *testing.T) {
	s, err := settings.ReadReceiver(least(env{settings.KeepAlive: "0", settings.SessionExpiry: "0", settings.CleanStart: "true",
		settings.Username: "u", settings.PasswordFile: "testdata/token"}).lookup)
	require.NoError(t, err)
	c := s.Broker.Connection(nil)
	assert.Equal(t, mqtt.KeepAliveOff, c.KeepAlive)
	assert.Zero(t, c.SessionExpiry)
	assert.False(t, c.Resume)
	assert.Equal(t, "u", c.Username)
	password, err := c.Password()
	require.NoError(t, err)
	assert.Equal(t, "not a token", string(password))
	assert.Nil(t, c.Auth)
	config, err := c.FreshTLS()
	require.NoError(t, err)
	assert.Equal(t, "broker", config.ServerName)
	assert.False(t, config.InsecureSkipVerify)

	s, err = settings.ReadReceiver(least(env{settings.SATFile: "testdata/token", settings.UseTLS: "false"}).lookup)
	require.NoError(t, err)
	c = s.Broker.Connection(credentials.NewToken(s.Broker.SATFile))
	assert.True(t, c.Resume)
	assert.Nil(t, c.FreshTLS)
	assert.Equal(t, "K8S-SAT", c.Auth.Method)
	data, err := c.Auth.Data()
	require.NoError(t, err)
	assert.Equal(t, "not a token", string(data))
}

// The official SDK reads the same variables; what it refuses, we refuse.
func TestTheOfficialSDKAgrees(t *testing.T) {
	cases := []struct {
		name, value string
		ok          bool
	}{
		{settings.BrokerTCPPort, "18883", true},
		{settings.BrokerTCPPort, "70000", false},
		{settings.BrokerTCPPort, "eight", false},
		{settings.UseTLS, "false", true},
		{settings.UseTLS, "T", true},
		{settings.UseTLS, "no", false},
		{settings.CleanStart, "1", true},
		{settings.CleanStart, "yes", false},
		{settings.KeepAlive, "30", true},
		{settings.KeepAlive, "70000", false},
		{settings.SessionExpiry, "4294967295", true},
		{settings.SessionExpiry, "4294967296", false},
		{settings.KeyFile, "testdata/token", false},
		{settings.SATFile, "testdata/token", true},
		{settings.SATFile, "testdata/none", false},
	}
	for _, c := range cases {
		t.Run(c.name+"="+c.value, func(t *testing.T) {
			e := least(env{c.name: c.value})
			for name, value := range e {
				t.Setenv(name, value)
			}
			theirs, err := aio.SessionClientConfigFromEnv()
			if err == nil && theirs.Auth != nil {
				t.Cleanup(func() { closeAuth(theirs.Auth) })
			}
			assert.Equal(t, c.ok, err == nil, "theirs: %v", err)
			_, err = settings.ReadReceiver(e.lookup)
			assert.Equal(t, c.ok, err == nil, "ours: %v", err)
		})
	}
}

// closeAuth ends what the SDK started to watch a token.
func closeAuth(provider any) {
	if c, ok := provider.(interface{ Close() error }); ok {
		_ = c.Close()
	}
}

func TestReadHealthAddr(t *testing.T) {
	addr, err := settings.ReadHealthAddr(env{settings.HealthAddr: ":8080"}.lookup)
	require.NoError(t, err)
	assert.Equal(t, ":8080", addr)
	_, err = settings.ReadHealthAddr(env{}.lookup)
	assert.EqualError(t, err, "HEALTH_ADDR: not set; want the address that the service serves its health on")
	_, err = settings.ReadHealthAddr(env{settings.HealthAddr: "x"}.lookup)
	assert.ErrorContains(t, err, `HEALTH_ADDR="x": want an address to listen on`)
}

func FuzzRead(f *testing.F) {
	f.Add("AIO_BROKER_TCP_PORT", "1")
	f.Add("RUST_LOG", "a::b=debug,,info")
	f.Add("OTEL_PROPAGATORS", ",")
	f.Fuzz(func(t *testing.T, name, value string) {
		if strings.HasSuffix(name, "FILE") {
			return // would read whatever is there
		}
		_, err := settings.ReadSender(least(env{name: value}).lookup)
		if err != nil {
			require.Contains(t, err.Error(), name)
		}
	})
}

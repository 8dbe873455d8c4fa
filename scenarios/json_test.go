package scenarios

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// everyKey is a scenario that has every key.
const everyKey = "testdata/good/every-key.yaml"

// good lists all scenario files that there is nothing to say against.
func good(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/good/*.yaml")
	require.NoError(t, err)
	return append(files, shipped(t)...)
}

func TestJSONRoundTrip(t *testing.T) {
	schema := compiled(t)
	for _, file := range good(t) {
		t.Run(file, func(t *testing.T) {
			before, err := Load(file)
			require.NoError(t, err)
			text, err := json.MarshalIndent(before, "", "  ")
			require.NoError(t, err)
			after, err := Decode("elsewhere/result.json", text)
			require.NoError(t, err)
			assert.Equal(t, rootless(before), rootless(after))
			assert.NoError(t, fitsSchema(t, schema, text))
		})
	}
}

// rootless is a scenario that has forgotten which file it came from.
func rootless(s *Scenario) *Scenario {
	if s.Sweep != nil {
		s.Sweep.source = nil
	}
	if s.Search != nil {
		s.Search.source = nil
	}
	return s
}

func TestJSONIsWhatAPersonWouldWrite(t *testing.T) {
	s, err := Load(everyKey)
	require.NoError(t, err)
	// Paths are absolute once decoded; the golden file is for any machine.
	s.Broker.PasswordFile = filepath.Base(s.Broker.PasswordFile)
	s.Broker.TLS.CA = filepath.Base(s.Broker.TLS.CA)
	s.Senders[1].Payload.File = filepath.Base(s.Senders[1].Payload.File)
	text, err := json.MarshalIndent(s, "", "  ")
	require.NoError(t, err)
	golden(t, "testdata/good/every-key.json", string(text)+"\n")
	assert.NotContains(t, string(text), "secret-word")
}

func TestJSONOfTracing(t *testing.T) {
	for _, name := range []string{"compare", "export", "faults"} {
		t.Run(name, func(t *testing.T) {
			s, err := Load("testdata/good/" + name + ".yaml")
			require.NoError(t, err)
			text, err := json.MarshalIndent(map[string]any{"tracing": s.Tracing, "faults": s.Faults}, "", "  ")
			require.NoError(t, err)
			golden(t, "testdata/good/"+name+".json", string(text)+"\n")
		})
	}
}

func TestPathsStartAtTheScenariosFolder(t *testing.T) {
	s, err := Load(everyKey)
	require.NoError(t, err)
	for _, path := range []string{s.Broker.PasswordFile, s.Broker.TLS.CA, s.Senders[1].Payload.File} {
		assert.True(t, filepath.IsAbs(path), path)
		_, err := os.Stat(path)
		assert.NoError(t, err)
	}
}

func TestBrokerForms(t *testing.T) {
	cases := []struct {
		name, yaml string
		want       Broker
		json       string
	}{
		{"embedded", "embedded", Broker{Kind: Embedded}, `"embedded"`},
		{"mosquitto", "mosquitto", Broker{Kind: Mosquitto}, `"mosquitto"`},
		{"the long form of one's own", "{name: mosquitto}", Broker{Kind: Mosquitto}, `"mosquitto"`},
		{"persistence", "{name: mosquitto, persistence: true}", Broker{Kind: Mosquitto, Persistence: true}, `{"name":"mosquitto","persistence":true}`},
		{"a URL", "mqtt://host", Broker{Kind: External, URL: "mqtt://host"}, `"mqtt://host"`},
		{"a URL with a port", "mqtts://[::1]:8884/", Broker{Kind: External, URL: "mqtts://[::1]:8884"}, `"mqtts://[::1]:8884"`},
		{"a WebSocket", "'ws://host:8080'", Broker{Kind: External, URL: "ws://host:8080/mqtt"}, `"ws://host:8080/mqtt"`},
		{"a WebSocket with a path", "wss://host/a/b", Broker{Kind: External, URL: "wss://host/a/b"}, `"wss://host/a/b"`},
		{"QUIC", "quic://host/", Broker{Kind: External, URL: "quic://host"}, `"quic://host"`},
		{"a socket", "unix:///run/mosquitto.sock", Broker{Kind: External, URL: "unix:///run/mosquitto.sock"}, `"unix:///run/mosquitto.sock"`},
		{"names of TLS", "{url: 'mqtts://host', tls: {server_name: broker.example, alpn: [mqtt]}}",
			Broker{Kind: External, URL: "mqtts://host", TLS: TLS{ServerName: "broker.example", ALPN: []string{"mqtt"}}},
			`{"url":"mqtts://host","tls":{"server_name":"broker.example","alpn":["mqtt"]}}`},
		{"a user in the URL", "mqtt://ann@host", Broker{Kind: External, URL: "mqtt://host", Username: "ann"}, `{"url":"mqtt://host","username":"ann"}`},
		{"the long form", "{url: 'mqtt://host'}", Broker{Kind: External, URL: "mqtt://host"}, `"mqtt://host"`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, err := Decode("x.yaml", []byte("broker: "+c.yaml+minimal))
			require.NoError(t, err)
			assert.Equal(t, c.want, s.Broker)
			text, err := json.Marshal(s.Broker)
			require.NoError(t, err)
			assert.Equal(t, c.json, string(text))
		})
	}
}

func TestBrokerAddress(t *testing.T) {
	assert.Equal(t, "host:1883", Broker{URL: "mqtt://host"}.Address())
	assert.Equal(t, "host:8883", Broker{URL: "mqtts://host"}.Address())
	assert.Equal(t, "[::1]:1884", Broker{URL: "mqtt://[::1]:1884"}.Address())
	assert.Equal(t, "host:443", Broker{URL: "wss://host/mqtt"}.Address())
	assert.Equal(t, "host:14567", Broker{URL: "quic://host"}.Address())
	assert.True(t, Broker{URL: "quic://host"}.QUIC())
	assert.True(t, Broker{URL: "quic://host"}.Secure())
	assert.False(t, Broker{URL: "mqtts://host"}.QUIC())
	assert.Equal(t, "/mqtt", Broker{URL: "wss://host/mqtt"}.WebSocketPath())
	assert.Empty(t, Broker{URL: "mqtt://host"}.WebSocketPath())
	assert.Equal(t, "/run/a.sock", Broker{URL: "unix:///run/a.sock"}.UnixPath())
	assert.Empty(t, Broker{URL: "unix:///run/a.sock"}.Address())
	assert.Empty(t, Broker{URL: "mqtt://host"}.UnixPath())
	assert.True(t, Broker{URL: "wss://host"}.Secure())
	assert.Empty(t, Broker{Kind: Embedded}.Address())
	assert.True(t, Broker{URL: "mqtts://host"}.Secure())
	assert.False(t, Broker{URL: "mqtt://host"}.Secure())
}

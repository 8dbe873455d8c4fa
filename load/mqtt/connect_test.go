package mqtt_test

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
	"mqttrace/load/broker/brokertest"
	"mqttrace/load/mqtt"
)

func TestConnectOverTLS(t *testing.T) {
	authority := brokertest.NewAuthority(t, t.TempDir())
	cert, key := authority.Issue(t, "broker")
	b := mosquitto(broker.MosquittoConfig{CertFile: cert, KeyFile: key, CAFile: authority.File, RequireCertificate: true})(t)
	c := connect(t, mqtt.Settings{Address: b.Addr(), TLS: authority.Trusted(authority.Pair(t, "client"))}, mqtt.Handlers{})
	outcomes := make(chan mqtt.Outcome, 1)
	require.NoError(t, c.Publish(deadline(t), 1, numbered{topic: "a", qos: 1, outcomes: outcomes}, false))
	assert.NoError(t, receive(t, outcomes).Err)
}

func TestConnectErrorsSayWhatIsWrong(t *testing.T) {
	authority := brokertest.NewAuthority(t, t.TempDir())
	cert, key := authority.Issue(t, "broker")
	plain := mosquitto(broker.MosquittoConfig{})(t)
	secure := mosquitto(broker.MosquittoConfig{CertFile: cert, KeyFile: key})(t)
	guarded, err := broker.EmbeddedConfig{Username: "user", Password: "right"}.Start(deadline(t))
	owned(t, guarded, err)
	cases := []struct {
		name     string
		settings mqtt.Settings
		want     []string
	}{
		{"nobody listens", mqtt.Settings{Address: brokertest.FreeAddress(t)}, []string{"connect to 127.0.0.1:", "connection refused"}},
		{"no socket", mqtt.Settings{Transport: mqtt.Transport{Unix: "no.sock"}}, []string{"connect to no.sock: ", "no.sock"}},
		{"silent", mqtt.Settings{Address: silent(t), ConnectTimeout: 50 * time.Millisecond}, []string{"no CONNACK within 50ms"}},
		{"wrong password", mqtt.Settings{Address: guarded.Addr(), Username: "user", Password: func() ([]byte, error) { return []byte("wrong"), nil }},
			[]string{"connection of client", "refused by the broker", "0x86 bad user name or password"}},
		{"no password", mqtt.Settings{Address: guarded.Addr()}, []string{"refused by the broker"}},
		{"password cannot be read", mqtt.Settings{Address: guarded.Addr(), Username: "user", Password: func() ([]byte, error) { return nil, os.ErrNotExist }},
			[]string{"password of client", "file does not exist"}},
		{"TLS to a plain port", mqtt.Settings{Address: plain.Addr(), TLS: authority.Trusted(), ConnectTimeout: time.Second},
			[]string{"connect to " + plain.Addr(), "does not speak TLS there"}},
		{"plain to a TLS port", mqtt.Settings{Address: secure.Addr()}, []string{"does the broker expect TLS"}},
		{"unknown authority", mqtt.Settings{Address: secure.Addr(), TLS: new(tls.Config)}, []string{"unknown authority", "tls.ca"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.settings.ClientID = "client"
			_, err := dial(deadline(t), c.settings, mqtt.Handlers{})
			require.Error(t, err)
			for _, want := range c.want {
				assert.ErrorContains(t, err, want)
			}
		})
	}
}

// silent is an address that takes connections and never says a word.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}

func TestSubscribeErrorsSayWhatIsWrong(t *testing.T) {
	cases := []struct {
		name   string
		answer byte // the SUBACK's reason code
		want   string
	}{
		{"refused", 0x87, "subscription of client client to a/# refused by the broker: 0x87 not authorized"},
		{"granted less", 0x00, "subscription of client client to a/# not granted: asked for QoS 1, the broker granted [0]"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			client := connect(t, mqtt.Settings{Address: answering(t, c.answer), ClientID: "client"}, mqtt.Handlers{})
			_, err := client.Subscribe(deadline(t), "a/#", 1)
			assert.EqualError(t, err, c.want)
		})
	}
}

// answering is the address of a server that lets one client in and answers its SUBSCRIBE with a reason code: neither broker at
// hand can be made to refuse a subscription.
func answering(t *testing.T, reason byte) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		for {
			received, err := packets.ReadPacket(conn)
			if err != nil {
				return
			}
			switch p := received.Content.(type) {
			case *packets.Connect:
				_, err = (&packets.Connack{Properties: &packets.Properties{}}).WriteTo(conn)
			case *packets.Subscribe:
				_, err = (&packets.Suback{PacketID: p.PacketID, Properties: &packets.Properties{}, Reasons: []byte{reason}}).WriteTo(conn)
			}
			assert.NoError(t, err)
		}
	}()
	return l.Addr().String()
}

func TestConnectStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	_, err := dial(ctx, mqtt.Settings{Address: silent(t), ClientID: "client"}, mqtt.Handlers{})
	assert.Error(t, err)
}

package load

import (
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"mqttrace/load/broker"
	"mqttrace/load/broker/brokertest"
	"mqttrace/load/result"
)

// gate ends TLS before a broker that listens without it. It picks the certificate by the name that a client asks for, and notes what
// clients say.
type gate struct {
	net.Listener
	upstream string
	running  sync.WaitGroup

	mu    sync.Mutex // guards what follows
	heard []greeting
	from  []string // the addresses of those who came
}

// greeting is what a TLS handshake was about: the Server Name Indication, and the protocols of ALPN.
type greeting struct {
	name, agreed string
	offered      []string
}

// openGate opens a gate with a certificate for each name, and one of 127.0.0.1. It agrees to a protocol, if there is one.
func openGate(t *testing.T, upstream, protocol string, ours *brokertest.Authority, names ...string) *gate {
	t.Helper()
	g := &gate{upstream: upstream}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if protocol != "" {
		config.NextProtos = []string{protocol}
	}
	certificates := map[string]*tls.Certificate{"": new(ours.Pair(t, "nameless"))}
	for _, name := range names {
		certificates[name] = new(ours.Pair(t, name, name))
	}
	config.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if c := certificates[hello.ServerName]; c != nil {
			return c, nil
		}
		return certificates[""], nil
	}
	var err error
	g.Listener, err = net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	g.running.Go(func() { g.accept(config) })
	t.Cleanup(func() { g.Close(); g.running.Wait() })
	return g
}

func (g *gate) accept(config *tls.Config) {
	for {
		conn, err := g.Accept()
		if err != nil {
			return
		}
		g.running.Go(func() { g.serve(conn, config.Clone()) })
	}
}

// serve carries one connection until both sides have ended it.
func (g *gate) serve(conn net.Conn, config *tls.Config) {
	defer conn.Close()
	var said greeting
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		said.name, said.offered = hello.ServerName, hello.SupportedProtos
		return nil, nil
	}
	client := tls.Server(conn, config)
	if client.Handshake() != nil {
		return
	}
	said.agreed = client.ConnectionState().NegotiatedProtocol
	g.mu.Lock()
	g.heard = append(g.heard, said)
	g.from = append(g.from, conn.RemoteAddr().(*net.TCPAddr).IP.String())
	g.mu.Unlock()
	behind, err := net.Dial("tcp", g.upstream)
	if err != nil {
		return
	}
	defer behind.Close()
	var back sync.WaitGroup
	back.Go(func() { defer client.Close(); _, _ = io.Copy(client, behind) })
	_, _ = io.Copy(behind, client)
	_ = behind.Close()
	back.Wait()
}

// secured is a broker mapping and a small load on it.
func secured(url, client, tls string) string {
	return fmt.Sprintf(`
broker: {url: "%s", tls: {%s}}
client: %s
warmup: 0s
duration: 500ms
senders: [{name: sensors, count: 2, rate: 100/s, topic: "bench/{sender}", qos: 1}]
receivers: [{name: backend, filter: bench/+, qos: 1}]
`, url, tls, client)
}

func allArrived(t *testing.T, res *result.Result) {
	t.Helper()
	assert.NotEqual(t, result.Fail, res.Verdict, res.Reason)
	assert.EqualValues(t, 100, res.Arms[0].Sent)
	assert.EqualValues(t, 100, res.Arms[0].Delivery.Received)
}

// TestSecureTransports runs over TLS and over WebSockets in TLS, with and without certificates of the clients' own.
func TestSecureTransports(t *testing.T) {
	ours, other := brokertest.NewAuthority(t, t.TempDir()), brokertest.NewAuthority(t, t.TempDir())
	cert, key := ours.Issue(t, "broker")
	port, mutual := freePort(t), freePort(t)
	files := []string{"certfile " + cert, "keyfile " + key, "cafile " + ours.File}
	extra := append([]string{"listener " + port + " 127.0.0.1", "protocol websockets"}, files...)
	extra = append(append(extra, "listener "+mutual+" 127.0.0.1", "require_certificate true"), files...)
	b := startMosquitto(t, broker.MosquittoConfig{CertFile: cert, KeyFile: key, Extra: extra})

	embedded := mochi.New(&mochi.Options{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, embedded.AddHook(new(openDoor), nil))
	mochiPort := freePort(t)
	require.NoError(t, embedded.AddListener(listeners.NewWebsocket(listeners.Config{
		ID: "wss", Address: "127.0.0.1:" + mochiPort, TLSConfig: &tls.Config{Certificates: []tls.Certificate{ours.Pair(t, "mochi")}},
	})))
	require.NoError(t, embedded.Serve())
	t.Cleanup(func() { embedded.Close() })

	server := &tls.Config{Certificates: []tls.Certificate{ours.Pair(t, "quic")}}
	overQUIC := brokertest.ListenQUIC(t, startMosquitto(t, broker.MosquittoConfig{}).Addr(), server)
	embeddedOverQUIC := brokertest.ListenQUIC(t, startEmbedded(t).Addr(), server)
	server.ClientAuth, server.ClientCAs = tls.RequireAndVerifyClientCert, ours.Trusted().RootCAs
	mutualOverQUIC := brokertest.ListenQUIC(t, startEmbedded(t).Addr(), server)
	t.Cleanup(func() { overQUIC.Close(); embeddedOverQUIC.Close(); mutualOverQUIC.Close() })

	trusted := "ca: " + ours.File
	clientCert, clientKey := ours.Issue(t, "client")
	cases := []struct{ name, url, tls string }{
		{"mqtts", b.URL(), trusted},
		{"mqtts, client certificate", "mqtts://127.0.0.1:" + mutual, trusted + ", cert: " + clientCert + ", key: " + clientKey},
		{"wss", "wss://127.0.0.1:" + port, trusted},
		{"wss, embedded broker", "wss://127.0.0.1:" + mochiPort, trusted},
		{"quic", "quic://" + overQUIC.Addr(), trusted},
		{"quic, embedded broker", "quic://" + embeddedOverQUIC.Addr(), trusted},
		{"quic, client certificate", "quic://" + mutualOverQUIC.Addr(), trusted + ", cert: " + clientCert + ", key: " + clientKey},
	}
	for _, c := range cases {
		for _, client := range []string{"lean", "paho"} {
			t.Run(c.name+"/"+client, func(t *testing.T) { allArrived(t, runScenario(t, secured(c.url, client, c.tls))) })
		}
	}
	refused := []struct{ name, url, tls, want string }{
		{"wss, unknown authority", "wss://127.0.0.1:" + port, "ca: " + other.File, "certificate signed by unknown authority"},
		{"no client certificate", "mqtts://127.0.0.1:" + mutual, trusted, "certificate"},
		{"wss to a port without TLS", "wss://" + startMosquitto(t, broker.MosquittoConfig{}).Addr(), trusted, "does not speak TLS there"},
		{"quic, unknown authority", "quic://" + overQUIC.Addr(), "ca: " + other.File, "certificate signed by unknown authority"},
		{"quic, no client certificate", "quic://" + mutualOverQUIC.Addr(), trusted, "certificate required"},
		{"quic, another protocol", "quic://" + overQUIC.Addr(), trusted + ", alpn: [other]", "no application protocol"},
		{"quic to a port without it", "quic://" + b.Addr(), trusted, "connection refused"},
	}
	for _, c := range refused {
		t.Run(c.name, func(t *testing.T) {
			_, err := Run(t.Context(), scenario(t, secured(c.url, "lean", c.tls)), Options{})
			assert.ErrorContains(t, err, c.want)
		})
	}
}

// TestServerNameAndProtocol has a server see what clients ask for: the name by which it picks its certificate, and the protocol.
func TestServerNameAndProtocol(t *testing.T) {
	ours := brokertest.NewAuthority(t, t.TempDir())
	port := freePort(t)
	b := startMosquitto(t, broker.MosquittoConfig{Extra: []string{"listener " + port + " 127.0.0.1", "protocol websockets"}})
	cases := []struct{ scheme, upstream, protocol string }{
		{"mqtts", b.Addr(), "mqtt"}, {"wss", "127.0.0.1:" + port, "http/1.1"},
	}
	for _, c := range cases {
		g := openGate(t, c.upstream, c.protocol, ours, "one.example", "two.example")
		url := c.scheme + "://" + g.Addr().String()
		trusted := "ca: " + ours.File
		for _, client := range []string{"lean", "paho"} {
			t.Run(c.scheme+"/"+client, func(t *testing.T) {
				g.heard = nil
				allArrived(t, runScenario(t, secured(url, client, trusted+", server_name: two.example, alpn: [other, "+c.protocol+"]")))
				want := greeting{name: "two.example", agreed: c.protocol, offered: []string{"other", c.protocol}}
				g.mu.Lock()
				defer g.mu.Unlock()
				assert.Equal(t, []greeting{want, want, want}, g.heard, "two senders and a receiver")
			})
		}
		t.Run(c.scheme+"/neither is asked for", func(t *testing.T) {
			g.heard = nil
			allArrived(t, runScenario(t, secured(url, "lean", trusted)))
			g.mu.Lock()
			defer g.mu.Unlock()
			assert.Equal(t, []greeting{{}, {}, {}}, g.heard, "an address is no name")
		})
		for asked, want := range map[string]string{
			"server_name: three.example":                "wanted to match three.example",
			"server_name: one.example, alpn: [unknown]": "no application protocol",
		} {
			t.Run(c.scheme+"/"+asked, func(t *testing.T) {
				_, err := Run(t.Context(), scenario(t, secured(url, "lean", trusted+", "+asked)), Options{})
				assert.ErrorContains(t, err, want)
			})
		}
	}
}

// TestTLSThroughANetworkFault has the proxies of a network fault stand between clients and a broker: the certificate is still that of
// the broker's own name.
func TestTLSThroughANetworkFault(t *testing.T) {
	port := freePort(t)
	b := startMosquitto(t, broker.MosquittoConfig{Extra: []string{"listener " + port + " 127.0.0.1", "protocol websockets"}})
	for scheme, upstream := range map[string]string{"mqtts": b.Addr(), "wss": "127.0.0.1:" + port} {
		for _, client := range []string{"lean", "paho"} {
			t.Run(scheme+"/"+client, func(t *testing.T) {
				t.Parallel()
				ours := brokertest.NewAuthority(t, t.TempDir())
				g := openGate(t, upstream, "", ours, "localhost")
				_, at, err := net.SplitHostPort(g.Addr().String())
				require.NoError(t, err)
				res := runScenario(t, `
broker: {url: "`+scheme+`://localhost:`+at+`", tls: {ca: `+ours.File+`}}
client: `+client+`
warmup: 0s
duration: 3s
drain: 5s
senders: [{name: sensors, count: 2, rate: 40/s, topic: "`+scheme+client+`/{sender}", qos: 1, session_expiry: 1h}]
receivers: [{name: backend, filter: `+scheme+client+`/+, qos: 1, session_expiry: 1h}]
faults: [{at: 1s, for: 500ms, network: cut}]
`)
				assert.EqualValues(t, 240, res.Arms[0].Sent)
				nothingLost(t, res.Arms[0].Delivery)
				require.Len(t, res.Faults, 1)
				assert.EqualValues(t, 3, res.Faults[0].ConnectionsLost, "all through the proxy")
				assert.Zero(t, res.Faults[0].NotReconnected)
				g.mu.Lock()
				defer g.mu.Unlock()
				assert.GreaterOrEqual(t, len(g.heard), 6)
				for _, said := range g.heard {
					assert.Equal(t, "localhost", said.name)
				}
			})
		}
	}
}

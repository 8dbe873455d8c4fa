package mqtt

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/coder/websocket"
)

// Transport is what a connection runs over. The zero value is TCP, or TLS over it if the settings say so.
type Transport struct {
	// Unix is the path of a Unix domain socket, in place of the settings' Address.
	Unix string
	// WebSocketPath makes it MQTT over WebSocket (MQTT 5 section 6), in the subprotocol mqtt: the path of the URL, such as /mqtt.
	WebSocketPath string
	// QUIC makes it MQTT over QUIC, which is always TLS 1.3: the settings' TLS, or its zero value.
	QUIC bool
}

// open dials the transport.
func (c *Client) open(ctx context.Context) (net.Conn, error) {
	s := c.settings
	if s.Transport.Unix != "" && s.Via == "" {
		return new(net.Dialer).DialContext(ctx, "unix", s.Transport.Unix)
	}
	var config *tls.Config
	if s.secure() {
		var err error
		if config, err = s.tls(); err != nil {
			return nil, err
		}
	}
	switch {
	case s.Transport.QUIC:
		return s.quic(ctx, config)
	case s.Transport.WebSocketPath != "":
		return s.webSocket(ctx, config)
	case config != nil:
		return s.dialTLS(ctx, config)
	}
	return s.dial(ctx)
}

// dialer dials from the address that the settings have.
func (s Settings) dialer() *net.Dialer {
	if s.LocalAddress == nil {
		return new(net.Dialer)
	}
	return &net.Dialer{LocalAddr: &net.TCPAddr{IP: s.LocalAddress}}
}

// dialled is what a connection is made to.
func (s Settings) dialled() string { return cmp.Or(s.Via, s.Address) }

// place is where the broker is, as errors name it.
func (s Settings) place() string { return cmp.Or(s.Address, s.Transport.Unix) }

// named makes sure that the broker's certificate is held against the broker's name, whoever is dialled.
func (s Settings) named(config *tls.Config) *tls.Config {
	host, _, err := net.SplitHostPort(s.Address)
	if s.Via == "" || config.ServerName != "" || err != nil {
		return config
	}
	config = config.Clone()
	config.ServerName = host
	return config
}

// webSocket dials a WebSocket, over TLS if config is not nil. Proxies of the environment are left out: what is measured is the way to
// the broker.
func (s Settings) webSocket(ctx context.Context, config *tls.Config) (net.Conn, error) {
	at := url.URL{Scheme: "ws", Host: s.Address, Path: s.Transport.WebSocketPath}
	if config != nil {
		at.Scheme = "wss"
	}
	way := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return s.dial(ctx) },
		// net/http would offer protocols of its own choice.
		DialTLSContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return s.dialTLS(ctx, config) },
	}
	conn, answer, err := websocket.Dial(ctx, at.String(), &websocket.DialOptions{
		HTTPClient:   &http.Client{Transport: way},
		Subprotocols: []string{"mqtt"},
	})
	if err != nil {
		return nil, err
	}
	if conn.Subprotocol() != "mqtt" {
		_ = conn.CloseNow() // it is of no use
		return nil, fmt.Errorf("the WebSocket server at %s does not speak mqtt (%s)", at.String(), answer.Status)
	}
	conn.SetReadLimit(-1) // MQTT has a limit of its own
	return websocket.NetConn(context.Background(), conn, websocket.MessageBinary), nil
}

// dial makes a TCP connection.
func (s Settings) dial(ctx context.Context) (net.Conn, error) {
	return s.dialer().DialContext(ctx, "tcp", s.dialled())
}

// dialTLS makes a TLS connection.
func (s Settings) dialTLS(ctx context.Context, config *tls.Config) (net.Conn, error) {
	return (&tls.Dialer{NetDialer: s.dialer(), Config: s.named(config)}).DialContext(ctx, "tcp", s.dialled())
}

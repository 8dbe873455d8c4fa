package broker

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"math"
	"net"

	mqtt "github.com/mochi-mqtt/server/v2"
)

// defaultQueueLimit is eight times mochi's own: 6.5 s of a receiver that stands still at 10,000 messages a second.
const defaultQueueLimit = 1 << 16

// EmbeddedConfig is how the embedded broker listens and whom it lets in. The zero value listens on a free port of 127.0.0.1
// and lets everybody do everything.
type EmbeddedConfig struct {
	// Listen is the TCP address, host:port. Default: 127.0.0.1:0, a free port.
	Listen string `json:"listen,omitempty"`
	// Username and Password are what every client must present. With an empty Username anybody may connect.
	Username string `json:"username,omitempty"`
	Password string `json:"password,omitempty"`
	// CertFile and KeyFile are PEM files; with both, the broker speaks TLS. One without the other is an error.
	CertFile string `json:"cert_file,omitempty"`
	KeyFile  string `json:"key_file,omitempty"`
	// QueueLimit is how many messages may wait for one client before further ones are dropped and counted. Default: 65,536.
	// Each client costs 8 bytes of address space for each of them, resident only once used.
	QueueLimit int `json:"queue_limit,omitempty"`
	// Authenticate, if it is not nil, makes every client authenticate with MQTT 5's enhanced authentication and judges what
	// it presents, when it connects and whenever it re-authenticates. It is called from the goroutines of the clients. An
	// error refuses the client with "not authorized" and its text as the reason; a wrong method should be one. It is not
	// passed to a child process: use it with Listen and Serve.
	Authenticate func(method string, data []byte) error `json:"-"`
	// Log receives what the broker has to say. Default: nothing is logged. A child process logs errors only, to its stderr.
	Log *slog.Logger `json:"-"`
}

func (cfg EmbeddedConfig) listen() (ln net.Listener, scheme string, err error) {
	certificates, err := cfg.certificates()
	if err != nil {
		return nil, "", err
	}
	addr := cfg.Listen
	if addr == "" {
		addr = loopback + ":0"
	}
	ln, err = net.Listen("tcp", addr)
	if err != nil {
		return nil, "", fmt.Errorf("listen for MQTT on %s: %w", addr, err)
	}
	if certificates == nil {
		return ln, "mqtt", nil
	}
	return tls.NewListener(ln, &tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS12}), "mqtts", nil
}

// certificates returns nil if the broker is not to speak TLS.
func (cfg EmbeddedConfig) certificates() ([]tls.Certificate, error) {
	if cfg.CertFile == "" && cfg.KeyFile == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(cfg.CertFile, cfg.KeyFile)
	if err != nil {
		return nil, fmt.Errorf("load the broker's certificate %q with key %q: %w", cfg.CertFile, cfg.KeyFile, err)
	}
	return []tls.Certificate{pair}, nil
}

func (cfg EmbeddedConfig) options() *mqtt.Options {
	log := cfg.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &mqtt.Options{Logger: log, Capabilities: cfg.capabilities()}
}

// capabilities lifts mochi's limits so that what is measured is the wire and not a quota, and keeps mochi from changing
// messages on their way.
func (cfg EmbeddedConfig) capabilities() *mqtt.Capabilities {
	c := mqtt.NewDefaultServerCapabilities()
	c.MaximumClientWritesPending = defaultQueueLimit
	if cfg.QueueLimit > 0 {
		c.MaximumClientWritesPending = int32(min(cfg.QueueLimit, math.MaxInt32))
	}
	c.ReceiveMaximum = math.MaxUint16
	c.MaximumInflight = math.MaxUint16
	// mochi stamps its maximum on every message without an expiry of its own, 5 bytes that the sender never wrote. 0: no maximum.
	c.MaximumMessageExpiryInterval = 0
	// mochi otherwise sends a message's user properties back in its PUBACK, which would bill tracing for bytes it does not cost.
	c.Compatibilities.NoInheritedPropertiesOnAck = true
	return c
}

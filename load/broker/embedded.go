package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"sync"
	"sync/atomic"

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
	// Log receives what the broker has to say. Default: nothing is logged. A child process logs errors only, to its stderr.
	Log *slog.Logger `json:"-"`
}

// Drops counts messages that the embedded broker accepted and did not deliver.
type Drops struct {
	// Dropped were thrown away because the queue or the in-flight window of a connected client was full.
	Dropped uint64 `json:"dropped"`
	// Discarded were of QoS 1 or 2, under way to a client, and given up unacknowledged: they expired or the session ended.
	Discarded uint64 `json:"discarded"`
}

// Server is the embedded broker in this process. Its methods are safe for concurrent use.
type Server struct {
	mochi    *mqtt.Server
	guard    *guard
	listener *listener
	scheme   string
	close    sync.Once
}

// Serve runs the embedded broker until ctx ends, then disconnects its clients and returns nil after every goroutine that it
// started has ended. ready, if not nil, is called once when the broker listens. An error means that it never listened.
func Serve(ctx context.Context, cfg EmbeddedConfig, ready func(*Server)) error {
	s, err := Listen(cfg)
	if err != nil {
		return err
	}
	if ready != nil {
		ready(s)
	}
	<-ctx.Done()
	s.Close()
	return nil
}

// Listen starts the embedded broker in this process. The caller must Close it.
func Listen(cfg EmbeddedConfig) (*Server, error) {
	ln, scheme, err := cfg.listen()
	if err != nil {
		return nil, err
	}
	s := &Server{
		mochi:  mqtt.New(cfg.options()),
		guard:  &guard{username: cfg.Username, password: cfg.Password},
		scheme: scheme,
	}
	s.listener = newListener(ln, s.disconnectClients)
	if err := s.serve(); err != nil {
		return nil, errors.Join(fmt.Errorf("serve MQTT on %s: %w", ln.Addr(), err), ln.Close())
	}
	return s, nil
}

// Addr returns the address that the broker listens on, host:port.
func (s *Server) Addr() string { return s.listener.Address() }

// URL returns that address as clients take it: mqtt://host:port, or mqtts:// with TLS.
func (s *Server) URL() string { return s.scheme + "://" + s.Addr() }

// Drops returns what has been lost so far.
func (s *Server) Drops() Drops {
	info := s.mochi.Info
	return Drops{
		Dropped:   uint64(atomic.LoadInt64(&info.MessagesDropped) + atomic.LoadInt64(&info.InflightDropped)),
		Discarded: s.guard.discarded.Load(),
	}
}

// Close stops listening, disconnects every client with reason "server shutting down" and returns when all connections have
// been closed. A client that does not read is cut off after half a second. Further calls do nothing.
func (s *Server) Close() {
	s.close.Do(func() { _ = s.mochi.Close() }) // always nil
}

func (s *Server) serve() error {
	if err := s.mochi.AddHook(s.guard, nil); err != nil {
		return err
	}
	if err := s.mochi.AddListener(s.listener); err != nil {
		return err
	}
	return s.mochi.Serve()
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

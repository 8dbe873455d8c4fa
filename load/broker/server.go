package broker

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

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
		guard:  &guard{username: cfg.Username, password: cfg.Password, authenticate: cfg.Authenticate},
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

// disconnectClients tells every client that the broker is going. mochi's own way asks Clients.GetByListener, which takes a
// read lock twice and so can wait forever for a client that leaves at the same moment.
func (s *Server) disconnectClients() {
	for _, cl := range s.mochi.Clients.GetAll() {
		if !cl.Closed() {
			_ = s.mochi.DisconnectClient(cl, packets.ErrServerShuttingDown) // it is leaving either way
		}
	}
}

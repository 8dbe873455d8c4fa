package brokertest

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

// QUICServer is what brokers with MQTT over QUIC are to their clients. It hands the one stream of each connection on to a broker that
// listens for TCP. Methods are safe for concurrent use.
type QUICServer struct {
	upstream string
	config   *tls.Config

	mu        sync.Mutex // guards what follows
	address   *net.UDPAddr
	transport *quic.Transport
	serving   sync.WaitGroup
	clients   []QUICClient
}

// quicIdleTimeout is less than a keep-alive interval, and the least that quic-go believes of a server.
const quicIdleTimeout = 5 * time.Second

// QUICClient is a connection that has ended.
type QUICClient struct {
	// Name is what the client asked for by Server Name Indication, Protocol what ALPN came to, From its IP address.
	Name, Protocol, From string
	// Ended is why the connection ended.
	Ended error
}

// ListenQUIC starts a server on a free port of 127.0.0.1. The caller must Close it. Without protocols in config it is mqtt's.
func ListenQUIC(t Test, upstream string, config *tls.Config) *QUICServer {
	config = config.Clone()
	config.MinVersion = tls.VersionTLS13
	if len(config.NextProtos) == 0 {
		config.NextProtos = []string{"mqtt"}
	}
	s := &QUICServer{upstream: upstream, config: config, address: &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}}
	s.Listen(t)
	return s
}

// Addr is the server's address, host:port, also while it does not listen.
func (s *QUICServer) Addr() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.address.String()
}

// Clients are those whose connections have ended.
func (s *QUICServer) Clients() []QUICClient {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]QUICClient(nil), s.clients...)
}

// Listen starts the server again, at the same address. It resets connections that it had before.
func (s *QUICServer) Listen(t Test) {
	s.mu.Lock()
	defer s.mu.Unlock()
	socket, err := net.ListenUDP("udp", s.address)
	if err != nil {
		t.Fatalf("listen for QUIC: %v", err)
	}
	s.address, s.transport = socket.LocalAddr().(*net.UDPAddr), &quic.Transport{Conn: socket, StatelessResetKey: new(quic.StatelessResetKey)}
	listener, err := s.transport.Listen(s.config, &quic.Config{MaxIdleTimeout: quicIdleTimeout, MaxIncomingUniStreams: -1})
	if err != nil {
		t.Fatalf("listen for QUIC: %v", err)
	}
	s.serving.Go(func() { s.accept(listener) })
}

// Close ends the server without a word to its clients, as a process does that dies, and waits until all that it did has ended.
func (s *QUICServer) Close() {
	s.mu.Lock()
	transport := s.transport
	s.mu.Unlock()
	_ = transport.Close()
	_ = transport.Conn.Close()
	s.serving.Wait()
}

func (s *QUICServer) accept(listener *quic.Listener) {
	for {
		conn, err := listener.Accept(context.Background())
		if err != nil {
			return
		}
		s.serving.Go(func() { s.serve(conn) })
	}
}

// serve carries one connection until its end.
func (s *QUICServer) serve(conn *quic.Conn) {
	if stream, err := conn.AcceptStream(context.Background()); err == nil {
		s.carry(conn.Context(), stream)
		if _, err := conn.AcceptStream(context.Background()); err == nil {
			_ = conn.CloseWithError(1, "more than one stream")
		}
	}
	<-conn.Context().Done()
	state := conn.ConnectionState().TLS
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients = append(s.clients, QUICClient{
		Name: state.ServerName, Protocol: state.NegotiatedProtocol, From: conn.RemoteAddr().(*net.UDPAddr).IP.String(),
		Ended: context.Cause(conn.Context()),
	})
}

// carry hands bytes on in both directions until both have ended, or the connection has.
func (s *QUICServer) carry(connected context.Context, stream *quic.Stream) {
	behind, err := net.Dial("tcp", s.upstream)
	if err != nil {
		stream.CancelRead(1)
		stream.CancelWrite(1)
		return
	}
	defer behind.Close()
	defer context.AfterFunc(connected, func() { _ = behind.Close() })()
	var back sync.WaitGroup
	back.Go(func() { _, _ = io.Copy(stream, behind); _ = stream.Close() })
	_, err = io.Copy(behind, stream)
	if err == nil {
		err = behind.(*net.TCPConn).CloseWrite()
	}
	if err != nil {
		_ = behind.Close()
	}
	back.Wait()
}

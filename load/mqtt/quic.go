package mqtt

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/quic-go/quic-go"
	"golang.org/x/net/ipv4"
)

// quicConn is MQTT over QUIC as EMQX and NanoMQ have it: one bidirectional stream, which the client opens, carries what a TCP connection
// would. It is the only stream of its connection, and that has a UDP socket to itself, as each device of a fleet has: addresses, ports,
// open files and buffers of the system are those of as many TCP connections.
type quicConn struct {
	*quicSocket
	conn   *quic.Conn
	stream *quic.Stream

	writing sync.Mutex // one write, or the end of them, at a time
	closed  atomic.Bool
}

// quicSocket is the UDP socket of a connection.
type quicSocket struct {
	udp       *net.UDPConn
	transport *quic.Transport
}

// quicLinger is how long a broker may take to end its side of the stream once the client has ended its own. The end of a connection
// makes a peer forget what it has not read yet, a DISCONNECT too.
const quicLinger = time.Second

// quic makes a QUIC connection to the first of the broker's addresses that answers. ctx bounds all of it.
func (s Settings) quic(ctx context.Context, config *tls.Config) (net.Conn, error) {
	silenceQUIC()
	host, port, err := net.SplitHostPort(s.dialled())
	if err != nil {
		return nil, err
	}
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	var first error
	for i, address := range addresses {
		conn, err := s.quicTo(ctx, address, port, len(addresses)-i, config)
		if err == nil {
			return conn, nil
		}
		first = cmp.Or(first, err)
	}
	return nil, first
}

// quicTo makes a connection to one address, in its part of the time that is left for this and the further ones.
func (s Settings) quicTo(ctx context.Context, to netip.Addr, port string, parts int, config *tls.Config) (_ net.Conn, err error) {
	if end, bounded := ctx.Deadline(); bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/time.Duration(parts))
		defer cancel()
	}
	socket, err := s.quicSocket(ctx, net.JoinHostPort(to.String(), port))
	if err != nil {
		return nil, err
	}
	c := &quicConn{quicSocket: socket}
	if c.conn, err = socket.transport.Dial(ctx, socket.udp.RemoteAddr(), s.quicTLS(config), s.quicConfig()); err == nil {
		c.stream, err = c.conn.OpenStreamSync(ctx)
	}
	if err == nil {
		return c, nil
	}
	_ = socket.close() // it is of no use
	var failed *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		err = errNoQUIC
	case errors.As(err, &failed):
		err = failed.Err
	}
	return nil, &net.OpError{Op: "dial", Net: "quic", Addr: socket.udp.RemoteAddr(), Err: err}
}

var errNoQUIC = errors.New("no answer: does the broker listen for QUIC there, and may UDP pass?")

func (s Settings) quicSocket(ctx context.Context, to string) (*quicSocket, error) {
	var dialer net.Dialer
	if s.LocalAddress != nil {
		dialer.LocalAddr = &net.UDPAddr{IP: s.LocalAddress}
	}
	conn, err := dialer.DialContext(ctx, "udp", to)
	if err != nil {
		return nil, err
	}
	udp := conn.(*net.UDPConn)
	return &quicSocket{udp, &quic.Transport{Conn: peered{udp, ipv4.NewPacketConn(udp)}}}, nil
}

func (s *quicSocket) close() error {
	_ = s.transport.Close() // waits for its goroutines; what it returns is of a socket that it made itself
	return s.udp.Close()
}

// quicTLS is TLS 1.3, in the protocol mqtt unless config names others.
func (s Settings) quicTLS(config *tls.Config) *tls.Config {
	if config == nil {
		config = new(tls.Config)
	}
	config = config.Clone()
	config.MinVersion = tls.VersionTLS13
	if len(config.NextProtos) == 0 {
		config.NextProtos = []string{"mqtt"}
	}
	if host, _, err := net.SplitHostPort(s.Address); err == nil {
		config.ServerName = cmp.Or(config.ServerName, host)
	}
	return config
}

// quicConfig leaves it to MQTT's keep-alive to notice that a broker is gone: QUIC gives up a silent one only after three of its
// intervals, one minute each if there is none. Should the broker allow less silence than MQTT keeps, QUIC itself breaks it, with a PING
// in the middle of what was agreed on.
func (s Settings) quicConfig() *quic.Config {
	interval := s.KeepAlive
	if interval <= 0 {
		interval = time.Minute
	}
	idle := 3 * max(interval, 10*time.Second)
	return &quic.Config{
		HandshakeIdleTimeout: 2 * s.ConnectTimeout, // which the context ends before
		MaxIdleTimeout:       idle,
		KeepAlivePeriod:      idle, // half of the agreed timeout, if that is less
		InitialPacketSize:    1200, // every way to a broker lets that pass (RFC 9000 section 14); larger sizes are tried later
		// A broker has no streams to open.
		MaxIncomingStreams: -1, MaxIncomingUniStreams: -1,
	}
}

func (c *quicConn) Read(b []byte) (int, error) {
	n, err := c.stream.Read(b)
	if c.closed.Load() {
		return 0, net.ErrClosed // what comes now is for nobody
	}
	return n, plain(err)
}

func (c *quicConn) Write(b []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.closed.Load() {
		return 0, net.ErrClosed
	}
	n, err := c.stream.Write(b)
	return n, plain(err)
}

// Close ends the stream after what was written, waits for the broker to end it too, and closes the connection and its socket.
func (c *quicConn) Close() error {
	if !c.closed.CompareAndSwap(false, true) {
		return net.ErrClosed
	}
	_ = c.stream.SetWriteDeadline(time.Unix(1, 0)) // a Write that waits for the broker ends
	c.writing.Lock()
	_ = c.stream.Close() // fails if the broker wants no more, which it will hear in a moment
	c.writing.Unlock()
	_ = c.stream.SetReadDeadline(time.Now().Add(quicLinger))
	_, _ = io.Copy(io.Discard, c.stream)
	_ = c.conn.CloseWithError(0, "") // does not fail
	return c.close()
}

func (c *quicConn) LocalAddr() net.Addr  { return c.udp.LocalAddr() }
func (c *quicConn) RemoteAddr() net.Addr { return c.udp.RemoteAddr() }

// SetDeadline and its parts do not fail.
func (c *quicConn) SetDeadline(t time.Time) error      { return c.stream.SetDeadline(t) }
func (c *quicConn) SetReadDeadline(t time.Time) error  { return c.stream.SetReadDeadline(t) }
func (c *quicConn) SetWriteDeadline(t time.Time) error { return c.stream.SetWriteDeadline(t) }

// plain says in the words of other transports why a connection ended: a broker that closed it without naming an error ended it as TCP
// does, and an error of the socket is that alone.
func plain(err error) error {
	var closed *quic.ApplicationError
	var socket *net.OpError
	switch {
	case errors.As(err, &closed) && closed.Remote && closed.ErrorCode == 0 && closed.ErrorMessage == "":
		return io.EOF
	case errors.As(err, &socket):
		return socket
	}
	return err
}

// peered is a UDP socket that is connected to its peer, which quic-go does not expect. It hears at once that nobody listens there, or not
// any more, where others wait for a timeout.
type peered struct {
	*net.UDPConn
	batch *ipv4.PacketConn // the same socket, of either version of IP
}

// ReadBatch leaves out what else such a socket hears: that a router has dropped a packet for its size. Looking for the largest size that
// passes, quic-go sends larger ones too, and notices what is lost.
func (p peered) ReadBatch(messages []ipv4.Message, flags int) (n int, err error) {
	for {
		if n, err = p.batch.ReadBatch(messages, flags); !errors.Is(err, syscall.EMSGSIZE) {
			return n, err
		}
	}
}

func (p peered) WriteTo(b []byte, _ net.Addr) (int, error) { return p.Write(b) }

func (p peered) WriteMsgUDP(b, oob []byte, _ *net.UDPAddr) (n, oobn int, err error) {
	return p.UDPConn.WriteMsgUDP(b, oob, nil)
}

// silenceQUIC keeps quic-go from logging that buffers of sockets could be larger, which it says for servers: a client's socket has one
// connection to carry.
var silenceQUIC = sync.OnceFunc(func() {
	const name = "QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING"
	if os.Getenv(name) == "" {
		_ = os.Setenv(name, "true") // the warning is no more than that
	}
})

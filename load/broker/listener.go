package broker

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/mochi-mqtt/server/v2/listeners"
)

const (
	// closeGrace is how long a closing broker waits for clients to read that it is closing.
	closeGrace = 500 * time.Millisecond
	// acceptPause is waited after an accept that failed, for want of file descriptors say.
	acceptPause = 20 * time.Millisecond
)

// listener hands connections to mochi. It differs from mochi's own in what happens at the edges: it goes on after an accept
// that failed (mochi's stops listening for good at the first "too many open files"), and Close ends the connections too
// that never sent a CONNECT (mochi waits for those forever) and waits for all goroutines.
type listener struct {
	net      net.Listener
	farewell func()        // tells the clients, when closing
	closing  chan struct{} // closed by Close
	accepted chan struct{} // closed when Serve returns
	handlers sync.WaitGroup

	mu    sync.Mutex // guards conns
	conns map[net.Conn]struct{}
}

func newListener(ln net.Listener, farewell func()) *listener {
	return &listener{
		net:      ln,
		farewell: farewell,
		closing:  make(chan struct{}),
		accepted: make(chan struct{}),
		conns:    map[net.Conn]struct{}{},
	}
}

func (l *listener) ID() string              { return "tcp" }
func (l *listener) Protocol() string        { return "tcp" }
func (l *listener) Address() string         { return l.net.Addr().String() }
func (l *listener) Init(*slog.Logger) error { return nil }

// Serve accepts connections until Close. mochi calls it once, in a goroutine of its own.
func (l *listener) Serve(establish listeners.EstablishFn) {
	defer close(l.accepted)
	for {
		conn, err := l.net.Accept()
		switch {
		case err == nil:
			l.handle(conn, establish)
		case errors.Is(err, net.ErrClosed) || !l.pause():
			return
		}
	}
}

func (l *listener) handle(conn net.Conn, establish listeners.EstablishFn) {
	socket := rawConn(conn)
	l.track(socket)
	l.handlers.Go(func() {
		defer l.drop(socket)
		_ = establish(l.ID(), conn) // mochi tells the client and logs it
	})
}

// pause reports whether to go on.
func (l *listener) pause() bool {
	select {
	case <-l.closing:
		return false
	case <-time.After(acceptPause):
		return true
	}
}

// Close implements mochi's interface; what it would close the clients with is not used, see Server.disconnectClients.
func (l *listener) Close(listeners.CloseFn) {
	close(l.closing)
	_ = l.net.Close()
	<-l.accepted
	impatience := time.AfterFunc(closeGrace, l.closeConns)
	defer impatience.Stop()
	l.farewell()
	l.closeConns()
	l.handlers.Wait()
}

func (l *listener) track(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[conn] = struct{}{}
}

func (l *listener) drop(conn net.Conn) {
	_ = conn.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, conn)
}

func (l *listener) closeConns() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for conn := range l.conns {
		_ = conn.Close()
	}
}

// rawConn returns the socket below TLS: closing that one never waits for the peer to take a close_notify.
func rawConn(conn net.Conn) net.Conn {
	if t, ok := conn.(*tls.Conn); ok {
		return t.NetConn()
	}
	return conn
}

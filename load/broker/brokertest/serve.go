package brokertest

import (
	"net"
	"sync"

	mochi "github.com/mochi-mqtt/server/v2"
)

// Serve lets a broker without listeners serve the clients of one, until stop ends the listener, their connections and the broker.
// mochi's own listeners may count a client that has only just come while Close waits for all of them, which the race detector
// reports.
func Serve(t Test, server *mochi.Server, listener net.Listener) (stop func()) {
	check(t, server.Serve())
	d := &door{server: server, listener: listener}
	d.accepting.Go(d.accept)
	return d.close
}

// door hands connections to a broker.
type door struct {
	server             *mochi.Server
	listener           net.Listener
	accepting, serving sync.WaitGroup
	conns              []net.Conn // whoever accepts adds to them
}

func (d *door) accept() {
	for {
		conn, err := d.listener.Accept()
		if err != nil {
			return
		}
		d.conns = append(d.conns, conn)
		d.serving.Go(func() { _ = d.server.EstablishConnection("", conn) }) // a refusal is what some tests want
	}
}

func (d *door) close() {
	_ = d.listener.Close()
	d.accepting.Wait()
	for _, conn := range d.conns {
		_ = conn.Close() // fails if it is closed already
	}
	d.serving.Wait()
	_ = d.server.Close() // always nil
}

package conform_test

import (
	"net"
	"sync"
	"testing"

	"github.com/eclipse/paho.golang/packets"
	"github.com/stretchr/testify/require"

	"mqttrace/load/conform"
)

// relay is a TCP proxy between clients and a broker that reads every packet and may change it.
type relay struct {
	listener net.Listener
	upstream string
	faults   faults
	running  sync.WaitGroup

	mu    sync.Mutex // guards what follows, and calls of the faults
	conns map[net.Conn]struct{}
	gone  bool
}

// faults are what a relay does to packets. Each may be nil; calls are one at a time.
type faults struct {
	// toReceiver and toBroker change packets in place. false cuts the connection in their stead.
	toReceiver, toBroker func(*packets.ControlPacket) bool
	// swallow says that a packet to a receiver is not passed on.
	swallow func(*packets.ControlPacket) bool
	// answer, if it returns a packet, gives it to the sender in the place of passing one to the broker.
	answer func(*packets.ControlPacket) *packets.ControlPacket
}

// startRelay starts a relay that ends with the test.
func startRelay(t *testing.T, upstream string, f faults) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &relay{listener: l, upstream: upstream, faults: f, conns: map[net.Conn]struct{}{}}
	r.running.Go(r.accept)
	t.Cleanup(func() {
		r.vanish()
		r.running.Wait()
	})
	return r
}

func (r *relay) target() *conform.Target {
	addr := r.listener.Addr().String()
	return &conform.Target{URL: "mqtt://" + addr, Address: addr}
}

// vanish ends all connections and takes no more.
func (r *relay) vanish() {
	_ = r.listener.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone = true
	for conn := range r.conns {
		_ = conn.Close()
	}
}

func (r *relay) accept() {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return
		}
		broker, err := net.Dial("tcp", r.upstream)
		if err != nil {
			_ = client.Close()
			continue
		}
		r.keep(client, broker)
		r.running.Go(func() { r.pass(client, broker, r.fromClient) })
		r.running.Go(func() { r.pass(broker, client, r.fromBroker) })
	}
}

func (r *relay) keep(conns ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, conn := range conns {
		r.conns[conn] = struct{}{}
		if r.gone {
			_ = conn.Close()
		}
	}
}

// pass hands packets on until one side ends. next says which packet goes where.
func (r *relay) pass(from, to net.Conn, next func(p *packets.ControlPacket, from, to net.Conn) (net.Conn, *packets.ControlPacket, bool)) {
	defer from.Close()
	defer to.Close()
	for {
		p, err := packets.ReadPacket(from)
		if err != nil {
			return
		}
		r.mu.Lock()
		where, p, ok := next(p, from, to)
		r.mu.Unlock()
		if !ok {
			return
		}
		if p == nil {
			continue
		}
		if _, err := p.WriteTo(where); err != nil {
			return
		}
	}
}

func (r *relay) fromClient(p *packets.ControlPacket, from, to net.Conn) (net.Conn, *packets.ControlPacket, bool) {
	if r.faults.answer != nil {
		if answer := r.faults.answer(p); answer != nil {
			return from, answer, true
		}
	}
	return to, p, r.faults.toBroker == nil || r.faults.toBroker(p)
}

func (r *relay) fromBroker(p *packets.ControlPacket, _, to net.Conn) (net.Conn, *packets.ControlPacket, bool) {
	if r.faults.swallow != nil && r.faults.swallow(p) {
		return to, nil, true
	}
	return to, p, r.faults.toReceiver == nil || r.faults.toReceiver(p)
}

// onDelivery makes a fault of what is done to messages on their way to receivers.
func onDelivery(change func(*packets.Publish)) faults {
	return faults{toReceiver: func(p *packets.ControlPacket) bool {
		if m, ok := p.Content.(*packets.Publish); ok {
			change(m)
		}
		return true
	}}
}

// onProperties makes a fault of what is done to their user properties.
func onProperties(change func([]packets.User) []packets.User) faults {
	return onDelivery(func(m *packets.Publish) { m.Properties.User = change(m.Properties.User) })
}

// isTraced says whether a packet is a PUBLISH with a traceparent.
func isTraced(p *packets.ControlPacket) bool {
	m, ok := p.Content.(*packets.Publish)
	return ok && indexOf(m.Properties.User, "traceparent") >= 0
}

func indexOf(props []packets.User, name string) int {
	for i, p := range props {
		if p.Key == name {
			return i
		}
	}
	return -1
}

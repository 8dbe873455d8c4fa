// Package relay stands between clients and a broker in tests and does to packets what a bad broker or network would. It knows
// MQTT 5's packets and nothing of what they are for.
package relay

import (
	"net"
	"sync"

	"github.com/eclipse/paho.golang/packets"
)

// Relay is a TCP proxy between clients and a broker that reads every packet and may change it.
type Relay struct {
	listener net.Listener
	upstream string
	faults   Faults
	running  sync.WaitGroup

	mu    sync.Mutex // guards what follows, and calls of the faults
	conns map[net.Conn]struct{}
	gone  bool
}

// Faults are what a relay does to packets. Each may be nil; calls are one at a time.
type Faults struct {
	// ToReceiver and ToBroker change packets in place. false cuts the connection in their stead.
	ToReceiver, ToBroker func(*packets.ControlPacket) bool
	// Swallow says that a packet to a receiver is not passed on.
	Swallow func(*packets.ControlPacket) bool
	// Repeat says that a packet to a receiver is passed on twice.
	Repeat func(*packets.ControlPacket) bool
	// Swap says that a packet to a receiver is passed on after the one that follows it.
	Swap func(*packets.ControlPacket) bool
	// Answer, if it returns a packet, gives it to the sender in the place of passing one to the broker.
	Answer func(*packets.ControlPacket) *packets.ControlPacket
}

// Start starts a relay on a free port of 127.0.0.1; Close ends it.
func Start(upstream string, f Faults) (*Relay, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Relay{listener: l, upstream: upstream, faults: f, conns: map[net.Conn]struct{}{}}
	r.running.Go(r.accept)
	return r, nil
}

// Addr is the relay's address, host:port.
func (r *Relay) Addr() string { return r.listener.Addr().String() }

// Close ends the relay and its connections, and waits until they have ended.
func (r *Relay) Close() {
	r.Vanish()
	r.running.Wait()
}

// Vanish ends all connections and takes no more.
func (r *Relay) Vanish() {
	_ = r.listener.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gone = true
	for conn := range r.conns {
		_ = conn.Close()
	}
}

func (r *Relay) accept() {
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
		r.running.Go(func() { r.pass(broker, client, r.fromBroker()) })
	}
}

func (r *Relay) keep(conns ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, conn := range conns {
		r.conns[conn] = struct{}{}
		if r.gone {
			_ = conn.Close()
		}
	}
}

// route says which packets go where in the place of p, and false to cut the connection.
type route func(p *packets.ControlPacket, from, to net.Conn) (net.Conn, []*packets.ControlPacket, bool)

// pass hands packets on until one side ends.
func (r *Relay) pass(from, to net.Conn, next route) {
	defer from.Close()
	defer to.Close()
	for {
		p, err := packets.ReadPacket(from)
		if err != nil {
			return
		}
		r.mu.Lock()
		where, passed, ok := next(p, from, to)
		r.mu.Unlock()
		if !ok {
			return
		}
		for _, p := range passed {
			if _, err := p.WriteTo(where); err != nil {
				return
			}
		}
	}
}

func (r *Relay) fromClient(p *packets.ControlPacket, from, to net.Conn) (net.Conn, []*packets.ControlPacket, bool) {
	if r.faults.Answer != nil {
		if answer := r.faults.Answer(p); answer != nil {
			return from, []*packets.ControlPacket{answer}, true
		}
	}
	return to, []*packets.ControlPacket{p}, r.faults.ToBroker == nil || r.faults.ToBroker(p)
}

// fromBroker is the route of one connection to a receiver.
func (r *Relay) fromBroker() route {
	var held []*packets.ControlPacket // at most one
	does := func(fault func(*packets.ControlPacket) bool, p *packets.ControlPacket) bool {
		return fault != nil && fault(p)
	}
	return func(p *packets.ControlPacket, _, to net.Conn) (net.Conn, []*packets.ControlPacket, bool) {
		switch {
		case does(r.faults.Swallow, p):
			return to, nil, true
		case r.faults.ToReceiver != nil && !r.faults.ToReceiver(p):
			return to, nil, false
		case does(r.faults.Repeat, p):
			return to, []*packets.ControlPacket{p, p}, true
		case len(held) == 0 && does(r.faults.Swap, p):
			held = []*packets.ControlPacket{p}
			return to, nil, true
		}
		passed := append([]*packets.ControlPacket{p}, held...)
		held = nil
		return to, passed, true
	}
}

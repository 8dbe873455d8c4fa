package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"

	"mqttrace/load/broker"
	"mqttrace/load/mqtt/packet"
	"mqttrace/load/record"
)

// measureFloor sends and receives for a while what the other contenders would.
func (c contender) measureFloor(ctx context.Context, g group, length time.Duration) (f figures, err error) {
	start := broker.StartEmbedded
	if g.broker == "mosquitto" {
		start = broker.StartMosquitto
	}
	b, err := start(ctx)
	if err != nil {
		return f, err
	}
	defer func() {
		stop, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err = errors.Join(err, b.Stop(stop))
	}()
	senders := make([]*bareSender, g.senders())
	for i := range senders {
		if senders[i], err = newBareSender(ctx, b.Addr(), i, g.qos, c.arm == traced); err != nil {
			return f, err
		}
		defer senders[i].conn.Close()
	}
	var receiver *bareReceiver
	if !g.sendsOnly() {
		if receiver, err = newBareReceiver(ctx, b.Addr(), g.qos); err != nil {
			return f, err
		}
		defer receiver.stop()
	}
	return bare{senders, receiver, g, c.coalesces}.measure(length)
}

// bare is the floor at work.
type bare struct {
	senders  []*bareSender
	receiver *bareReceiver // nil if nobody receives
	group    group

	coalesces bool
}

func (b bare) measure(length time.Duration) (f figures, err error) {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, start := record.CPUTime(), time.Now()
	var sent uint64
	switch {
	case b.group.rate > 0:
		sent, err = b.paced(start, length)
	default:
		sent, err = b.flatOut(start.Add(length))
	}
	took := time.Since(start)
	if err == nil && b.receiver != nil {
		err = b.receiver.await(sent, b.group.qos)
	}
	cpu = record.CPUTime() - cpu
	runtime.ReadMemStats(&after)
	n := float64(sent)
	return figures{cpu: cpu.Seconds() / n * 1e6, allocs: float64(after.Mallocs-before.Mallocs) / n, rate: n / took.Seconds()}, err
}

// paced writes each message when it is due, to the millisecond, a write for each.
func (b bare) paced(start time.Time, length time.Duration) (sent uint64, err error) {
	var readers sync.WaitGroup
	defer readers.Wait()
	if b.group.qos > 0 {
		for _, s := range b.senders {
			readers.Go(func() { s.drain(start.Add(length)) })
		}
	}
	for passed := time.Duration(0); passed < length; passed = time.Since(start) {
		for due := uint64(passed.Seconds() * float64(b.group.rate)); sent < due; sent++ {
			if err := b.senders[sent%uint64(len(b.senders))].write(1); err != nil {
				return sent, err
			}
		}
		time.Sleep(time.Millisecond)
	}
	return sent, nil
}

// flatOut writes as much as goes.
func (b bare) flatOut(end time.Time) (uint64, error) {
	var all sync.WaitGroup
	var sent atomic.Uint64
	failures := make(chan error, len(b.senders))
	for _, s := range b.senders {
		all.Go(func() {
			n, err := s.flatOut(end, b.coalesces)
			sent.Add(n)
			failures <- err
		})
	}
	all.Wait()
	close(failures)
	var err error
	for one := range failures {
		err = errors.Join(err, one)
	}
	return sent.Load(), err
}

// bareSender writes ready-made frames. One goroutine writes, one reads.
type bareSender struct {
	conn   net.Conn
	frames []byte // as many as one write takes
	size   int    // of one
	idAt   int    // of the packet identifier in a frame
	qos    byte
	id     uint16
	in     [4096]byte
}

func newBareSender(ctx context.Context, address string, i int, qos byte, isTraced bool) (*bareSender, error) {
	conn, err := enter(ctx, address, fmt.Sprintf("floor-s%d", i))
	if err != nil {
		return nil, err
	}
	topic := fmt.Sprintf("bench/%d", i)
	message := &paho.Publish{Topic: topic, QoS: qos, Payload: make([]byte, payload),
		Properties: &paho.PublishProperties{CorrelationData: make([]byte, 16)}}
	if isTraced {
		message.Properties.User.Add("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	}
	frame, err := packet.AppendPublish(nil, message, 1)
	if err != nil {
		return nil, err
	}
	head, size, err := packet.Next(frame)
	s := &bareSender{conn: conn, size: size, idAt: size - len(head.Body) + 2 + len(topic), qos: qos}
	for range window {
		s.frames = append(s.frames, frame...)
	}
	return s, err
}

// write writes that many messages at once, at most window.
func (s *bareSender) write(n int) error {
	if s.qos > 0 {
		for i := range n {
			s.id = s.id%(1<<15) + 1
			at := i*s.size + s.idAt
			s.frames[at], s.frames[at+1] = byte(s.id>>8), byte(s.id)
		}
	}
	_, err := s.conn.Write(s.frames[:n*s.size])
	return err
}

// flatOut keeps the window full until end.
func (s *bareSender) flatOut(end time.Time, coalesces bool) (sent uint64, err error) {
	for room := window; time.Now().Before(end) && err == nil; {
		once := 1
		if coalesces {
			once = room
		}
		for written := 0; written < room; written += once {
			if err = s.write(once); err != nil {
				return sent, err
			}
			sent += uint64(once)
		}
		if s.qos > 0 {
			room, err = s.acknowledgements()
		}
	}
	return sent, err
}

// acknowledgements reads what has come of them, at least one. Each of them is a PUBACK of four bytes, or of more with a reason.
func (s *bareSender) acknowledgements() (n int, err error) {
	for held := 0; n == 0 || held > 0; {
		got, err := s.conn.Read(s.in[held:])
		if err != nil {
			return n, err
		}
		rest := s.in[:held+got]
		for {
			_, size, err := packet.Next(rest)
			if err != nil {
				return n, err
			}
			if size == 0 || size > len(rest) {
				break
			}
			rest = rest[size:]
			n++
		}
		held = copy(s.in[:], rest)
	}
	return n, nil
}

// drain reads acknowledgements until a while after end.
func (s *bareSender) drain(end time.Time) {
	_ = s.conn.SetReadDeadline(end.Add(50 * time.Millisecond)) // the connection is open
	for {
		if _, err := s.conn.Read(s.in[:]); err != nil {
			return
		}
	}
}

// bareReceiver counts messages.
type bareReceiver struct {
	conn  net.Conn
	count atomic.Uint64
	done  chan struct{}
}

func newBareReceiver(ctx context.Context, address string, qos byte) (*bareReceiver, error) {
	conn, err := enter(ctx, address, "floor-r")
	if err != nil {
		return nil, err
	}
	subscribe := &packets.Subscribe{PacketID: 1, Properties: &packets.Properties{}, Subscriptions: []packets.SubOptions{{Topic: "bench/+", QoS: qos}}}
	if _, err := subscribe.WriteTo(conn); err != nil {
		return nil, err
	}
	if _, err := packets.ReadPacket(conn); err != nil {
		return nil, err
	}
	r := &bareReceiver{conn: conn, done: make(chan struct{})}
	go r.read()
	return r, nil
}

// read reads fixed headers, and packet identifiers where there are some to acknowledge.
func (r *bareReceiver) read() {
	defer close(r.done)
	in, acks := make([]byte, 32<<10), make([]byte, 0, 32<<10)
	for held := 0; ; {
		n, err := r.conn.Read(in[held:])
		if err != nil {
			return
		}
		rest, counted := in[:held+n], uint64(0)
		for {
			frame, size, err := packet.Next(rest)
			if err != nil || size == 0 || size > len(rest) {
				break
			}
			rest = rest[size:]
			counted++
			if frame.First>>1&3 == 1 {
				at := 2 + int(frame.Body[0])<<8 + int(frame.Body[1])
				acks = append(acks, packet.Puback<<4, 2, frame.Body[at], frame.Body[at+1])
			}
		}
		held = copy(in, rest)
		r.count.Add(counted)
		if len(acks) > 0 {
			if _, err := r.conn.Write(acks); err != nil {
				return
			}
			acks = acks[:0]
		}
	}
}

// await waits until that many messages have come, or no more do: at QoS 0 a broker may drop some.
func (r *bareReceiver) await(sent uint64, qos byte) error {
	for last := r.count.Load(); last < sent; {
		time.Sleep(300 * time.Millisecond)
		now := r.count.Load()
		if now == last && qos > 0 {
			return fmt.Errorf("%d of %d messages arrived", now, sent)
		}
		if now == last {
			return nil
		}
		last = now
	}
	return nil
}

func (r *bareReceiver) stop() {
	_ = r.conn.Close() // ends read
	<-r.done
}

// enter connects a client.
func enter(ctx context.Context, address, id string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	most := uint16(1<<16 - 1)
	connect := &packets.Connect{ProtocolName: "MQTT", ProtocolVersion: 5, ClientID: id, CleanStart: true, Properties: &packets.Properties{ReceiveMaximum: &most}}
	if _, err := connect.WriteTo(conn); err != nil {
		return nil, err
	}
	answer, err := packets.ReadPacket(conn)
	if err != nil {
		return nil, err
	}
	if connack, ok := answer.Content.(*packets.Connack); !ok || connack.ReasonCode != 0 {
		return nil, fmt.Errorf("the broker answered %v", answer)
	}
	return conn, nil
}

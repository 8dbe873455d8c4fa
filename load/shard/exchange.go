package shard

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.golang/paho"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
	"mqttrace/load/shard/offset"
)

const (
	// calmly and eagerly are the times between two exchanges, during the load and before it.
	calmly  = time.Second / 8
	eagerly = time.Second / 20
	// exchangeExpiry is how long a request or an answer is of any use.
	exchangeExpiry = 2 * time.Second
	// waitingRequests is how many requests may wait to be answered; further ones are dropped.
	waitingRequests = 1 << 12
)

// compareClocks finds out how this process's clock becomes shard 0's: by the system's, if both run on one host, or by exchanges over
// an idle connection of their own.
func (m *Member) compareClocks(ctx context.Context, settings mqtt.Settings) (err error) {
	m.mu.Lock()
	of, lead := *m.welcome, m.report.Lead
	m.mu.Unlock()
	boot, monotonic, ok := clock.Monotonic()
	switch {
	case m.lead != nil:
		m.clock = offset.Same(0)
	case ok && boot == of.Boot && !m.spec.apart:
		m.clock = offset.Same(monotonic - of.Monotonic)
	default:
		m.clock = offset.New()
		m.asker, err = newAsker(ctx, settings, m.topics, lead, m.report.Nonce, m.clock)
	}
	return err
}

// awaitClock waits until the clock may be used.
func (m *Member) awaitClock(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, m.spec.Wait,
		fmt.Errorf("shard %d: no clock to be had from shard 0 over the broker within %v", m.spec.Index, m.spec.Wait))
	defer cancel()
	look := time.NewTicker(eagerly)
	defer look.Stop()
	for !m.clock.Ready() {
		select {
		case <-look.C:
		case <-m.gaveUp:
			return m.Why()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// asker compares clocks with shard 0 again and again. Its requests carry T0 and who asks in their Correlation Data, so that it keeps
// nothing.
type asker struct {
	client *mqtt.Client
	own    uint64 // tells its requests from any others
	pause  atomic.Int64
	cancel context.CancelFunc
	done   sync.WaitGroup
}

func newAsker(ctx context.Context, settings mqtt.Settings, topics topics, lead, nonce string, to *offset.Clock) (*asker, error) {
	a := &asker{own: rand.Uint64()}
	a.pause.Store(int64(eagerly))
	client, err := idle(ctx, settings, nonce, topics.clock(nonce), func(d mqtt.Delivery) {
		if e, ok := a.exchange(d); ok {
			to.Add(e)
		}
	})
	if err != nil {
		return nil, err
	}
	a.client = client
	asking, cancel := context.WithCancel(context.Background())
	a.cancel = cancel
	a.done.Go(func() { a.ask(asking, topics.clock(lead), topics.clock(nonce)) })
	return a, nil
}

// idle is a connection for exchanges only, so that nothing else is in their way.
func idle(ctx context.Context, settings mqtt.Settings, nonce, topic string, receive func(mqtt.Delivery)) (*mqtt.Client, error) {
	settings = settingsOf(settings, nonce+"-clock", nil)
	client, err := mqtt.Connect(ctx, settings, mqtt.Handlers{Message: receive, Lent: true})
	if err != nil {
		return nil, err
	}
	if _, err := client.Subscribe(ctx, topic, 0); err != nil {
		_ = client.Close(ctx)
		return nil, err
	}
	return client, nil
}

func (a *asker) ask(ctx context.Context, to, answers string) {
	for {
		limit, cancel := context.WithTimeout(ctx, time.Second)
		_ = a.client.Publish(limit, 0, stamped(func(sent clock.Instant) *paho.Publish { // without a connection there is no exchange
			data := binary.BigEndian.AppendUint64(nil, uint64(sent))
			data = binary.BigEndian.AppendUint64(data, a.own)
			return &paho.Publish{Topic: to, Properties: &paho.PublishProperties{
				ResponseTopic: answers, CorrelationData: data, MessageExpiry: seconds(exchangeExpiry),
			}}
		}), false)
		cancel()
		select {
		case <-time.After(time.Duration(a.pause.Load())):
		case <-ctx.Done():
			return
		}
	}
}

// exchange reads an answer.
func (a *asker) exchange(d mqtt.Delivery) (e offset.Exchange, ok bool) {
	p := d.Properties
	if p == nil || len(p.CorrelationData) != 16 || len(d.Payload) != 16 || binary.BigEndian.Uint64(p.CorrelationData[8:]) != a.own {
		return e, false
	}
	return offset.Exchange{
		T0: instant(p.CorrelationData), T1: instant(d.Payload), T2: instant(d.Payload[8:]), T3: d.Received,
	}, true
}

func instant(b []byte) clock.Instant { return clock.Instant(binary.BigEndian.Uint64(b)) }

// calm makes the exchanges rarer.
func (a *asker) calm() { a.pause.Store(int64(calmly)) }

func (a *asker) close(ctx context.Context) error {
	a.cancel()
	a.done.Wait()
	return a.client.Close(ctx)
}

// stamped is a message of QoS 0 that says when it is sent.
type stamped func(sent clock.Instant) *paho.Publish

func (s stamped) Packet(sent clock.Instant) *paho.Publish { return s(sent) }
func (s stamped) Acknowledged(mqtt.Outcome)               {}

// answerer tells everybody shard 0's clock.
type answerer struct {
	client   *mqtt.Client
	requests chan request
	cancel   context.CancelFunc
	done     sync.WaitGroup
}

// request is one that has come and is to be answered.
type request struct {
	answerTo    string
	correlation [16]byte
	received    clock.Instant
}

func newAnswerer(ctx context.Context, settings mqtt.Settings, topic, nonce string) (*answerer, error) {
	a := &answerer{requests: make(chan request, waitingRequests)}
	client, err := idle(ctx, settings, nonce, topic, a.receive)
	if err != nil {
		return nil, err
	}
	a.client = client
	answering, cancel := context.WithCancel(context.Background())
	a.cancel = cancel
	a.done.Go(func() { a.answer(answering) })
	return a, nil
}

// receive leaves the answer to another goroutine: the reader of a connection must not wait for its writer. What lies between is no part
// of the delay.
func (a *answerer) receive(d mqtt.Delivery) {
	p := d.Properties
	if p == nil || p.ResponseTopic == "" || len(p.CorrelationData) != 16 {
		return
	}
	select {
	case a.requests <- request{p.ResponseTopic, [16]byte(p.CorrelationData), d.Received}:
	default:
	}
}

func (a *answerer) answer(ctx context.Context) {
	for {
		select {
		case r := <-a.requests:
			limit, cancel := context.WithTimeout(ctx, exchangeExpiry)
			_ = a.client.Publish(limit, 0, stamped(r.answer), false) // without a connection there is no exchange
			cancel()
		case <-ctx.Done():
			return
		}
	}
}

func (r request) answer(sent clock.Instant) *paho.Publish {
	payload := binary.BigEndian.AppendUint64(nil, uint64(r.received))
	payload = binary.BigEndian.AppendUint64(payload, uint64(sent))
	return &paho.Publish{Topic: r.answerTo, Payload: payload, Properties: &paho.PublishProperties{
		CorrelationData: r.correlation[:], MessageExpiry: seconds(exchangeExpiry),
	}}
}

func (a *answerer) close(ctx context.Context) error {
	a.cancel()
	a.done.Wait()
	return a.client.Close(ctx)
}

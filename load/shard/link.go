package shard

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/paho"

	"mqttrace/load/clock"
	"mqttrace/load/mqtt"
)

const (
	// keepAlive lets the broker notice a machine that has lost its network.
	keepAlive = 5 * time.Second
	// expiry is how long a control message is of any use.
	expiry = 30 * time.Second
	// ackTimeout bounds the wait for the broker's acknowledgement.
	ackTimeout = 10 * time.Second
)

// link is a connection for control messages, which is made again when it is lost.
type link struct {
	client *mqtt.Client

	mu    sync.Mutex // guards what follows
	since clock.Instant
	why   error // of the loss; nil while the connection is there
}

// settingsOf are those of a link of its own client identifier.
func settingsOf(settings mqtt.Settings, id string, will *mqtt.Will) mqtt.Settings {
	settings.ClientID = "mqttrace-ctl-" + id
	settings.Implementation = mqtt.Lean
	settings.KeepAlive = keepAlive
	settings.Will = will
	settings.ReconnectMax = 500 * time.Millisecond     // less than the grace after a will
	settings.Resume, settings.SessionExpiry = false, 0 // everything is said again anyway
	return settings
}

// open connects and subscribes, to the filter last that most arrives on: the embedded broker refuses to subscribe whoever has a
// message under way that happens to have the same packet identifier. receive is called for each message, up when a lost connection has been made again.
func open(ctx context.Context, settings mqtt.Settings, receive func(mqtt.Delivery), up func(), filters ...string) (*link, error) {
	l := &link{since: clock.Now()}
	client, err := mqtt.Connect(ctx, settings, mqtt.Handlers{
		Message: receive, Down: l.lost, Up: func() { l.regained(); up() },
	})
	if err != nil {
		return nil, err
	}
	l.client = client
	for _, filter := range filters {
		if _, err := client.Subscribe(ctx, filter, 1); err != nil {
			return nil, errors.Join(err, client.Close(ctx))
		}
	}
	return l, nil
}

func (l *link) lost(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.why == nil {
		l.since = clock.Now()
	}
	l.why = err
	if l.why == nil {
		l.why = errors.New("the connection ended")
	}
}

func (l *link) regained() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.since, l.why = clock.Now(), nil
}

// status says since when the connection is there, or is lost, and then why.
func (l *link) status() (since clock.Instant, why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.since, l.why
}

// say publishes a message, and does not wait for its acknowledgement. Without a connection it waits for one, for limit.
func (l *link) say(ctx context.Context, limit time.Duration, p *paho.Publish) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return l.client.Publish(ctx, p.QoS, saying{p, nil}, false)
}

// insist publishes a message and waits until the broker has acknowledged it, for 10 s at most.
func (l *link) insist(ctx context.Context, p *paho.Publish) error {
	ctx, cancel := context.WithTimeoutCause(ctx, ackTimeout, fmt.Errorf("publish to %s: no PUBACK within %v", p.Topic, ackTimeout))
	defer cancel()
	done := make(chan mqtt.Outcome, 1)
	if err := l.client.Publish(ctx, p.QoS, saying{p, done}, false); err != nil {
		return err
	}
	select {
	case outcome := <-done:
		if outcome.Refused() {
			return fmt.Errorf("publish to %s: refused by the broker: %s", p.Topic, mqtt.ReasonTitle(outcome.ReasonCode))
		}
		return outcome.Err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// bid is insist if there is a connection.
func (l *link) bid(ctx context.Context, p *paho.Publish) error {
	if _, lost := l.status(); lost != nil {
		return lost
	}
	return l.insist(ctx, p)
}

// saying is a message under way.
type saying struct {
	packet *paho.Publish
	done   chan<- mqtt.Outcome // has room for it; nil if nobody waits
}

func (s saying) Packet(clock.Instant) *paho.Publish { return s.packet }

func (s saying) Acknowledged(o mqtt.Outcome) {
	if s.done != nil {
		s.done <- o
	}
}

// message is a control message; its content marshals.
func message(topic string, content any) *paho.Publish {
	payload, err := json.Marshal(content)
	if err != nil {
		panic(err) // of the types of this package
	}
	return &paho.Publish{Topic: topic, QoS: 1, Payload: payload, Properties: &paho.PublishProperties{MessageExpiry: seconds(expiry)}}
}

func seconds(d time.Duration) *uint32 {
	s := uint32(d / time.Second)
	return &s
}

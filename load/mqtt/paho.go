package mqtt

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.golang/paho"

	"mqttrace/load/clock"
)

// pahoDriver is a connection with paho.golang's client on it.
type pahoDriver struct {
	client   *Client
	dialogue *dialogue
	outcomes *outcomes
	wire     *wire
	late     *lateAcks
	owed     atomic.Int64 // messages that the handler has been given and that are not acknowledged
	paho     *paho.Client
	// to are the topic aliases towards the broker, nil for none; from are the broker's.
	to, from *aliases
	// failed receives why the connection ended, unless it was given up from this side.
	failed chan error
	// given is closed when it was.
	given    chan struct{}
	giveUp   sync.Once
	farewell sync.Once
}

func newPahoDriver(c *Client, conn net.Conn, dialogue *dialogue) *pahoDriver {
	d := &pahoDriver{
		client: c, dialogue: dialogue, outcomes: c.session.(*outcomes), wire: newWire(conn, c.settings.ReceiveMaximum, &c.counters),
		failed: make(chan error, 1), given: make(chan struct{}),
	}
	if c.handlers.AckDelay != nil {
		d.late = newLateAcks(c.handlers.AckDelay, c.settings.ReceiveMaximum, d.wire.closed)
	}
	return d
}

func (d *pahoDriver) connect(ctx context.Context, packet *paho.Connect) (*paho.Connack, error) {
	settings := d.client.settings
	d.wire.frame.limit = int(settings.MaximumPacketSize)
	d.from = &aliases{limit: settings.TopicAliasMaximum}
	d.outcomes.readAt = func() clock.Instant { return d.wire.readAt }
	d.outcomes.skipped = d.wire.skip
	d.outcomes.answered = func() { d.owed.Add(-1) }
	d.paho = paho.NewClient(paho.ClientConfig{
		Conn:               d.wire,
		Session:            d.outcomes,
		PacketTimeout:      settings.AckTimeout,
		AuthHandler:        auther{d},
		PingHandler:        pinger{paho.NewDefaultPinger(), d},
		OnPublishReceived:  []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) { return true, d.received(p.Packet) }},
		OnClientError:      d.fail,
		OnServerDisconnect: func(p *paho.Disconnect) { d.fail(disconnectError(p)) },

		EnableManualAcknowledgment: d.late != nil,
		SendAcksInterval:           lateAcksEvery,
	})
	connack, err := d.paho.Connect(ctx, packet)
	if failure := d.dialogue.failed(); failure != nil {
		return connack, failure
	}
	if err != nil {
		return connack, err
	}
	if err := d.dialogue.admitted(connack); err != nil {
		_ = d.wire.close() // fails if it is closed already
		<-d.paho.Done()
		return connack, err
	}
	d.to = settings.aliasesTo(limitsOf(connack))
	return connack, nil
}

// auther answers for paho.golang, which would call a nil handler when a CONNACK names a method unasked. A step that cannot be taken ends
// the connection, which paho.golang then fails to write to.
type auther struct{ driver *pahoDriver }

func (a auther) Authenticate(asked *paho.Auth) *paho.Auth {
	answer, err := a.driver.dialogue.answer(asked)
	if err != nil {
		a.driver.fail(err)
		_ = a.driver.wire.close() // fails if it is closed already
	}
	return answer
}

func (auther) Authenticated() {}

// pinger is paho.golang's own, but notes why it ends the connection before paho.golang closes it. That would report the read that fails
// then at the same time.
type pinger struct {
	*paho.DefaultPinger
	driver *pahoDriver
}

func (p pinger) Run(ctx context.Context, conn net.Conn, keepAlive uint16) error {
	err := p.DefaultPinger.Run(ctx, conn, keepAlive)
	if err != nil {
		p.driver.fail(fmt.Errorf("keep-alive of %d s: %w", keepAlive, err))
	}
	return err
}

// lateAcksEvery is how often paho.golang looks for acknowledgements that have become due.
const lateAcksEvery = time.Millisecond

// fail notes the first reason why the connection ended.
func (d *pahoDriver) fail(err error) {
	select {
	case d.failed <- err:
	default:
	}
}

func (d *pahoDriver) serve() (err error) {
	select {
	case err = <-d.failed:
	case <-d.given:
	}
	<-d.paho.Done()
	_ = d.wire.close() // fails if it is closed already
	d.late.wait()
	return err
}

func (d *pahoDriver) goodbye() {
	d.giveUp.Do(func() { close(d.given) })
	d.farewell.Do(func() {
		_ = d.wire.flushNow()                                     // a failure ends the connection, which is what is wanted
		_ = d.paho.Disconnect(&paho.Disconnect{ReasonCode: 0x00}) // likewise
	})
}

func (d *pahoDriver) close() {
	d.giveUp.Do(func() { close(d.given) })
	_ = d.wire.close() // fails if it is closed already
}

func (d *pahoDriver) publish(ctx context.Context, qos byte, p Publication, more bool) error {
	if qos > 0 {
		if err := d.awaitWindow(ctx); err != nil {
			return err
		}
		d.outcomes.adding, d.outcomes.aliases = p, d.to
	}
	d.wire.morePublishes.Store(more)
	packet := p.Packet(clock.Now())
	if qos == 0 {
		defer d.to.shortened(packet)()
	}
	_, err := d.paho.PublishWithOptions(ctx, packet, paho.PublishOptions{Method: paho.PublishMethod_AsyncSend})
	switch {
	case err == nil && qos == 0:
		return d.loss()
	case err == nil, errors.Is(err, paho.ErrNetworkErrorAfterStored):
		return nil // in the session: its outcome will be reported, whatever happens to the connection
	case errors.Is(err, paho.ErrInvalidArguments):
		return fmt.Errorf("publish: %w", err)
	case ctx.Err() != nil:
		return ctx.Err()
	default:
		return errLinkLost
	}
}

// loss is errLinkLost if the last write failed.
func (d *pahoDriver) loss() error {
	if d.wire.failure() != nil {
		return errLinkLost
	}
	return nil
}

// awaitWindow waits for room among the unacknowledged messages; what has been kept back leaves first, or no room would come.
func (d *pahoDriver) awaitWindow(ctx context.Context) error {
	var since clock.Instant
	err := d.outcomes.acquire(ctx, d.paho.Done(), func() {
		since = clock.Now()
		d.flush()
	})
	if since != 0 {
		d.client.counters.held.Add(int64(clock.Now().Sub(since)))
	}
	return err
}

// tryPublish implements driver: paho.golang waits.
func (d *pahoDriver) tryPublish(byte, Publication, bool) (taken, all bool) { return false, true }

func (d *pahoDriver) flush() {
	d.wire.morePublishes.Store(false) // nothing follows now, and a PUBREL must not wait for it
	_ = d.wire.flushNow()             // a failure ends the connection
}

func (d *pahoDriver) subscribe(ctx context.Context, s *paho.Subscribe) (*paho.Suback, error) {
	return d.paho.Subscribe(ctx, s)
}

func (d *pahoDriver) unsubscribe(ctx context.Context, u *paho.Unsubscribe) (*paho.Unsuback, error) {
	return d.paho.Unsubscribe(ctx, u)
}

func (d *pahoDriver) authenticate(ctx context.Context, packet *paho.Auth) (*paho.AuthResponse, error) {
	answer, err := d.paho.Authenticate(ctx, packet)
	if err != nil || !answer.Success {
		return answer, err
	}
	if err := d.dialogue.finish(nil); err != nil { // paho.golang keeps the data of the last AUTH to itself
		d.fail(err)
		_ = d.wire.close() // fails if it is closed already
		return nil, err
	}
	return answer, nil
}

func (d *pahoDriver) waiting() int { return len(d.wire.arrivals) }

func (d *pahoDriver) unanswered() int { return int(d.owed.Load()) }

// received hands a message to the handler. What it says about more messages spares a write per acknowledgement in a burst.
func (d *pahoDriver) received(p *paho.Publish) error {
	at, more := d.wire.nextArrival()
	if err := d.from.resolve(p); err != nil {
		d.fail(err)
		_ = d.wire.close() // fails if it is closed already
		return err
	}
	if p.QoS > 0 {
		d.owed.Add(1)
	}
	start := clock.Now()
	if handle := d.client.handlers.Message; handle != nil {
		handle(Delivery{Publish: p, Received: at, Gone: d.wire.closed})
	}
	if d.late != nil && p.QoS > 0 {
		d.late.add(func() { _ = d.paho.Ack(p) }) // fails on a connection that has ended
	}
	d.wire.moreAcks.Store(more && clock.Now().Sub(start) < slowHandler)
	return nil
}

// slowHandler is the time from which a handler is too slow for its acknowledgement to wait for the next.
const slowHandler = 100 * time.Microsecond

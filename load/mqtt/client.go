package mqtt

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"

	"mqttrace/load/clock"
)

// Handlers are what a Client calls. Each may be nil. None may call Close or block for longer than its user can bear: Message
// holds up the messages behind it, the others hold up the connection.
type Handlers struct {
	// Message is called for each arriving message in the order of arrival, one at a time; a QoS 1 message is acknowledged when
	// it returns.
	Message func(Delivery)
	// Lent says that Message does with a Delivery what it wants before it returns: the lean client then hands it over in memory
	// that it uses again, strings left out, and calls Message from the goroutine that reads, which costs less. What waits meanwhile
	// waits in the socket.
	Lent bool
	// AckDelay, if not nil, is asked how long after Message the acknowledgement of a QoS 1 or 2 message leaves. Meanwhile Message is
	// called for the next ones, as many as the Receive Maximum lets the broker send.
	AckDelay func() time.Duration
	// Down is called when the connection is lost, and again when an attempt to make it again fails; Up when it has been made
	// again with its subscriptions, not for the first connection. Connected is called before Up with the time from dialling to
	// CONNACK, as Client.ConnectTime has it.
	Down      func(error)
	Connected func(took time.Duration)
	Up        func()
}

// Delivery is a message that arrived. It is the handler's to keep, unless Handlers.Lent says that it is lent.
type Delivery struct {
	*paho.Publish
	// Received is when its last byte was read off the socket.
	Received clock.Instant
	// Gone is closed when the connection that it came on is: the acknowledgement then goes nowhere, and a broker that keeps
	// the session sends the message again.
	Gone <-chan struct{}
}

// Publication is a message to publish.
type Publication interface {
	// Packet returns the PUBLISH; sent is the instant at which it is handed to the socket, right after. It is called again
	// if the connection breaks in between. The Client does not keep the packet.
	Packet(sent clock.Instant) *paho.Publish
	// Acknowledged reports the outcome of a QoS 1 or 2 message, exactly once after a Publish that returned nil, from a
	// goroutine of the Client, sometimes before that Publish returns.
	Acknowledged(Outcome)
}

// Client is one MQTT 5 client that keeps itself connected. Publish and Subscribe are safe for concurrent use.
type Client struct {
	settings Settings
	handlers Handlers
	session  session
	counters counters

	publishing sync.Mutex // one message at a time, in order

	mu            sync.Mutex    // guards what follows
	link          *link         // nil while there is no connection
	linked        chan struct{} // closed when there is one again; nil while there is one
	subscriptions []subscription

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	done   latch // closed when the supervising goroutine has ended
}

// Connect connects and returns when CONNACK has arrived; the first attempt is the only one. ctx bounds the connecting, not the
// Client's life, which ends with Close.
func Connect(ctx context.Context, settings Settings, handlers Handlers) (*Client, error) {
	c := &Client{settings: settings.withDefaults(), handlers: handlers}
	c.session = c.newSession()
	l, err := c.dial(ctx, !settings.Resume)
	if err != nil {
		return nil, err
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.setLink(l)
	go c.supervise(l)
	return c, nil
}

// ConnectTime is how long the current connection took from dialling to CONNACK; 0 while there is none.
func (c *Client) ConnectTime() time.Duration {
	if l := c.current(); l != nil {
		return l.took
	}
	return 0
}

// SessionPresent reports whether the broker had a session for the current connection; false while there is none.
func (c *Client) SessionPresent() bool {
	l := c.current()
	return l != nil && l.sessionPresent
}

// Limits are what the broker granted the current connection; zero while there is none.
func (c *Client) Limits() Limits {
	if l := c.current(); l != nil {
		return l.limits
	}
	return Limits{}
}

// Held is the time that Publish has spent so far waiting for the broker: for room in the window, for a socket that takes no
// more bytes, for a lost connection.
func (c *Client) Held() time.Duration { return time.Duration(c.counters.held.Load()) }

// Published is how many PUBLISH packets were written and their bytes, headers included, of all of the Client's connections.
func (c *Client) Published() (packets, bytes uint64) {
	return c.counters.publishes.Load(), c.counters.publishBytes.Load()
}

// InFlight is how many QoS 1 and 2 messages are unacknowledged.
func (c *Client) InFlight() int { return c.session.inFlight() }

// Waiting is how many messages have been read off the socket and not yet been handled, the one in the handler left out.
func (c *Client) Waiting() int {
	if l := c.current(); l != nil {
		return l.waiting()
	}
	return 0
}

// Unanswered is how many messages of QoS 1 and 2 have arrived on the current connection and have not yet been acknowledged.
func (c *Client) Unanswered() int {
	if l := c.current(); l != nil {
		return l.unanswered()
	}
	return 0
}

// Subscribe subscribes to one filter and returns the time from SUBSCRIBE to SUBACK. A SUBACK that grants less than qos is an
// error, as is a refusal (*RefusedError). The subscription is made again after a lost connection.
func (c *Client) Subscribe(ctx context.Context, filter string, qos byte) (time.Duration, error) {
	return c.SubscribeWith(ctx, paho.SubscribeOptions{Topic: filter, QoS: qos})
}

// SubscribeWith is Subscribe with all the options of a subscription.
func (c *Client) SubscribeWith(ctx context.Context, options paho.SubscribeOptions) (time.Duration, error) {
	return c.SubscribeAs(ctx, options, 0)
}

// SubscribeAs is SubscribeWith with a subscription identifier, 1 to 268,435,455; 0 for none.
func (c *Client) SubscribeAs(ctx context.Context, options paho.SubscribeOptions, identifier int) (time.Duration, error) {
	subscription := subscription{options, identifier}
	l, err := c.awaitLink(ctx)
	if err != nil {
		return 0, err
	}
	start := clock.Now()
	if err := whileInUse(ctx, func() error { return c.subscribe(ctx, l, subscription) }); err != nil {
		return 0, err
	}
	took := clock.Now().Sub(start)
	c.mu.Lock()
	c.subscriptions = append(c.subscriptions, subscription)
	c.mu.Unlock()
	return took, nil
}

// subscription is what a Client has subscribed to, and does again.
type subscription struct {
	paho.SubscribeOptions
	identifier int // 0: none
}

func (s subscription) packet() *paho.Subscribe {
	p := &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{s.SubscribeOptions}}
	if s.identifier > 0 {
		p.Properties = &paho.SubscribeProperties{SubscriptionIdentifier: &s.identifier}
	}
	return p
}

func (c *Client) subscribe(ctx context.Context, l *link, s subscription) error {
	what := fmt.Sprintf("subscription of client %s to %s", c.settings.ClientID, s.Topic)
	suback, err := l.subscribe(ctx, s.packet())
	if suback != nil && len(suback.Reasons) == 1 && suback.Reasons[0] >= 0x80 {
		refused := &RefusedError{Packet: "SUBACK", What: what, ReasonCode: suback.Reasons[0]}
		if suback.Properties != nil {
			refused.Reason = suback.Properties.ReasonString
		}
		return refused
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if len(suback.Reasons) != 1 || suback.Reasons[0] < s.QoS {
		return fmt.Errorf("%s %w: asked for QoS %d, the broker granted %v", what, ErrNotGranted, s.QoS, suback.Reasons)
	}
	return nil
}

// Withdraw ends the subscriptions of the current connection and returns when the broker has acknowledged that: from then on it gives
// the client no more messages than it has begun to. The next connection has the subscriptions again. An UNSUBACK that refuses is a
// *RefusedError.
func (c *Client) Withdraw(ctx context.Context) error {
	l, err := c.awaitLink(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	subscriptions := c.subscriptions
	c.mu.Unlock()
	for _, s := range subscriptions {
		if err := whileInUse(ctx, func() error { return c.unsubscribe(ctx, l, s.Topic) }); err != nil {
			return err
		}
	}
	return nil
}

// whileInUse sends a request again while the broker refuses its packet identifier. The embedded broker does so while a message of its
// own to the client has that identifier, though the two have nothing to do with each other (MQTT 5 section 2.2.1).
func whileInUse(ctx context.Context, request func() error) error {
	for {
		err := request()
		var refused *RefusedError
		if !errors.As(err, &refused) || refused.ReasonCode != packets.UnsubackPacketIdentifierInUse || ctx.Err() != nil {
			return err
		}
		time.Sleep(time.Millisecond)
	}
}

func (c *Client) unsubscribe(ctx context.Context, l *link, filter string) error {
	what := fmt.Sprintf("client %s unsubscribing from %s", c.settings.ClientID, filter)
	unsuback, err := l.unsubscribe(ctx, &paho.Unsubscribe{Topics: []string{filter}})
	if unsuback != nil && len(unsuback.Reasons) == 1 && unsuback.Reasons[0] >= 0x80 {
		refused := &RefusedError{Packet: "UNSUBACK", What: what, ReasonCode: unsuback.Reasons[0]}
		if unsuback.Properties != nil {
			refused.Reason = unsuback.Properties.ReasonString
		}
		return refused
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// Publish hands a message to the socket and returns; it does not wait for its acknowledgement. It waits, if it must, for a
// connection and for room in the window, until ctx ends. Messages leave in the order of the calls. more says that another
// message follows at once: the two may then leave in one write. After an error the message has not been sent and p is not
// used any more.
func (c *Client) Publish(ctx context.Context, qos byte, p Publication, more bool) error {
	c.publishing.Lock()
	defer c.publishing.Unlock()
	for {
		l, err := c.awaitLink(ctx)
		if err != nil {
			return err
		}
		err = l.publish(ctx, qos, p, more)
		if !errors.Is(err, errLinkLost) {
			return err
		}
		since := clock.Now()
		err = c.awaitLoss(ctx, l)
		c.counters.held.Add(int64(clock.Now().Sub(since)))
		if err != nil {
			return err
		}
	}
}

// TryPublish is Publish as far as it takes no waiting, which the lean client can do on a plain TCP connection. It reports whether it
// has taken the message, and whether all bytes that were to leave have left: if not, Flush sends the rest, which waits for the socket.
// A message that was not taken is for Publish, which waits for what there is to wait for or says what is wrong.
func (c *Client) TryPublish(qos byte, p Publication, more bool) (taken, all bool) {
	if !c.publishing.TryLock() {
		return false, true
	}
	defer c.publishing.Unlock()
	l := c.current()
	if l == nil {
		return false, true
	}
	return l.tryPublish(qos, p, more)
}

// Send publishes a message and waits for its outcome: that of Publication.Acknowledged, and for QoS 0 the zero Outcome once
// the message has been handed to the socket. handed, if not nil, is called when it has been, or has been refused to be, so that
// the next message can follow in order without waiting for this one's outcome. ctx bounds the wait for a connection and for
// room in the window; an error then says that the message has not been sent. Once it has been, its outcome is awaited
// for as long as it takes: until the broker answers, the session is lost or the Client is closed.
func (c *Client) Send(ctx context.Context, qos byte, packet func(sent clock.Instant) *paho.Publish, handed func()) (Outcome, error) {
	p := awaited{packet: packet, outcome: make(chan Outcome, 1)}
	err := c.Publish(ctx, qos, p, false)
	if handed != nil {
		handed()
	}
	if err != nil || qos == 0 {
		return Outcome{}, err
	}
	return <-p.outcome, nil
}

// awaited is a Publication whose outcome somebody waits for.
type awaited struct {
	packet  func(sent clock.Instant) *paho.Publish
	outcome chan Outcome
}

func (a awaited) Packet(sent clock.Instant) *paho.Publish { return a.packet(sent) }
func (a awaited) Acknowledged(o Outcome)                  { a.outcome <- o }

// Flush sends what Publish kept back because more was to follow.
func (c *Client) Flush() {
	if l := c.current(); l != nil {
		l.flush()
	}
}

// Close sends DISCONNECT and returns when every goroutine of the Client has ended. Messages still unacknowledged are reported
// as lost. It is safe to call more than once; ctx bounds only the wait for a broker that takes no more bytes.
func (c *Client) Close(ctx context.Context) error {
	c.cancel()
	if l := c.current(); l != nil {
		stop := context.AfterFunc(ctx, l.close) // unblocks whatever waits for the broker
		l.goodbye()
		defer stop()
	}
	<-c.done.done()
	return nil
}

// supervise keeps the client connected until Close.
func (c *Client) supervise(l *link) {
	defer c.done.close()
	defer c.session.close()
	pause, err := c.settings.ReconnectMin, l.serve()
	for c.ctx.Err() == nil {
		if how := c.leavingOf(l); how != nil {
			pause, err = how.Pause, how.Cause
		}
		c.setLost(err)
		if l, pause = c.reconnect(pause); l == nil {
			break
		}
		var up bool
		if up, err = c.serveAgain(l); up {
			pause = c.settings.ReconnectMin
		}
	}
	c.setLost(nil)
}

// serveAgain serves a link after the first, with the subscriptions that the client had; up says that it came to have them. Why it
// ended is err.
func (c *Client) serveAgain(l *link) (up bool, err error) {
	ready := make(chan error, 1)
	go func() { ready <- c.takeUp(l) }() // what it waits for comes from the link that is being served
	err = l.serve()
	if failure := <-ready; failure != nil {
		return false, failure
	}
	return true, err
}

// takeUp makes a link the client's once it has all subscriptions.
func (c *Client) takeUp(l *link) error {
	if err := c.resubscribe(l); err != nil {
		l.close()
		return err
	}
	c.setLink(l)
	if c.handlers.Connected != nil {
		c.handlers.Connected(l.took)
	}
	if c.handlers.Up != nil {
		c.handlers.Up()
	}
	return nil
}

// reconnect tries again and again until it has a link, or the client is closed. pause comes before the first attempt; what is
// returned is the one before the next.
func (c *Client) reconnect(pause time.Duration) (*link, time.Duration) {
	for {
		select {
		case <-time.After(pause):
		case <-c.ctx.Done():
			return nil, pause
		}
		pause = min(max(2*pause, c.settings.ReconnectMin), c.settings.ReconnectMax)
		l, err := c.dial(c.ctx, c.settings.SessionExpiry == 0)
		if err == nil {
			return l, pause
		}
		c.setLost(err)
	}
}

func (c *Client) resubscribe(l *link) error {
	if l.sessionPresent {
		return nil
	}
	c.mu.Lock()
	subscriptions := c.subscriptions
	c.mu.Unlock()
	for _, s := range subscriptions {
		if err := whileInUse(c.ctx, func() error { return c.subscribe(c.ctx, l, s) }); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) setLink(l *link) {
	limit := int(l.limits.ReceiveMaximum)
	if c.settings.Window > 0 {
		limit = min(limit, c.settings.Window)
	}
	c.session.setLimit(min(limit, math.MaxUint16-1)) // one packet identifier is left for SUBSCRIBE
	c.mu.Lock()
	c.link = l
	if c.linked != nil {
		close(c.linked)
		c.linked = nil
	}
	c.mu.Unlock()
	if c.ctx.Err() != nil {
		l.goodbye() // Close may have come too early to see it
	}
}

func (c *Client) setLost(err error) {
	c.mu.Lock()
	if c.link != nil {
		c.link.cause = err
		c.link.retired.close()
		c.link = nil
		c.linked = make(chan struct{})
	}
	c.mu.Unlock()
	if c.handlers.Down != nil && c.ctx.Err() == nil {
		c.handlers.Down(err)
	}
}

func (c *Client) current() *link {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.link
}

// awaitLink returns the connection, waiting for one if there is none.
func (c *Client) awaitLink(ctx context.Context) (*link, error) {
	c.mu.Lock()
	l, linked := c.link, c.linked
	c.mu.Unlock()
	if l != nil {
		return l, nil
	}
	since := clock.Now()
	defer func() { c.counters.held.Add(int64(clock.Now().Sub(since))) }()
	select {
	case <-linked:
		return c.awaitLink(ctx)
	case <-c.ctx.Done():
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// awaitLoss waits until a link that failed is no longer the current one.
func (c *Client) awaitLoss(ctx context.Context, l *link) error {
	select {
	case <-l.retired.done():
		return nil
	case <-c.ctx.Done():
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

package mqtt

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/eclipse/paho.golang/paho"
	"github.com/eclipse/paho.golang/paho/session/state"

	"mqttrace/load/clock"
)

// link is one connection to the broker, from dialling to its end.
type link struct {
	driver
	dialogue *dialogue
	limits   Limits
	// sessionPresent is CONNACK's: the broker still has the subscriptions.
	sessionPresent bool
	// took is the time from dialling to CONNACK.
	took time.Duration
	// leaving is how the link is being given up, if it is; Client.mu guards it.
	leaving *Leaving
	// retired is closed when the Client has noticed the end; cause, which may be read from then on, is why the link ended, nil if
	// the Client was closed.
	retired latch
	cause   error
}

// driver speaks MQTT on one connection: with paho.golang, or with this package's own encoding.
type driver interface {
	// connect exchanges CONNECT and CONNACK. An error may come with a CONNACK, which then says why.
	connect(ctx context.Context, packet *paho.Connect) (*paho.Connack, error)
	// serve is called once after connect. It returns when the connection has ended and everything that it started has, and why:
	// nil if goodbye or close was called.
	serve() error
	// goodbye sends what is kept back and DISCONNECT, and closes the connection. Both it and close may be called at any time and
	// more than once.
	goodbye()
	close()

	// publish is Client.Publish on this connection, called once at a time; errLinkLost says that it has ended and the message
	// was not sent.
	publish(ctx context.Context, qos byte, p Publication, more bool) error
	// tryPublish is Client.TryPublish on this connection, never called while publish or itself is.
	tryPublish(qos byte, p Publication, more bool) (taken, all bool)
	flush()
	// subscribe waits for SUBACK, unsubscribe for UNSUBACK, authenticate for the answer to an AUTH; one authenticate at a time.
	subscribe(ctx context.Context, s *paho.Subscribe) (*paho.Suback, error)
	unsubscribe(ctx context.Context, u *paho.Unsubscribe) (*paho.Unsuback, error)
	authenticate(ctx context.Context, packet *paho.Auth) (*paho.AuthResponse, error)
	// waiting is how many messages have been read and not yet been handled, the one in the handler left out.
	waiting() int
	// unanswered is how many messages of QoS 1 and 2 have been read and not yet been acknowledged.
	unanswered() int
}

// session is what a client and its broker remember from one connection to the next: the unacknowledged messages.
type session interface {
	inFlight() int
	// setLimit bounds the unacknowledged messages.
	setLimit(n int)
	// settle waits until there are none, the link is retired or ctx ends. The caller has seen to it that no other is sent.
	settle(ctx context.Context, retired <-chan struct{})
	// close reports every unacknowledged message as lost.
	close()
}

func (c *Client) newSession() session {
	if c.settings.Implementation == Lean {
		return newLeanSession(c.settings.SessionExpiry > 0)
	}
	return newOutcomes(state.NewInMemory())
}

func (c *Client) newDriver(conn net.Conn, dialogue *dialogue) driver {
	if c.settings.Implementation == Lean {
		return newLeanDriver(c, conn, dialogue)
	}
	return newPahoDriver(c, conn, dialogue)
}

// dial makes a link: the transport, CONNECT, CONNACK.
func (c *Client) dial(ctx context.Context, cleanStart bool) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, c.settings.ConnectTimeout)
	defer cancel()
	start := clock.Now()
	conn, err := c.open(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", c.settings.place(), c.settings.explain(err))
	}
	dialogue := newDialogue(c.settings.Auth)
	l := &link{driver: c.newDriver(conn, dialogue), dialogue: dialogue}
	if err := c.connect(ctx, l, cleanStart); err != nil {
		l.close()
		return nil, err
	}
	l.took = clock.Now().Sub(start)
	return l, nil
}

func (s Settings) tls() (*tls.Config, error) {
	if s.FreshTLS == nil {
		return s.TLS, nil
	}
	return s.FreshTLS()
}

// connect sends CONNECT and takes what CONNACK says.
func (c *Client) connect(ctx context.Context, l *link, cleanStart bool) error {
	packet, err := c.connectPacket(cleanStart)
	if err != nil {
		return err
	}
	if auth := c.settings.Auth; auth != nil {
		packet.Properties.AuthMethod = auth.Method
		if packet.Properties.AuthData, err = l.dialogue.begin(); err != nil {
			return fmt.Errorf("%s authentication of client %s: %w", auth.Method, c.settings.ClientID, err)
		}
	}
	connack, err := l.driver.connect(ctx, packet)
	if err != nil {
		return c.connectError(ctx, connack, err)
	}
	l.limits, l.sessionPresent = limitsOf(connack), connack.SessionPresent
	return nil
}

func (c *Client) connectPacket(cleanStart bool) (*paho.Connect, error) {
	s := c.settings
	packet := &paho.Connect{
		ClientID:   s.ClientID,
		CleanStart: cleanStart,
		KeepAlive:  uint16(max(s.KeepAlive, 0) / time.Second),
		Properties: &paho.ConnectProperties{
			ReceiveMaximum: &s.ReceiveMaximum,
			// paho's zero value asks the broker to leave out reason strings, and mochi then leaves out user properties too.
			RequestProblemInfo: true,
		},
	}
	if s.TopicAliasMaximum > 0 {
		packet.Properties.TopicAliasMaximum = &s.TopicAliasMaximum
	}
	if s.MaximumPacketSize > 0 {
		packet.Properties.MaximumPacketSize = &s.MaximumPacketSize
	}
	if s.Will != nil {
		s.Will.addTo(packet)
	}
	if s.SessionExpiry > 0 {
		seconds := uint32(s.SessionExpiry / time.Second)
		packet.Properties.SessionExpiryInterval = &seconds
	}
	if s.Username != "" {
		packet.Username, packet.UsernameFlag = s.Username, true
	}
	if s.Password != nil {
		password, err := s.Password()
		if err != nil {
			return nil, fmt.Errorf("password of client %s: %w", s.ClientID, err)
		}
		packet.Password, packet.PasswordFlag = password, true
	}
	return packet, nil
}

func (c *Client) connectError(ctx context.Context, connack *paho.Connack, err error) error {
	what := fmt.Sprintf("connection of client %s to %s", c.settings.ClientID, c.settings.place())
	if connack != nil && connack.ReasonCode >= 0x80 {
		refused := &RefusedError{Packet: "CONNACK", What: what, ReasonCode: connack.ReasonCode}
		if connack.Properties != nil {
			refused.Reason, refused.ServerReference = connack.Properties.ReasonString, connack.Properties.ServerReference
		}
		return refused
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: no CONNACK within %v", what, c.settings.ConnectTimeout)
	}
	return fmt.Errorf("%s: %w", what, c.settings.explain(err))
}

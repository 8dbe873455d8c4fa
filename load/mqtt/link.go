package mqtt

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/eclipse/paho.golang/paho"

	"mqttrace/load/clock"
)

// link is one connection to the broker, from dialling to its end.
type link struct {
	wire   *wire
	paho   *paho.Client
	limits Limits
	// sessionPresent is CONNACK's: the broker still has the subscriptions.
	sessionPresent bool
	// took is the time from dialling to CONNACK.
	took time.Duration
	// failed receives why the link ended, unless it was closed from this side.
	failed chan error
	// lost is closed when paho has let go of the connection.
	lost <-chan struct{}
	// retired is closed when the Client has noticed; cause, which may be read from then on, is why the link ended, nil if it
	// was closed from this side.
	retired chan struct{}
	cause   error
}

// dial makes a link: TCP or TLS, CONNECT, CONNACK.
func (c *Client) dial(ctx context.Context, cleanStart bool) (*link, error) {
	ctx, cancel := context.WithTimeout(ctx, c.settings.ConnectTimeout)
	defer cancel()
	start := clock.Now()
	conn, err := c.open(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", c.settings.Address, c.settings.explain(err))
	}
	l := &link{wire: newWire(conn, c.settings.ReceiveMaximum, &c.counters), failed: make(chan error, 1), retired: make(chan struct{})}
	if err := c.connect(ctx, l, cleanStart); err != nil {
		l.wire.close()
		return nil, err
	}
	l.took = clock.Now().Sub(start)
	return l, nil
}

// open dials TCP, and TLS over it if the settings say so.
func (c *Client) open(ctx context.Context) (net.Conn, error) {
	var dialer net.Dialer
	if !c.settings.secure() {
		return dialer.DialContext(ctx, "tcp", c.settings.Address)
	}
	config, err := c.settings.tls()
	if err != nil {
		return nil, err
	}
	return (&tls.Dialer{NetDialer: &dialer, Config: config}).DialContext(ctx, "tcp", c.settings.Address)
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
	c.outcomes.readAt = func() clock.Instant { return l.wire.readAt }
	l.paho = paho.NewClient(paho.ClientConfig{
		Conn:               l.wire,
		Session:            c.outcomes,
		PacketTimeout:      c.settings.AckTimeout,
		AuthHandler:        auther{c.settings.Auth},
		OnPublishReceived:  []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) { return true, c.received(l, p.Packet) }},
		OnClientError:      l.fail,
		OnServerDisconnect: func(d *paho.Disconnect) { l.fail(disconnectError(d)) },
	})
	connack, err := l.paho.Connect(ctx, packet)
	if err != nil {
		return c.connectError(ctx, connack, err)
	}
	l.limits, l.sessionPresent, l.lost = limitsOf(connack), connack.SessionPresent, l.paho.Done()
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
	if s.Auth != nil {
		data, err := s.Auth.Data()
		if err != nil {
			return nil, fmt.Errorf("%s authentication of client %s: %w", s.Auth.Method, s.ClientID, err)
		}
		packet.Properties.AuthMethod, packet.Properties.AuthData = s.Auth.Method, data
	}
	return packet, nil
}

func (c *Client) connectError(ctx context.Context, connack *paho.Connack, err error) error {
	what := fmt.Sprintf("connection of client %s to %s", c.settings.ClientID, c.settings.Address)
	if connack != nil && connack.ReasonCode >= 0x80 {
		refused := &RefusedError{What: what, ReasonCode: connack.ReasonCode}
		if connack.Properties != nil {
			refused.Reason = connack.Properties.ReasonString
		}
		return refused
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: no CONNACK within %v", what, c.settings.ConnectTimeout)
	}
	return fmt.Errorf("%s: %w", what, c.settings.explain(err))
}

// fail notes the first reason why the link ended.
func (l *link) fail(err error) {
	select {
	case l.failed <- err:
	default:
	}
}

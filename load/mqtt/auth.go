package mqtt

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
)

// Reauthenticate presents the current authentication data on the present connection, as after the renewal of a token, and
// waits for the broker's answer. If there is no connection it waits for one until ctx ends. A broker that does not take the
// data answers with a DISCONNECT (*DisconnectedError); the Client then connects again, with the data of that moment. Without
// Settings.Auth it is an error.
func (c *Client) Reauthenticate(ctx context.Context) error {
	auth := c.settings.Auth
	if auth == nil {
		return fmt.Errorf("client %s has no enhanced authentication", c.settings.ClientID)
	}
	l, err := c.awaitLink(ctx)
	if err != nil {
		return err
	}
	what := fmt.Sprintf("%s re-authentication of client %s", auth.Method, c.settings.ClientID)
	data, err := l.dialogue.begin()
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	answer, err := l.reauthenticate(ctx, c.settings.AckTimeout, authPacket(packets.AuthReauthenticate, auth.Method, data))
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", what, err)
	case !answer.Success:
		return fmt.Errorf("%s: %w", what, &DisconnectedError{ReasonCode: answer.ReasonCode, Reason: answer.Properties.ReasonString})
	default:
		return nil
	}
}

// reauthenticate sends an AUTH and waits for the answer to it, or for the end of the link.
func (l *link) reauthenticate(ctx context.Context, limit time.Duration, packet *paho.Auth) (*paho.AuthResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	watched := make(chan struct{})
	defer func() { cancel(); <-watched }()
	go func() {
		defer close(watched)
		select {
		case <-l.retired.done():
			cancel()
		case <-ctx.Done():
		}
	}()
	answer, err := l.driver.authenticate(ctx, packet)
	select {
	case <-l.retired.done():
		if err != nil && l.cause != nil {
			err = l.cause
		}
	default:
	}
	return answer, err
}

func authPacket(reason byte, method string, data []byte) *paho.Auth {
	return &paho.Auth{ReasonCode: reason, Properties: &paho.AuthProperties{AuthMethod: method, AuthData: data}}
}

// dialogue is the enhanced authentication of one connection, and of each re-authentication on it; nil is that of a client that has
// none. Safe for concurrent use.
type dialogue struct {
	auth *EnhancedAuth

	mu       sync.Mutex // guards what follows
	exchange Exchange
	failure  error // the first of an answer
}

func newDialogue(auth *EnhancedAuth) *dialogue {
	if auth == nil {
		return nil
	}
	return &dialogue{auth: auth}
}

// begin returns what the client says first.
func (d *dialogue) begin() ([]byte, error) {
	exchange, err := d.auth.begin()
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.exchange = exchange
	return exchange.Step(nil)
}

func (a *EnhancedAuth) begin() (Exchange, error) {
	if a.Begin != nil {
		return a.Begin()
	}
	return presentation(a.Data), nil
}

// presentation is an Exchange whose every step presents the same data.
type presentation func() ([]byte, error)

func (p presentation) Step([]byte) ([]byte, error) { return p() }
func (presentation) Finish([]byte) error           { return nil }

// answer answers when the broker goes on with the authentication. Without a method of its own the client has nothing to say, and the
// broker will refuse that.
func (d *dialogue) answer(asked *paho.Auth) (*paho.Auth, error) {
	if d == nil {
		return authPacket(packets.AuthContinueAuthentication, asked.Properties.AuthMethod, nil), nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	data, err := d.exchange.Step(asked.Properties.AuthData)
	if err != nil {
		err = d.wrap(err)
		if d.failure == nil {
			d.failure = err
		}
	}
	return authPacket(packets.AuthContinueAuthentication, d.auth.Method, data), err
}

// finish takes the broker's success.
func (d *dialogue) finish(data []byte) error {
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.exchange.Finish(data); err != nil {
		return d.wrap(err)
	}
	return nil
}

// admitted is finish for a CONNACK.
func (d *dialogue) admitted(connack *paho.Connack) error {
	var data []byte
	if connack.Properties != nil {
		data = connack.Properties.AuthData
	}
	return d.finish(data)
}

func (d *dialogue) wrap(err error) error {
	return fmt.Errorf("%s authentication: %w", d.auth.Method, err)
}

// failed is why an answer could not be given, nil if all could.
func (d *dialogue) failed() error {
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.failure
}

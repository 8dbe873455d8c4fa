package mqtt

import (
	"context"
	"fmt"
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
	data, err := auth.Data()
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
		case <-l.retired:
			cancel()
		case <-ctx.Done():
		}
	}()
	answer, err := l.driver.authenticate(ctx, packet)
	select {
	case <-l.retired:
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

// auther answers when the broker asks for authentication data. Without a method of its own (auth is nil) it has nothing to
// say, and the broker will refuse that; paho itself would call a nil handler when a CONNACK names a method unasked.
type auther struct{ auth *EnhancedAuth }

func (a auther) Authenticate(asked *paho.Auth) *paho.Auth {
	if a.auth == nil {
		return authPacket(packets.AuthContinueAuthentication, asked.Properties.AuthMethod, nil)
	}
	data, _ := a.auth.Data() // data that cannot be read are none, which the broker refuses
	return authPacket(packets.AuthContinueAuthentication, a.auth.Method, data)
}

func (auther) Authenticated() {}

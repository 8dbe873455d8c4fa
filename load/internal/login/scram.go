package login

import (
	"bytes"
	"errors"
	"sync"

	"github.com/xdg-go/scram"

	"mqttrace/load/mqtt"
	"mqttrace/scenarios"
)

// Apply has clients log in to a broker as the scenario says. A password is read again at every connect. With SCRAM (RFC 5802, RFC 7677)
// it proves itself in the steps of enhanced authentication, and CONNECT has neither user name nor password.
func Apply(b scenarios.Broker, settings *mqtt.Settings) {
	hash, challenged := hashes[b.Auth]
	switch {
	case challenged:
		s := &scramLogin{hash: hash, username: b.Username, file: b.PasswordFile}
		settings.Auth = &mqtt.EnhancedAuth{Method: b.Auth.Method(), Begin: s.begin}
		return
	case b.PasswordFile != "":
		settings.Password = func() ([]byte, error) { return Password(b.PasswordFile) }
	}
	settings.Username = b.Username
}

var hashes = map[scenarios.Auth]scram.HashGeneratorFcn{
	scenarios.ScramSHA1: scram.SHA1, scenarios.ScramSHA256: scram.SHA256, scenarios.ScramSHA512: scram.SHA512,
}

// scramLogin is one user's login by SCRAM. Safe for concurrent use.
type scramLogin struct {
	hash           scram.HashGeneratorFcn
	username, file string

	mu       sync.Mutex // guards what follows
	password []byte
	// client is of password. It keeps the keys that it has derived, of which each takes thousands of hashes.
	client *scram.Client
}

func (s *scramLogin) begin() (mqtt.Exchange, error) {
	password, err := Password(s.file)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil || !bytes.Equal(password, s.password) {
		client, err := s.hash.NewClient(s.username, string(password), "")
		if err != nil {
			return nil, err
		}
		s.client, s.password = client, password
	}
	return scramExchange{s.client.NewConversation()}, nil
}

// scramExchange is one conversation. The broker's last message, its signature, comes with its success or before.
type scramExchange struct{ *scram.ClientConversation }

func (e scramExchange) Step(challenge []byte) ([]byte, error) {
	answer, err := e.ClientConversation.Step(string(challenge))
	return []byte(answer), err
}

func (e scramExchange) Finish(data []byte) error {
	if len(data) > 0 && !e.Done() {
		if _, err := e.Step(data); err != nil {
			return err
		}
	}
	if !e.Valid() {
		return errUnproved
	}
	return nil
}

var errUnproved = errors.New("the broker lets the client in without a proof that it knows the password")

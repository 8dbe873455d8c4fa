package mqtt

import (
	"crypto/tls"
	"time"
)

// Settings are how a client connects. The zero value of every field but Address and ClientID is usable.
type Settings struct {
	// Address is the broker's host:port. Required.
	Address string
	// TLS makes the connection TLS; nil is plain TCP. The server's name is taken from Address unless TLS gives one.
	TLS *tls.Config
	// ClientID is the client identifier (MQTT 5 section 3.1.3.1). Required.
	ClientID string
	// Username is sent if it is not empty; Password, if it is not nil, is asked at every connect.
	Username string
	Password func() ([]byte, error)
	// SessionExpiry is the session expiry interval in whole seconds; 0 ends the session with the connection.
	SessionExpiry time.Duration
	// KeepAlive is in whole seconds, up to 65,535. Default: 60 s.
	KeepAlive time.Duration
	// ReceiveMaximum is how many unacknowledged QoS 1 and 2 messages the broker may send. Default: 100. Each one costs some
	// bytes per client even when it is not used.
	ReceiveMaximum uint16
	// Window bounds the client's own unacknowledged QoS 1 and 2 messages, if that is less than the broker allows. 0: the
	// broker's Receive Maximum alone.
	Window int
	// ConnectTimeout bounds one attempt, from dialling to CONNACK. Default: 10 s.
	ConnectTimeout time.Duration
	// AckTimeout bounds the wait for a SUBACK. Default: 10 s.
	AckTimeout time.Duration
	// ReconnectMin and ReconnectMax bound the pause before an attempt to connect again; it doubles from one to the other.
	// Default: 50 ms and 2 s.
	ReconnectMin, ReconnectMax time.Duration
}

const defaultReceiveMaximum = 100

func (s Settings) withDefaults() Settings {
	setDefault(&s.KeepAlive, time.Minute)
	setDefault(&s.ReceiveMaximum, defaultReceiveMaximum)
	setDefault(&s.ConnectTimeout, 10*time.Second)
	setDefault(&s.AckTimeout, 10*time.Second)
	setDefault(&s.ReconnectMin, 50*time.Millisecond)
	setDefault(&s.ReconnectMax, 2*time.Second)
	return s
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

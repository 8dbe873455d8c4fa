package mqtt

import (
	"crypto/tls"
	"net"
	"time"
)

// Settings are how a client connects. The zero value of every field but Address and ClientID is usable.
type Settings struct {
	// Address is the broker's host:port. Required, but for a Unix domain socket.
	Address string
	// Via is the host:port of a proxy that is dialled in the place of Address. The server's name stays Address's.
	Via string
	// Transport is what the connection runs over. Default: TCP or TLS.
	Transport Transport
	// TLS makes the connection TLS; nil is plain TCP. The server's name is taken from Address unless TLS gives one.
	TLS *tls.Config
	// FreshTLS, if it is not nil, is asked at every connect and takes the place of TLS, so that certificates that are renewed
	// on disk are used. It must return a configuration: nil is an error.
	FreshTLS func() (*tls.Config, error)
	// ClientID is the client identifier (MQTT 5 section 3.1.3.1). Required.
	ClientID string
	// Username is sent if it is not empty; Password, if it is not nil, is asked at every connect.
	Username string
	Password func() ([]byte, error)
	// Auth is the enhanced authentication (MQTT 5 section 4.12); nil for none.
	Auth *EnhancedAuth
	// SessionExpiry is the session expiry interval in whole seconds, up to 4,294,967,295, which is for ever; 0 ends the
	// session with the connection. Close leaves the session to expire.
	SessionExpiry time.Duration
	// KeepAlive is in whole seconds, up to 65,535. Default: 60 s. KeepAliveOff turns it off.
	KeepAlive time.Duration
	// Window bounds the client's own unacknowledged QoS 1 and 2 messages, if that is less than the broker allows. 0: the
	// broker's Receive Maximum alone.
	Window int
	// ReceiveMaximum is how many unacknowledged QoS 1 and 2 messages the broker may send. Default: 100. Each one costs some
	// bytes per client even when it is not used.
	ReceiveMaximum uint16
	// Resume takes up the session that the broker may still have for ClientID, with its subscriptions and the messages that
	// wait in it, instead of starting a clean one. It is about the first connection only: a connection made again resumes
	// the session if SessionExpiry keeps one.
	Resume bool
	// TopicAlias replaces the topics of PUBLISH packets by aliases, after the first of each, for as many topics as the broker's
	// Topic Alias Maximum allows. Each connection begins anew.
	TopicAlias bool
	// TopicAliasMaximum is how many topic aliases the broker may use towards this client. 0: none.
	TopicAliasMaximum uint16
	// MaximumPacketSize is the size in bytes above which the broker must not send this client a packet. 0: no limit.
	MaximumPacketSize uint32
	// Will is what the broker publishes if a connection ends without a DISCONNECT; nil for nothing.
	Will *Will
	// ConnectTimeout bounds one attempt, from dialling to CONNACK. Default: 10 s.
	ConnectTimeout time.Duration
	// AckTimeout bounds the wait for a SUBACK. Default: 10 s.
	AckTimeout time.Duration
	// ReconnectMin and ReconnectMax bound the pause before an attempt to connect again; it doubles from one to the other.
	// Default: 50 ms and 2 s.
	ReconnectMin, ReconnectMax time.Duration
	// LocalAddress is where TCP and QUIC connections come from. Default: the system's choice. From one address no more can be made to one broker
	// than the system has ports for.
	LocalAddress net.IP
	// Implementation is what speaks MQTT on the connection. Default: Paho.
	Implementation Implementation
	// Hints are what errors of connection attempts suggest. Default: the words of a scenario file.
	Hints *Hints
}

// KeepAliveOff is a Settings.KeepAlive that lets the connection be silent for any time.
const KeepAliveOff = -1 * time.Second

// Implementation is a client's way of speaking MQTT.
type Implementation string

const (
	// Paho is paho.golang, as most services in Go have it.
	Paho Implementation = "paho"
	// Lean is this package's own encoding of what a message costs. It allocates next to nothing and has one goroutine per
	// connection.
	Lean Implementation = "lean"
)

// EnhancedAuth is a method of enhanced authentication (MQTT 5 section 4.12). Either Data or Begin is required.
type EnhancedAuth struct {
	// Method is the authentication method, such as "K8S-SAT" or "SCRAM-SHA-256".
	Method string
	// Data returns what to present now, of a method whose every step is the client's presenting the same data, as the service account
	// tokens of Kubernetes are presented. It is asked at every connect, at every Reauthenticate and whenever the broker asks.
	Data func() ([]byte, error)
	// Begin begins an exchange of a method whose steps differ, at every connect and every Reauthenticate.
	Begin func() (Exchange, error)
}

// Exchange is one authentication. Its methods are called one at a time; an error of theirs ends the connection.
type Exchange interface {
	// Step answers what the broker has said, which is nil for the first step. The answer may be nil too.
	Step(challenge []byte) (answer []byte, err error)
	// Finish takes what came with the broker's success, nil for nothing. It is an error if the broker was to prove who it is and has
	// not.
	Finish(data []byte) error
}

// Hints say, in the words of whoever configures the client, what may be wrong when a connection attempt fails.
type Hints struct {
	PlainPort string // TLS was spoken to a port that is not TLS
	TLSPort   string // the other way round
	Authority string // the broker's certificate is not signed by a trusted authority
}

var scenarioHints = Hints{
	PlainPort: "the broker does not speak TLS there; is the URL mqtt://?",
	TLSPort:   "does the broker expect TLS there? then the URL is mqtts://",
	Authority: "tls.ca names the authority that signed the broker's certificate",
}

const defaultReceiveMaximum = 100

func (s Settings) withDefaults() Settings {
	setDefault(&s.Implementation, Paho)
	setDefault(&s.KeepAlive, time.Minute)
	setDefault(&s.ReceiveMaximum, defaultReceiveMaximum)
	setDefault(&s.ConnectTimeout, 10*time.Second)
	setDefault(&s.AckTimeout, 10*time.Second)
	setDefault(&s.ReconnectMin, 50*time.Millisecond)
	setDefault(&s.ReconnectMax, 2*time.Second)
	setDefault(&s.Hints, &scenarioHints)
	return s
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

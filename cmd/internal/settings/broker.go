package settings

import (
	"crypto/tls"
	"errors"
	"math"
	"net"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"mqttrace/cmd/internal/credentials"
	"mqttrace/load/mqtt"
)

// Broker is how the broker is reached, and as whom.
type Broker struct {
	Host          string
	Port          uint16
	Secure        bool // TLS
	ClientID      string
	CleanStart    bool
	KeepAlive     time.Duration // 0: none
	SessionExpiry time.Duration
	Username      string
	PasswordFile  string
	SATFile       string
	TLS           credentials.TLSFiles
}

func (r *reader) broker() Broker {
	b := Broker{
		Host:          r.host(),
		Port:          uint16(r.whole(BrokerTCPPort, 8883, 1, math.MaxUint16)),
		Secure:        r.bool(UseTLS, true),
		TLS:           r.tlsFiles(),
		ClientID:      r.mqttText(ClientID, r.required(ClientID, "the MQTT client identifier")),
		CleanStart:    r.bool(CleanStart, false),
		KeepAlive:     r.keepAlive(),
		SessionExpiry: time.Duration(r.whole(SessionExpiry, 3600, 0, math.MaxUint32)) * time.Second,
		Username:      r.mqttText(Username, r.get(Username)),
		PasswordFile:  r.secret(PasswordFile),
		SATFile:       r.secret(SATFile),
	}
	r.checkTLSIsUsed(b.Secure)
	r.checkAuthentication()
	return b
}

// host is a name or an address and nothing more: connection strings of other programs have scheme and port in one.
func (r *reader) host() string {
	host := r.required(BrokerHostname, "the broker's host name or address")
	if strings.ContainsAny(host, "/ :[]") && net.ParseIP(host) == nil {
		r.report(BrokerHostname, "want a host name or address, without scheme, brackets or port (that is "+BrokerTCPPort+")")
	}
	return host
}

// mqttText checks what MQTT has to say about strings (MQTT 5 section 1.5.4).
func (r *reader) mqttText(name, text string) string {
	if len(text) > math.MaxUint16 || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		r.report(name, "want text of at most 65535 bytes of UTF-8 without control characters")
	}
	return text
}

// keepAlive is documented as a number of 32 bits, of which the wire has room for 16.
func (r *reader) keepAlive() time.Duration {
	return time.Duration(r.whole(KeepAlive, 60, 0, math.MaxUint16)) * time.Second
}

// tlsFiles reads the files once, so that what is wrong with them is known at the start.
func (r *reader) tlsFiles() credentials.TLSFiles {
	files := credentials.TLSFiles{CA: r.get(CAFile), Cert: r.get(CertFile), Key: r.get(KeyFile), KeyPassword: r.get(KeyPasswordFile)}
	if files.CA != "" {
		if _, err := credentials.ReadAuthorities(files.CA); err != nil {
			r.report(CAFile, err.Error())
		}
	}
	switch {
	case files.Cert != "" && files.Key == "":
		r.report(KeyFile, "not set; want the private key of the certificate in "+CertFile)
	case files.Cert == "" && files.Key != "":
		r.report(CertFile, "not set; want the certificate of the private key in "+KeyFile)
	case files.Cert != "":
		r.checkKeyPair(files)
	case files.KeyPassword != "":
		r.report(KeyPasswordFile, "set without "+KeyFile+"; want the password of that key")
	}
	return files
}

func (r *reader) checkKeyPair(files credentials.TLSFiles) {
	_, err := credentials.ReadKeyPair(files)
	var file *credentials.FileError
	switch {
	case err == nil:
	case errors.As(err, &file) && file.Path == files.KeyPassword:
		r.report(KeyPasswordFile, err.Error())
	case errors.As(err, &file) && file.Path == files.Key:
		r.report(KeyFile, err.Error())
	default:
		r.report(CertFile, err.Error())
	}
}

// secret is a file that must hold something.
func (r *reader) secret(name string) string {
	path := r.get(name)
	if path == "" {
		return ""
	}
	if _, err := credentials.ReadSecret(path); err != nil {
		r.report(name, err.Error())
	}
	return path
}

func (r *reader) checkTLSIsUsed(secure bool) {
	if secure {
		return
	}
	for _, name := range []string{CAFile, CertFile, KeyFile, KeyPasswordFile} {
		if r.isSet(name) {
			r.report(name, "set although "+UseTLS+" is false; unset one of them")
		}
	}
}

func (r *reader) checkAuthentication() {
	for _, name := range []string{Username, PasswordFile} {
		if r.isSet(SATFile) && r.isSet(name) {
			r.report(name, "set together with "+SATFile+"; want one way to authenticate")
		}
	}
}

// Address is the broker's host:port.
func (b Broker) Address() string { return net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port))) }

// Reconnects are made with a pause that doubles from one of these to the other.
const (
	reconnectMin = 100 * time.Millisecond
	reconnectMax = 15 * time.Second
)

// Connection is how package mqtt is told all this. token is the one in SATFile, nil without one.
func (b Broker) Connection(token *credentials.Token) mqtt.Settings {
	s := mqtt.Settings{
		Address:       b.Address(),
		ClientID:      b.ClientID,
		Username:      b.Username,
		Resume:        !b.CleanStart,
		SessionExpiry: b.SessionExpiry,
		KeepAlive:     b.KeepAlive,
		ReconnectMin:  reconnectMin,
		ReconnectMax:  reconnectMax,
		Hints: &mqtt.Hints{
			PlainPort: "the broker does not speak TLS there; is " + UseTLS + "=false meant, or another " + BrokerTCPPort + "?",
			TLSPort:   "does the broker expect TLS there? then " + UseTLS + " must be true",
			Authority: CAFile + " names the authority that signed the broker's certificate",
		},
	}
	if s.KeepAlive == 0 {
		s.KeepAlive = mqtt.KeepAliveOff
	}
	if b.Secure {
		s.FreshTLS = func() (*tls.Config, error) { return b.TLS.Config(b.Host) }
	}
	if b.PasswordFile != "" {
		s.Password = func() ([]byte, error) { return credentials.ReadSecret(b.PasswordFile) }
	}
	if token != nil {
		s.Auth = &mqtt.EnhancedAuth{Method: "K8S-SAT", Data: token.Present}
	}
	return s
}

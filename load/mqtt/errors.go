package mqtt

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/eclipse/paho.golang/paho"
)

// errLinkLost says that the connection ended while a message was waiting; the message goes to the next one.
var errLinkLost = errors.New("connection lost")

// ErrClosed is returned by the methods of a Client after Close.
var ErrClosed = errors.New("client closed")

// ErrNotGranted is a subscription that the broker granted with a lower QoS than was asked for.
var ErrNotGranted = errors.New("not granted")

// RefusedError is a CONNECT, SUBSCRIBE or UNSUBSCRIBE that the broker answered with a reason code of 0x80 or more.
type RefusedError struct {
	// Packet is the answer: CONNACK, SUBACK or UNSUBACK.
	Packet string
	// What was refused, such as "connection of client bench-1".
	What string
	// ReasonCode and Reason are the broker's (MQTT 5 section 2.4).
	ReasonCode byte
	Reason     string
	// ServerReference is the server to use instead, if the broker names one (MQTT 5 section 4.13).
	ServerReference string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s refused by the broker: ", e.What) + reasonText(e.ReasonCode, e.Reason, e.ServerReference)
}

func reasonText(code byte, reason, server string) string {
	text := fmt.Sprintf("0x%02x %s", code, ReasonName(code))
	if reason != "" {
		text += " (" + reason + ")"
	}
	if server != "" {
		text += "; it refers to " + server
	}
	return text
}

// ReasonTitle is a reason code as reports show it: "Quota exceeded (0x97)".
func ReasonTitle(code byte) string {
	name := ReasonName(code)
	return fmt.Sprintf("%s%s (0x%02X)", strings.ToUpper(name[:1]), name[1:], code)
}

// ReasonName names a reason code as MQTT 5 section 2.4 does.
func ReasonName(code byte) string {
	if name, ok := reasonNames[code]; ok {
		return name
	}
	return "unknown reason"
}

var reasonNames = map[byte]string{
	0x00: "success",
	0x01: "granted QoS 1",
	0x02: "granted QoS 2",
	0x04: "disconnect with will message",
	0x10: "no matching subscribers",
	0x11: "no subscription existed",
	0x18: "continue authentication",
	0x19: "re-authenticate",
	0x80: "unspecified error",
	0x81: "malformed packet",
	0x82: "protocol error",
	0x83: "implementation specific error",
	0x84: "unsupported protocol version",
	0x85: "client identifier not valid",
	0x86: "bad user name or password",
	0x87: "not authorized",
	0x88: "server unavailable",
	0x89: "server busy",
	0x8a: "banned",
	0x8b: "server shutting down",
	0x8c: "bad authentication method",
	0x8d: "keep alive timeout",
	0x8e: "session taken over",
	0x8f: "topic filter invalid",
	0x90: "topic name invalid",
	0x91: "packet identifier in use",
	0x92: "packet identifier not found",
	0x93: "receive maximum exceeded",
	0x94: "topic alias invalid",
	0x95: "packet too large",
	0x96: "message rate too high",
	0x97: "quota exceeded",
	0x98: "administrative action",
	0x99: "payload format invalid",
	0x9a: "retain not supported",
	0x9b: "QoS not supported",
	0x9c: "use another server",
	0x9d: "server moved",
	0x9e: "shared subscriptions not supported",
	0x9f: "connection rate exceeded",
	0xa0: "maximum connect time",
	0xa1: "subscription identifiers not supported",
	0xa2: "wildcard subscriptions not supported",
}

// DisconnectedError is the DISCONNECT that a broker ended a connection with.
type DisconnectedError struct {
	// ReasonCode and Reason are the broker's (MQTT 5 section 2.4).
	ReasonCode byte
	Reason     string
	// ServerReference is the server to use instead, if the broker names one (MQTT 5 section 4.13).
	ServerReference string
}

func (e *DisconnectedError) Error() string {
	return "disconnected by the broker: " + reasonText(e.ReasonCode, e.Reason, e.ServerReference)
}

func disconnectError(d *paho.Disconnect) error {
	e := &DisconnectedError{ReasonCode: d.ReasonCode}
	if d.Properties != nil {
		e.Reason, e.ServerReference = d.Properties.ReasonString, d.Properties.ServerReference
	}
	return e
}

// explain adds to an error of a connection attempt what its user may have got wrong.
func (s Settings) explain(err error) error {
	var record tls.RecordHeaderError
	var authority x509.UnknownAuthorityError
	switch {
	case errors.As(err, &record):
		return fmt.Errorf("%w (%s)", err, s.Hints.PlainPort)
	case errors.As(err, &authority):
		return fmt.Errorf("%w (%s)", err, s.Hints.Authority)
	case !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET):
		return err
	case s.Transport.QUIC:
		return fmt.Errorf("%w before CONNACK", err)
	case s.secure(): // a broker that refuses a certificate may close before its alert can be read
		return fmt.Errorf("%w (%s Or it takes no client without a certificate, or not with this one.)", err, s.Hints.PlainPort)
	default:
		return fmt.Errorf("%w before CONNACK (%s)", err, s.Hints.TLSPort)
	}
}

func (s Settings) secure() bool { return s.TLS != nil || s.FreshTLS != nil }

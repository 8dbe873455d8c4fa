package conform

import (
	"errors"
	"fmt"
	"time"

	"mqttrace/load/mqtt"
)

// unsupportedError says what the broker does not offer.
type unsupportedError struct{ what string }

func (e *unsupportedError) Error() string { return e.what }

func unsupported(format string, args ...any) error {
	return &unsupportedError{fmt.Sprintf(format, args...)}
}

// refusedError is a reason code of 0x80 or more, in an acknowledgement or a DISCONNECT.
type refusedError struct {
	what   string // was refused: "the message", "the sender's connection"
	code   byte
	reason string // the broker's own words, if any
}

func (e *refusedError) Error() string {
	text := fmt.Sprintf("%s refused with 0x%02x %s", e.what, e.code, mqtt.ReasonName(e.code))
	if e.reason != "" {
		text += " (" + e.reason + ")"
	}
	return text
}

// lostError is a connection that the other side ended without a word.
type lostError struct {
	role role
	err  error
}

func (e *lostError) Error() string {
	return fmt.Sprintf("the %s's connection ended without a DISCONNECT: %v", e.role, e.err)
}
func (e *lostError) Unwrap() error { return e.err }

// lateError is something that did not come in time.
type lateError struct {
	what  string // was waited for: "PUBACK", "message"
	limit time.Duration
}

func (e *lateError) Error() string { return fmt.Sprintf("no %s within %v", e.what, e.limit) }

// unreachableError is a connection that could not be made.
type unreachableError struct{ err error }

func (e *unreachableError) Error() string { return e.err.Error() }
func (e *unreachableError) Unwrap() error { return e.err }

// is tells whether err is, or wraps, an error of type E.
func is[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// errNoSession says that the messages of a session are gone with it.
var errNoSession = errors.New("the broker kept no session: CONNACK says Session Present 0")

package service

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"time"

	"mqttrace/load/mqtt"
)

// passing is an error that may be gone the next time.
type passing struct{ error }

// Attempts are made with a pause that doubles from one of these to the other.
const (
	attemptMin = 100 * time.Millisecond
	attemptMax = 10 * time.Second
)

// insist tries until it succeeds, fails for good, or ctx ends.
func insist[T any](ctx context.Context, try func() (T, error)) (T, error) {
	for pause := attemptMin; ; pause = min(2*pause, attemptMax) {
		result, err := try()
		var again *passing
		if !errors.As(err, &again) {
			return result, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return result, context.Cause(ctx)
		}
	}
}

// isFinal reports whether an error will be the same the next time.
func isFinal(err error) bool {
	var refused *mqtt.RefusedError
	var verification *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var operation *net.OpError
	switch {
	case errors.As(err, &refused):
		return !comesBack[refused.ReasonCode]
	case errors.As(err, &verification), errors.As(err, &record):
		return true
	case errors.As(err, &operation) && operation.Op == "remote error": // a TLS alert, of a type that crypto/tls does not export
		return true
	default:
		return errors.Is(err, mqtt.ErrNotGranted)
	}
}

// comesBack has the reason codes (MQTT 5 section 2.4) of a broker that may say otherwise in a moment.
var comesBack = map[byte]bool{
	0x80: true, // unspecified error
	0x83: true, // implementation specific error
	0x88: true, // server unavailable
	0x89: true, // server busy
	0x8b: true, // server shutting down
	0x91: true, // packet identifier in use: of a message under way in a resumed session, says mochi, which has one map for both directions
	0x97: true, // quota exceeded
	0x9f: true, // connection rate exceeded
}

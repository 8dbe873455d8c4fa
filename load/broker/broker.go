package broker

import (
	"context"
	"errors"
	"time"
)

// ErrNotInstalled is returned by StartMosquitto when there is no mosquitto executable; its text says how to install one.
var ErrNotInstalled = errors.New("mosquitto is not installed")

// Usage is what a broker process has used since it started.
type Usage struct {
	CPU     time.Duration // user and system
	PeakRSS int64         // bytes
	Dropped uint64        // messages dropped because a client's queue was full; the embedded broker alone tells
}

// Broker is a broker process that the harness started and owns. Its methods are safe for concurrent use.
type Broker struct{}

// StartEmbedded starts the embedded broker as a child process of this binary, listening on a free loopback port, and returns
// when it accepts connections. ctx bounds the start, not the broker's life.
func StartEmbedded(ctx context.Context) (*Broker, error) { panic("not written") }

// StartMosquitto starts a local mosquitto the same way.
func StartMosquitto(ctx context.Context) (*Broker, error) { panic("not written") }

package broker

import (
	"context"
	"fmt"
	"net"

	mqtt "github.com/mochi-mqtt/server/v2"

	"mqttrace/load/internal/child"
)

// StartEmbedded starts the embedded broker as a child process of this binary, listening on a free port of 127.0.0.1, and
// returns when it accepts connections. ctx bounds the start, not the broker's life; a start takes 20 s at most. The binary
// must call [RunIfChild].
func StartEmbedded(ctx context.Context) (*Broker, error) { return EmbeddedConfig{}.Start(ctx) }

// Start is StartEmbedded with a configuration. Log is not passed on: the child logs errors to its stderr, see Broker.Log.
func (cfg EmbeddedConfig) Start(ctx context.Context) (*Broker, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	self, err := child.StartSelf[report](childBroker, "embedded broker", cfg)
	if err != nil {
		return nil, err
	}
	b := &Broker{name: "embedded", version: mqtt.Version, process: self.Process, self: self}
	if err := b.awaitHello(ctx); err != nil {
		return nil, fmt.Errorf("start the embedded broker: %w", err)
	}
	cfg.Listen = b.addr
	b.again = cfg.Start
	return b, nil
}

// awaitHello waits for the child to say where it listens, and connects there once.
func (b *Broker) awaitHello(ctx context.Context) error {
	hello, err := b.self.Hello(ctx)
	if err != nil {
		return err
	}
	b.addr, b.url = hello.Addr, hello.URL
	if err := dial(ctx, b.addr); err != nil {
		b.process.Destroy()
		return err
	}
	return nil
}

// dial makes sure that addr accepts connections.
func dial(ctx context.Context, addr string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return conn.Close()
}

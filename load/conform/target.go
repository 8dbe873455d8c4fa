package conform

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"mqttrace/load/broker"
	"mqttrace/load/internal/login"
	"mqttrace/scenarios"
)

// Target is a broker to try. Whoever opened it must Close it.
type Target struct {
	// Name and Version are known of brokers that Open started; Run asks others for them.
	Name, Version string
	// URL is for people; Address is the host:port that is dialled.
	URL, Address string
	// TLS makes connections TLS; nil is plain TCP.
	TLS *tls.Config
	// Username is sent if it is not empty; Password, if it is not nil, is asked at every connect.
	Username string
	Password func() ([]byte, error)

	process *broker.Broker // nil for a broker that somebody else runs
}

// Open starts the broker that b names, or reads what is needed to connect to one that runs already. It connects to none.
func Open(ctx context.Context, b scenarios.Broker) (*Target, error) {
	switch b.Kind {
	case scenarios.Embedded:
		return started(broker.StartEmbedded(ctx))
	case scenarios.Mosquitto:
		return started(broker.StartMosquitto(ctx))
	case scenarios.External:
	default:
		return nil, fmt.Errorf("broker %s: want embedded, mosquitto, or a URL", b.Kind)
	}
	if !strings.HasPrefix(b.URL, "mqtt://") && !strings.HasPrefix(b.URL, "mqtts://") {
		return nil, fmt.Errorf("broker %s: want mqtt:// or mqtts://", b.URL)
	}
	t := &Target{URL: b.URL, Address: b.Address(), Username: b.Username}
	if b.PasswordFile != "" {
		t.Password = func() ([]byte, error) { return login.Password(b.PasswordFile) }
	}
	if b.Secure() {
		config, err := login.TLS(b.TLS, login.Names{CA: "--ca", CertAndKey: "--cert and --key"})
		if err != nil {
			return nil, err
		}
		t.TLS = config
	}
	return t, nil
}

func started(b *broker.Broker, err error) (*Target, error) {
	if err != nil {
		return nil, fmt.Errorf("start the broker: %w", err)
	}
	return &Target{Name: b.Name(), Version: b.Version(), URL: b.URL(), Address: b.Addr(), process: b}, nil
}

// stopTimeout is how long a broker may take to end.
const stopTimeout = 5 * time.Second

// Close stops a broker that Open started.
func (t *Target) Close() error {
	if t.process == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	return t.process.Stop(ctx)
}

// dial makes a TCP or TLS connection.
func (t *Target) dial(ctx context.Context) (net.Conn, error) {
	var dialer net.Dialer
	if t.TLS == nil {
		return dialer.DialContext(ctx, "tcp", t.Address)
	}
	conn, err := (&tls.Dialer{NetDialer: &dialer, Config: t.TLS}).DialContext(ctx, "tcp", t.Address)
	return conn, t.explain(err)
}

// explain adds to an error of a connection attempt what its user may have got wrong.
func (t *Target) explain(err error) error {
	var record tls.RecordHeaderError
	var authority x509.UnknownAuthorityError
	switch {
	case errors.As(err, &record):
		return fmt.Errorf("%w (the broker does not speak TLS there; is the URL mqtt://?)", err)
	case errors.As(err, &authority):
		return fmt.Errorf("%w (--ca names the authority that signed the broker's certificate)", err)
	case t.TLS == nil && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)):
		return fmt.Errorf("%w (does the broker speak MQTT 5 there? if it expects TLS, the URL is mqtts://)", err)
	default:
		return err
	}
}

package envelope

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"mqttrace/load/broker"
	"mqttrace/load/mqtt"
	"mqttrace/propagation"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const limit = 30 * time.Second

func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), limit)
	t.Cleanup(cancel)
	return ctx
}

func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-limited(t).Done():
		require.FailNow(t, "nothing came")
		panic("unreachable")
	}
}

// listener is a broker, in this process or in its own.
type listener interface{ Addr() string }

func embedded(t *testing.T) *broker.Server {
	t.Helper()
	b, err := broker.Listen(broker.EmbeddedConfig{})
	require.NoError(t, err)
	t.Cleanup(b.Close)
	return b
}

// connected returns a client with a connection. What arrives at it is made ready by prepare beforehand.
func connected(t *testing.T, b listener, id string, rejected func(*Arrival, error), prepare func(*Client)) *Client {
	t.Helper()
	c := New(id, propagation.New(), rejected)
	if prepare != nil {
		prepare(c)
	}
	connection, err := mqtt.Connect(limited(t), mqtt.Settings{Address: b.Addr(), ClientID: id, SessionExpiry: time.Hour, Resume: true},
		mqtt.Handlers{Message: c.Deliver})
	require.NoError(t, err)
	c.Attach(connection)
	t.Cleanup(func() {
		c.Close()
		require.NoError(t, connection.Close(context.Background()))
	})
	return c
}

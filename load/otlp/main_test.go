package otlp

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	RunIfChild()
	runIfDoomedParent()
	goleak.VerifyTestMain(m)
}

// testLimit is how long anything here may take before the test that waits for it gives up.
const testLimit = time.Minute

// limited returns a context that ends after testLimit.
func limited(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), testLimit)
	t.Cleanup(cancel)
	return ctx
}

// await returns what comes out of c, or fails the test.
func await[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-limited(t).Done():
		require.FailNow(t, "gave up waiting", what)
		panic("unreachable")
	}
}

// anywhere listens on free ports of the loopback interface until the end of the test.
func anywhere(t *testing.T, h Handler) *Receiver {
	t.Helper()
	return listening(t, Config{Handler: h})
}

func listening(t *testing.T, cfg Config) *Receiver {
	t.Helper()
	cfg.GRPC, cfg.HTTP = "127.0.0.1:0", "127.0.0.1:0"
	r, err := Listen(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return r
}
